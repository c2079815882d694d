package fidelity

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

// simulateDevices draws n devices at one gateway, each with a level and a
// spreading factor of its own, over some hours.
func simulateDevices(n int, seed uint64, louder float64, skips int) []*flow.Flow {
	rng := rand.New(rand.NewPCG(seed, 13))
	flows := make([]*flow.Flow, n)
	start := int64(1_587_772_800_000_000_000)
	for i := range flows {
		start += int64(rng.ExpFloat64() * 60e9)
		f := &flow.Flow{ID: int64(i), Application: flow.LoRaWAN}
		now, counter := start, uint32(rng.IntN(1<<16))
		factor := uint8(7 + rng.IntN(6))
		mean := -110 + 10*rng.NormFloat64() + louder
		for range 3 + rng.IntN(8) {
			r := &flow.Radio{Gateway: 1, Address: uint32(i + 1), Counter: counter & 0xffff, Port: int16(1 + rng.IntN(2)), MType: 2,
				Frequency: []uint32{868_100_000, 868_300_000, 868_500_000}[rng.IntN(3)], SpreadingFactor: factor, Bandwidth: 125, CodeRate: 5, CRC: 1,
				RSSI: float32(mean + 3*rng.NormFloat64()), SNR: float32(mean/10 + 10 - float64(factor) + 2*rng.NormFloat64())}
			f.Packets = append(f.Packets, flow.Packet{Time: now, Length: int32(17 + rng.IntN(30)), HeaderLength: 9, FlowID: f.ID, Application: f.Application, Radio: r})
			counter += 1 + uint32(rng.IntN(1+skips))
			now += int64(rng.ExpFloat64() * 600e9)
		}
		flows[i] = f
	}
	return flows
}

