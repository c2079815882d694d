package generator_test

import (
	"context"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
)

var kinds = []string{generator.KindSampled, generator.KindPaper, generator.KindMarkov, generator.KindBootstrap}

// trained is a fitted generator under test.
type trained struct {
	generator.Generator
	kind   string
	copies bool // the generator repeats training packets
}

// eachKind fits every kind of generator on the Go backend and runs the conformance
// suite, then test.
func eachKind(t *testing.T, cfg generator.Config, flows []*flow.Flow, test func(t *testing.T, g trained)) {
	b := devicetest.Go(t)
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			copies := kind == generator.KindBootstrap
			if !copies && kind != generator.KindMarkov && testing.Short() {
				t.Skip("skipped in short mode: trains on the Go backend")
			}
			g, err := generator.Fit(context.Background(), b, kind, cfg, flows, generator.Observer{})
			if err != nil {
				t.Fatal(err)
			}
			gentest.Test(t, g, func(dir string) (generator.Generator, error) { return generator.Load(b, kind, dir) })
			test(t, trained{g, kind, copies})
		})
	}
}

// tiny is a configuration for what is tested by laws alone.
func tiny() generator.Config {
	cfg := small()
	cfg.Network.Fit.Epochs, cfg.Window.Fit.Epochs, cfg.VAE.Train.Epochs = 2, 1, 1
	return cfg
}

func flowsOf(t *testing.T, g generator.Generator, r generator.Request) []*flow.Flow {
	t.Helper()
	var flows []*flow.Flow
	for f, err := range g.Flows(context.Background(), r) {
		if err != nil {
			t.Fatal(err)
		}
		flows = append(flows, f)
	}
	return flows
}

// report fails the test for the first problems, which are like the others.
func report(t *testing.T, problems []error) {
	t.Helper()
	for i, problem := range problems {
		if i == 5 {
			t.Errorf("and %d more", len(problems)-i)
			return
		}
		t.Error(problem)
	}
}

const later = int64(1_800_000_000_000_000_000)

// Devices of a LoRaWAN gateway, each a flow: in an hour most last for much of it.
func TestUplinks(t *testing.T) {
	for _, over := range []time.Duration{time.Hour, 24 * time.Hour} {
		t.Run(over.String(), func(t *testing.T) {
			flows := gentest.Uplinks(60, over, rand.NewPCG(2, 2))
			cfg := tiny()
			cfg.Variant = feature.LoRaWAN
			eachKind(t, cfg, flows, func(t *testing.T, g trained) {
				made := flowsOf(t, g, generator.Request{Flows: 50, Seed: 4, Start: later})
				report(t, gentest.CheckUplinks(flows, made, g.copies, true))
				if level, ok := g.Generator.(generator.PacketLevel); ok {
					testPacketLevel(t, level)
				}
			})
		})
	}
}

// What a LoRaWAN gateway hears, without flows.
func TestUplinkTimeline(t *testing.T) {
	segments, err := generator.Segments(gentest.Uplinks(60, 24*time.Hour, rand.NewPCG(2, 2)), 16)
	if err != nil {
		t.Fatal(err)
	}
	cfg := tiny()
	cfg.Variant, cfg.NoFlow = feature.LoRaWAN, true
	eachKind(t, cfg, segments, func(t *testing.T, g trained) {
		made := flowsOf(t, g, generator.Request{Flows: 50, Seed: 4, Start: later})
		report(t, gentest.CheckUplinks(segments, made, g.copies, false))
		report(t, gentest.CheckTimeline(made))
		devices := make(map[string]bool)
		for _, f := range made {
			for i := range f.Packets {
				devices[f.Packets[i].Radio.Device()] = true
			}
		}
		if len(devices) < 8 {
			t.Errorf("%d devices among 800 uplinks, want at least 8 of the training's 60", len(devices))
		}
	})
}

// One timeline of TCP packets, without flows: bounded by segments and by time, and
// at other rates.
func TestTimeline(t *testing.T) {
	segments, err := generator.Segments(gentest.Flows(60, rand.NewPCG(1, 1)), 16)
	if err != nil {
		t.Fatal(err)
	}
	cfg := tiny()
	cfg.NoFlow = true
	eachKind(t, cfg, segments, func(t *testing.T, g trained) {
		request := generator.Request{Flows: 60, Seed: 4, Start: later}
		made := flowsOf(t, g, request)
		report(t, gentest.CheckTimeline(made))
		span := func(flows []*flow.Flow) time.Duration {
			last := flows[len(flows)-1].Packets
			return time.Duration(last[len(last)-1].Time - later)
		}
		request.RateFactor = 4
		if fast, slow := span(flowsOf(t, g, request)), span(made); math.Abs(4*float64(fast)-float64(slow)) > 1e-3*float64(slow) {
			t.Errorf("at four times the rate the same packets take %v, at the training's %v", fast, slow)
		}
		bounded := generator.Request{Duration: span(made) / 3, Seed: 5, Start: later}
		cut := flowsOf(t, g, bounded)
		if took := span(cut); took > bounded.Duration || took < bounded.Duration/2 {
			t.Errorf("a request for %v of packets got %v", bounded.Duration, took)
		}
	})
}

