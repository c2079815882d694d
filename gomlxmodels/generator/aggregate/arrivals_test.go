package aggregate

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// embedded returns the flows of an application of the embedded capture.
func embedded(t *testing.T, app flow.Application) []*flow.Flow {
	t.Helper()
	data, err := trace.Open(t.Context(), []string{"testbed"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	flows, _, err := flow.Collect((&flow.Assembler{Only: flow.Applications{app}}).Flows(data.Packets(t.Context(), trace.Selection{Applications: flow.Applications{app}})))
	if err != nil {
		t.Fatal(err)
	}
	return withBefore(flows)
}

// TestSerialDependence: flows follow each other as the original's do. The autocorrelation
// of log10 of inter-flow times may differ by as much as that of the original's halves
// from each other, or by the standard error of as many independent ones, of which three
// are allowed.
func TestSerialDependence(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: fits mixtures to 2,000 rows")
	}
	for _, app := range []flow.Application{flow.HTTP, flow.SNMP} {
		flows := embedded(t, app)
		var real []float64
		for _, f := range flows[1:] {
			real = append(real, float64(f.Start()-f.Before)/1e9)
		}
		half := len(real) / 2
		want, first, second := correlation(real), correlation(real[:half]), correlation(real[half:])
		for _, c := range []Columns{Summary, PacketsAndGap} {
			m, err := Fit(context.Background(), c, flows, 0, 1)
			if err != nil {
				t.Fatal(err)
			}
			var got [3]float64
			var gaps []float64
			const draws = 5
			for seed := uint64(1); seed <= draws; seed++ {
				var drawn []float64
				for row, err := range m.Draw(context.Background(), generator.Request{Flows: len(flows), Seed: seed}) {
					if err != nil {
						t.Fatal(err)
					}
					drawn = append(drawn, row.Gap)
				}
				for lag, r := range correlation(drawn[1:])[:len(got)] {
					got[lag] += r / draws
				}
				gaps = append(gaps, drawn[1:]...)
			}
			t.Logf("%v, %s: autocorrelation %.3f, the original's %.3f, its halves %.3f and %.3f; KS of gaps %.3f", app, c, got, want[:3], first[:3], second[:3], ks(real, gaps))
			for lag, r := range got {
				if most := max(math.Abs(first[lag]-second[lag]), 3/math.Sqrt(float64(len(real)))); math.Abs(r-want[lag]) > most {
					t.Errorf("%v, %s: autocorrelation %.3f at lag %d, want %.3f to %.3f", app, c, r, lag+1, want[lag], most)
				}
			}
			if distance := ks(real, gaps); distance > 0.06 {
				t.Errorf("%v, %s: KS of inter-flow times %.3f, want at most 0.06", app, c, distance)
			}
		}
	}
}

// TestLabelsKeepTheirShares: both chains have a say in the labels, and yet these come as
// often as in training.
func TestLabelsKeepTheirShares(t *testing.T) {
	m := fittedBursts(t, bursts(1000, 1))
	rows, row := m.Rows.draws(rand.NewPCG(9, 9)), []float64(nil)
	counts := make([]float64, len(m.Rows.Weights))
	const draws = 20000
	for range draws {
		var k int
		row, k = rows.next(row)
		counts[k]++
	}
	for k, n := range counts {
		if math.Abs(n/draws-m.Rows.Weights[k]) > 0.03 {
			t.Errorf("label %d comes in %.3f of the draws, in training in %.3f of the flows", k, n/draws, m.Rows.Weights[k])
		}
	}
}

// TestFollowed: a schedule's summaries are the latents, and what a table does not say is
// that of a drawn flow of its size.
func TestFollowed(t *testing.T) {
	flows := withBefore(bursts(600, 3))
	m := fittedBursts(t, flows)
	x := Summaries(flows)
	s := &generator.Schedule{}
	for i, f := range flows[:50] {
		one := generator.ScheduledFlow{After: f.Start() - flows[0].Start(), Packets: int64(len(f.Packets)), Payload: -1, Summary: x.RawRowView(i)[:LatentWidth]}
		switch {
		case i%3 == 1: // packets alone
			one.Summary = nil
		case i%3 == 2:
			one.Summary, one.Payload = nil, 100*one.Packets
		}
		s.Flows = append(s.Flows, one)
	}
	for i, p := range drawSpecs(t, m, generator.Request{Seed: 5, Start: 7, Schedule: s}) {
		want := s.Flows[i]
		if p.Start != 7+want.After || p.Packets != want.Packets || m.Packets(p) != want.Packets {
			t.Errorf("spec %d: %d packets at %d, want %d at %d", i, p.Packets, p.Start, want.Packets, 7+want.After)
		}
		totals := m.Targets(p.Latent)
		payload := math.Pow(10, totals[logForward]) + math.Pow(10, totals[logBackward]) - 2
		if packets := math.Pow(10, totals[logPackets]); math.Abs(packets-float64(want.Packets)) > 0.01 {
			t.Errorf("spec %d: a latent of %.2f packets, want %d", i, packets, want.Packets)
		}
		// Each packet of these flows has 100 bytes, so does each of a drawn one, about.
		if all := float64(100 * want.Packets); math.Abs(payload-all) > 0.1*all+110 {
			t.Errorf("spec %d: a latent of %.0f bytes, want about %.0f", i, payload, all)
		}
	}
}

// TestPart: of flows of which the first packets are at hand, whole ones are drawn, of a
// given number of packets.
func TestPart(t *testing.T) {
	flows := bursts(300, 4)
	longest := 0
	for _, f := range flows {
		longest = max(longest, len(f.Packets))
		f.Packets = f.Packets[:(len(f.Packets)+1)/2]
	}
	m, err := Fit(context.Background(), Summary, withBefore(flows), 0.5, 1)
	if err != nil {
		t.Fatal(err)
	}
	most := int64(0)
	for _, s := range drawSpecs(t, m, generator.Request{Flows: 400, Seed: 1}) {
		if s.Packets < 2 {
			t.Errorf("a flow of %d packets, the shortest has two", s.Packets)
		}
		most = max(most, s.Packets)
	}
	if most < int64(longest)-1 || most > int64(longest)+1 {
		t.Errorf("the longest flow has %d packets, want %d", most, longest)
	}
}