// TestUplinks: the radio scores are near their floors for the same source and far
// above for another; what is about connections says that it does not apply.
func TestUplinks(t *testing.T) {
	real := simulateDevices(300, 1, 0, 0)
	split := Split{real[:200], real[200:]}
	cfg := Config{Trees: 20, FloorSplits: 3}
	same, err := Compare(cfg, split, simulateDevices(200, 2, 0, 0), nil, rand.NewPCG(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	other, err := Compare(cfg, split, simulateDevices(200, 2, 15, 3), nil, rand.NewPCG(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	radio := 0
	for i, s := range same {
		if s.Level != "radio" && s.Score != "C2ST uplink" && s.Score != "C2ST window" {
			continue
		}
		radio++
		if s.Value == nil || s.Floor == nil {
			t.Errorf("%s: no value: %s", s.Score, s.Note)
			continue
		}
		if *s.Value > *s.Floor+6**s.FloorSpread+0.1 {
			t.Errorf("%s: %.3f for the same source, floor %.3f", s.Score, *s.Value, *s.Floor)
		}
		moved := strings.Contains(s.Score, "SNR") || strings.HasPrefix(s.Score, "RSSI") || s.Score == "counter steps JSD bits" || s.Score == "C2ST uplink" || s.Score == "C2ST window"
		if moved && *other[i].Value < *s.Value+0.1 {
			t.Errorf("%s: %.3f for another source, %.3f for the same", s.Score, *other[i].Value, *s.Value)
		}
	}
	if radio < 20 {
		t.Errorf("%d radio scores", radio)
	}
	for _, name := range [][2]string{{"packet", "flags JSD bits"}, {"packet", "server port JSD bits"}, {"order", "handshake share"}, {"order", "close share"}, {"flow", "turn time KS"}} {
		if s := byName(t, same, name[0], name[1]); s.Value != nil || !strings.HasPrefix(s.Note, NotApplicable) {
			t.Errorf("%s: value %v, note %q", name[1], s.Value, s.Note)
		}
	}
	bare := simulateDevices(200, 3, 0, 0)
	for _, f := range bare {
		for i := range f.Packets {
			f.Packets[i].Radio = nil
		}
	}
	scores, err := Compare(cfg, split, bare, nil, rand.NewPCG(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	if s := byName(t, scores, "radio", "SNR KS"); s.Value != nil || !strings.Contains(s.Note, "no radio metadata") {
		t.Errorf("without metadata: value %v, note %q", s.Value, s.Note)
	}
	if s := byName(t, scores, "classifier", "C2ST window"); s.Value == nil {
		t.Errorf("without metadata, windows are still of lengths and gaps: note %q", s.Note)
	}
}

// Windows see of an uplink what its gateway noted, the levels in quarters of a dB, and
// how far the counter is from the device's uplink before.
func TestWindowFields(t *testing.T) {
	counters := make(map[uint32]uint32)
	for _, row := range []struct {
		name  string
		radio flow.Radio
		want  []float64
	}{
		{"first", flow.Radio{Address: 1, Counter: 9, Frequency: 868_100_000, SpreadingFactor: 7, CodeRate: 5, SNR: 7.2, RSSI: -80}, []float64{7, 868.1, 7.25, -80, 5, firstHeard}},
		{"another device", flow.Radio{Address: 2, Counter: 10, SNR: -7.8}, []float64{0, 0, -7.75, 0, 0, firstHeard}},
		{"next", flow.Radio{Address: 1, Counter: 10, SNR: 7.25}, []float64{0, 0, 7.25, 0, 0, 1}},
		{"repeated", flow.Radio{Address: 1, Counter: 10}, []float64{0, 0, 0, 0, 0, 0}},
		{"begun anew", flow.Radio{Address: 1, Counter: 0}, []float64{0, 0, 0, 0, 0, -1}},
		{"join request", flow.Radio{}, []float64{0, 0, 0, 0, 0, firstHeard}},
		{"another join request", flow.Radio{}, []float64{0, 0, 0, 0, 0, firstHeard}},
	} {
		got := windowFields(nil, &row.radio, counters)
		if len(got) != uplinkFields || !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

func TestStepClass(t *testing.T) {
	for _, row := range []struct {
		before, now uint32
		want        int
	}{{5, 5, 0}, {5, 6, 1}, {5, 8, 3}, {5, 9, 4}, {5, 12, 4}, {5, 13, 5}, {0xffff, 0, 1}, {6, 5, -1}, {40000, 0, 16}, {100, 0, -1}} {
		if got := stepClass(row.before, row.now); got != row.want {
			t.Errorf("%d to %d: class %d, want %d", row.before, row.now, got, row.want)
		}
	}
}

// segments cuts the packets of flows, in time order, into segments of one timeline.
func segments(flows []*flow.Flow, packets int) []*flow.Flow {
	var all []*flow.Flow
	for p := range flow.Packets(flows) {
		if len(all) == 0 || len(all[len(all)-1].Packets) == packets {
			all = append(all, &flow.Flow{ID: int64(len(all)), Application: p.Application, Tuple: flow.FiveTuple{Proto: flow.UDP}})
		}
		last := all[len(all)-1]
		p.FlowID, p.Flags = last.ID, 0
		last.Packets = append(last.Packets, p)
	}
	return all
}

// TestNoFlow: what needs flows has a note, the rest values and floors; the load's
// floor is between parts of the timeline, not between segments taken out of it.
func TestNoFlow(t *testing.T) {
	real := segments(simulate(600, 1, web), 50)
	synthetic := segments(simulate(500, 2, web), 50)
	held := len(real) * 7 / 10
	scores, err := Compare(Config{Trees: 10, FloorSplits: 3, NoFlow: true}, Split{real[:held], real[held:]}, synthetic, nil, rand.NewPCG(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range measures {
		s := scores[i]
		if m.flows || m.uplinks {
			if s.Value != nil || s.Floor != nil || !strings.HasPrefix(s.Note, NotApplicable) {
				t.Errorf("%s: value %v, floor %v, note %q", s.Score, s.Value, s.Floor, s.Note)
			}
			continue
		}
		if (s.Value == nil || s.Floor == nil) && !strings.HasPrefix(s.Note, NotApplicable) && s.Note != "the payloads were not read" {
			t.Errorf("%s: value %v, floor %v, note %q", s.Score, s.Value, s.Floor, s.Note)
		}
	}
	if s := byName(t, scores, "load", "packets/s KS"); *s.Floor > 0.2 || *s.Value > 0.2 {
		t.Errorf("packets/s KS %.3f, floor %.3f: want both below 0.2 for the same source", *s.Value, *s.Floor)
	}
}

// TestOpenFlows counts by hand.
func TestOpenFlows(t *testing.T) {
	at := func(from, to time.Duration) *flow.Flow {
		return &flow.Flow{Packets: []flow.Packet{{Time: int64(from)}, {Time: int64(to)}}}
	}
	s := time.Second
	line := newTimeline([]*flow.Flow{at(0, s/2), at(s/4, 2*s), at(3*s, 9*s)}, 1000)
	for _, test := range []struct {
		what string
		got  distribution
		want map[float64]int64
	}{
		{"open", line.open(int64(5 * s)), map[float64]int64{2: 1, 1: 4}},               // 2 1 1 1 1
		{"start", line.starts(int64(5 * s)), map[float64]int64{2: 1, 1: 1, 0: 3}},      // 2 0 0 1 0
		{"open to the end", line.open(int64(9 * s)), map[float64]int64{2: 1, 1: 8}},    // 2 1 1 1 1 1 1 1 1
		{"open beyond", line.open(int64(12 * s)), map[float64]int64{2: 1, 1: 9, 0: 2}}, // and 1 0 0
	} {
		if want := distributionOf(test.want); !reflect.DeepEqual(test.got, want) {
			t.Errorf("flows that %s in each second: %v, want %v", test.what, test.got, want)
		}
	}
}

// BenchmarkCompareMany is 100,000 synthetic flows against as many real ones.
func BenchmarkCompareMany(b *testing.B) {
	real := simulate(100_000, 1, web)
	split := Split{real[:70_000], real[70_000:]}
	synthetic := simulate(100_000, 2, web)
	baselines := map[string][]*flow.Flow{"bootstrap": resample(split.Training, 20_000, 3), "markov": simulate(20_000, 4, web)}
	for b.Loop() {
		if _, err := Compare(Config{}, split, synthetic, baselines, rand.NewPCG(1, 1)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*100_000/b.Elapsed().Seconds(), "flows/s")
}