// testPacketLevel checks the laws of packets drawn from labels.
func testPacketLevel(t *testing.T, level generator.PacketLevel) {
	t.Helper()
	src := rand.NewPCG(7, 7)
	chain, err := level.ChainLabels(300, src)
	if err != nil {
		t.Fatal(err)
	}
	for name, labels := range map[string][]int{"observed": level.ObservedLabels(), "chain": chain, "by hand": {0, level.LabelCount() - 1, 0}} {
		made, err := level.Packets(labels, later, src)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		rows, columns := made.Rows.Dims()
		if rows != len(labels) || columns != len(made.Columns) || len(made.Packets) != rows {
			t.Fatalf("%s: [%d, %d] rows and %d packets of %d labels and %d columns", name, rows, columns, len(made.Packets), len(labels), len(made.Columns))
		}
		last := later
		for i := range made.Packets {
			p := &made.Packets[i]
			if p.Time < last || p.Length < p.HeaderLength+p.PayloadLength || p.HeaderLength < 0 || p.PayloadLength < 0 {
				t.Errorf("%s: packet %d at %d after %d: %d bytes with header %d and payload %d", name, i, p.Time, last, p.Length, p.HeaderLength, p.PayloadLength)
			}
			last = p.Time
			for j, column := range made.Columns {
				if column == "length_total" && made.Rows.At(i, j) != float64(p.Length) {
					t.Errorf("%s: packet %d: length %d, its row has %v", name, i, p.Length, made.Rows.At(i, j))
				}
			}
		}
	}
	if len(chain) != 300 {
		t.Errorf("%d labels of the chain, want 300", len(chain))
	}
	if _, err := level.Packets([]int{0, level.LabelCount()}, later, src); err == nil || !strings.Contains(err.Error(), "want 0 to") {
		t.Errorf("an unknown label gave %v, want an error with the range", err)
	}
	if _, err := level.Packets(nil, later, src); err == nil {
		t.Error("no labels gave no error")
	}
	if _, err := level.ChainLabels(0, src); err == nil {
		t.Error("no labels were drawn from the chain")
	}
}

// Points come from the component that the label names, whatever stands beside it.
func TestPacketLevelFollowsLabels(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: trains on the Go backend")
	}
	g, err := generator.Fit(context.Background(), devicetest.Go(t), generator.KindPaper, tiny(), gentest.Flows(60, rand.NewPCG(1, 1)), generator.Observer{})
	if err != nil {
		t.Fatal(err)
	}
	level := g.(generator.PacketLevel)
	testPacketLevel(t, level)
	latent := level.Latent()
	if len(latent.Means) != level.LabelCount() || len(latent.Points) == 0 {
		t.Fatalf("a latent sample of %d means and %d points for %d labels", len(latent.Means), len(latent.Points), level.LabelCount())
	}
	for label, mean := range latent.Means {
		labels := make([]int, 2000)
		for i := range labels {
			labels[i] = label
		}
		made, err := level.Packets(labels, 0, rand.NewPCG(9, uint64(label)))
		if err != nil {
			t.Fatal(err)
		}
		for j, want := range mean {
			sum := 0.0
			for i := range labels {
				sum += made.Points.At(i, j)
			}
			deviation := math.Sqrt(latent.Covariances[label][j][j])
			if got := sum / float64(len(labels)); math.Abs(got-want) > 5*deviation/math.Sqrt(float64(len(labels)))+1e-9 {
				t.Errorf("label %d: mean of coordinate %d is %v, want %v", label, j, got, want)
			}
		}
	}
}

// The paper's generator keeps to a request's duration and rate.
func TestPaperRequest(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: trains on the Go backend")
	}
	g, err := generator.Fit(context.Background(), devicetest.Go(t), generator.KindPaper, tiny(), gentest.Flows(60, rand.NewPCG(1, 1)), generator.Observer{})
	if err != nil {
		t.Fatal(err)
	}
	all := flowsOf(t, g, generator.Request{Flows: 400, Seed: 4, Start: later})
	span := time.Duration(all[len(all)-1].Start() - later)
	for _, factor := range []float64{1, 2} {
		made := flowsOf(t, g, generator.Request{Duration: span, RateFactor: factor, Seed: 4, Start: later})
		if want := 400 * factor; math.Abs(float64(len(made))-want) > want/4 {
			t.Errorf("rate factor %v: %d flows in %v, want about %v", factor, len(made), span, want)
		}
		if last := time.Duration(made[len(made)-1].Start() - later); last > span {
			t.Errorf("rate factor %v: the last flow starts after %v, want %v at most", factor, last, span)
		}
	}
}

func TestReadLabels(t *testing.T) {
	for _, row := range []struct {
		name, text string
		want       []int
		wrong      string
	}{
		{"lines and commas", "0 1,2\n\n3\t4 # the end\r\n", []int{0, 1, 2, 3, 4}, ""},
		{"none", "# nothing\n", nil, "no labels"},
		{"negative", "1\n-2\n", nil, "labels.txt:2"},
		{"no number", "1 SYN\n", nil, `"SYN"`},
		{"a fraction", "1.5", nil, `"1.5"`},
	} {
		got, err := generator.ReadLabels(strings.NewReader(row.text), "labels.txt")
		if row.wrong == "" && (err != nil || !reflect.DeepEqual(got, row.want)) || row.wrong != "" && (err == nil || !strings.Contains(err.Error(), row.wrong)) {
			t.Errorf("%s: %v, %v; want %v, error with %q", row.name, got, err, row.want, row.wrong)
		}
	}
}

// Segments hold every packet once, in time order.
func TestSegments(t *testing.T) {
	flows := gentest.Flows(30, rand.NewPCG(1, 1))
	packets := 0
	for _, f := range flows {
		packets += len(f.Packets)
	}
	segments, err := generator.Segments(flows, 32)
	if err != nil {
		t.Fatal(err)
	}
	report(t, gentest.CheckTimeline(segments))
	for i, f := range segments {
		if packets -= len(f.Packets); len(f.Packets) != 32 && i < len(segments)-1 {
			t.Errorf("segment %d has %d packets, want 32", i, len(f.Packets))
		}
	}
	if packets != 0 {
		t.Errorf("%d packets more in the flows than in the segments", packets)
	}
	if _, err := generator.Segments(flows, 1); err == nil {
		t.Error("segments of one packet were made")
	}
	cfg := tiny()
	cfg.NoFlow = true
	if _, err := generator.Fit(context.Background(), nil, generator.KindMarkov, cfg, flows, generator.Observer{}); err == nil || !strings.Contains(err.Error(), "Segments") {
		t.Errorf("overlapping flows as segments gave %v, want an error that names Segments", err)
	}
}

// A downlink that the gateway heard of another does no harm among uplinks.
func TestStrayDownlink(t *testing.T) {
	uplinks := gentest.Uplinks(40, 24*time.Hour, rand.NewPCG(2, 2))
	stray := &flow.Flow{Application: flow.LoRaWAN, Packets: []flow.Packet{{Time: uplinks[3].Start(), Length: 12, HeaderLength: 9, Application: flow.LoRaWAN}}}
	mixed := slices.Insert(slices.Clone(uplinks), 4, stray)
	segments, err := generator.Segments(mixed, 16)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range segments {
		for j := range f.Packets {
			if f.Packets[j].Radio == nil {
				t.Errorf("segment %d, packet %d: no radio fields", i, j)
			}
		}
	}
	if testing.Short() {
		t.Skip("skipped in short mode: trains on the Go backend")
	}
	cfg := tiny()
	cfg.Variant = feature.LoRaWAN
	var warnings []string
	o := generator.Observer{Warn: func(err error) { warnings = append(warnings, err.Error()) }}
	if _, err := generator.Fit(context.Background(), devicetest.Go(t), generator.KindPaper, cfg, mixed, o); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(warnings, "\n"), "1 flows among LoRaWAN uplinks") {
		t.Errorf("warnings %q, want one of the flow that is left out", warnings)
	}
}

func TestFitRefusesMixedPackets(t *testing.T) {
	uplinks, connections := gentest.Uplinks(30, 24*time.Hour, rand.NewPCG(2, 2)), gentest.Flows(30, rand.NewPCG(1, 1))
	lora := tiny()
	lora.Variant = feature.LoRaWAN
	for _, row := range []struct {
		name, want string
		cfg        generator.Config
		flows      []*flow.Flow
	}{
		{"both", "want one kind", lora, append(uplinks[:15:15], connections...)},
		{"uplinks as packets", `want the features of variant "lorawan"`, tiny(), uplinks},
		{"packets as uplinks", "no LoRaWAN uplinks", lora, connections},
	} {
		_, err := generator.Fit(context.Background(), devicetest.Go(t), generator.KindSampled, row.cfg, row.flows, generator.Observer{})
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want an error with %q", row.name, err, row.want)
		}
	}
}

func FuzzReadLabels(f *testing.F) {
	for _, text := range []string{"0 1,2 # three\n4", "-1", "1\n\n\n2x", "99999999999999999999"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		labels, err := generator.ReadLabels(strings.NewReader(text), "labels.txt")
		if (err == nil) != (len(labels) > 0) {
			t.Errorf("%d labels with error %v", len(labels), err)
		}
		for _, label := range labels {
			if label < 0 {
				t.Errorf("label %d", label)
			}
		}
	})
}
