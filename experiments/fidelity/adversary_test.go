package fidelity

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// judge is what each adversary that applies says of two captures.
func judge(t *testing.T, real, synthetic []*flow.Flow) map[string]result {
	t.Helper()
	c := &comparison{cfg: Config{MaxWindows: 1200, Trees: 40}.withDefaults(), real: newSample(real, 1000), synthetic: newSample(synthetic, 1000),
		whole: newTimeline(real, 1000), generated: newTimeline(synthetic, 1000), seed: 7}
	c.pair()
	found := map[string]result{}
	for _, m := range classifierMeasures() {
		if m.Name == recurrentName { // see TestRecurrent
			continue
		}
		if r := m.of(c); m.Name != "C2ST uplink" {
			if r.value != r.value {
				t.Fatalf("%s: %s", m.Name, r.note)
			}
			found[m.Name] = r
		}
	}
	return found
}

// TestAdversaries shows each adversary captures that are wrong in one way: those that
// should see it do, name it, and the others say no more than of the same traffic.
func TestAdversaries(t *testing.T) {
	packets := func(change func(f *flow.Flow)) func([]*flow.Flow) {
		return func(flows []*flow.Flow) {
			for _, f := range flows {
				change(f)
			}
		}
	}
	for _, test := range []struct {
		name   string
		change func(flows []*flow.Flow)
		see    []string // AUC above 0.75
		by     string   // which the first of them names
		blind  []string // AUC up to 0.6
	}{
		{"nothing", func([]*flow.Flow) {}, nil, "",
			[]string{"C2ST flow", "C2ST window", "boosted flow", "boosted window", "gaps", "first packets", "header fields", "sessions"}},
		{"one receive window", packets(func(f *flow.Flow) {
			for i := range f.Packets {
				f.Packets[i].Window = 501
			}
		}), []string{"header fields"}, "receive window",
			[]string{"C2ST flow", "C2ST window", "boosted flow", "boosted window", "gaps", "first packets", "sessions"}},
		{"steady gaps", packets(func(f *flow.Flow) {
			span, last := f.Duration(), int64(len(f.Packets)-1)
			for i := range f.Packets {
				f.Packets[i].Time = f.Packets[0].Time + int64(span)*int64(i)/last/1000*1000
			}
		}), []string{"gaps", "first packets", "boosted flow", "boosted window"}, "of gaps",
			[]string{"header fields", "sessions"}},
		{"answers before requests", packets(func(f *flow.Flow) {
			for i := 3; i+1 < len(f.Packets)-3; i += 2 {
				a, b := &f.Packets[i], &f.Packets[i+1]
				a.Direction, b.Direction = b.Direction, a.Direction
				a.Length, b.Length = b.Length, a.Length
				a.PayloadLength, b.PayloadLength = b.PayloadLength, a.PayloadLength
			}
		}), []string{"first packets", "C2ST window", "boosted window"}, "packet",
			[]string{"C2ST flow", "sessions"}},
		{"short answers", packets(func(f *flow.Flow) {
			for i := range f.Packets {
				if p := &f.Packets[i]; p.PayloadLength > 600 {
					p.Length -= p.PayloadLength - 600
					p.PayloadLength = 600
				}
			}
		}), []string{"boosted flow", "C2ST flow"}, "length",
			[]string{"gaps", "header fields"}},
		{"clients that never come back", func(flows []*flow.Flow) {
			for i, f := range flows {
				f.Tuple.Src = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), f.Tuple.Src.Port())
			}
		}, []string{"sessions"}, "", []string{"C2ST flow", "boosted flow", "gaps", "first packets", "header fields"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synthetic := simulate(400, 99, web)
			test.change(synthetic)
			found := judge(t, simulate(400, 1, web), synthetic)
			for i, name := range test.see {
				r := found[name]
				if r.value < 0.75 || r.interval()[0] < 0.65 {
					t.Errorf("%s: AUC %.3f in %.3f, want it to see this", name, r.value, r.interval())
				}
				if i == 0 && !slices.ContainsFunc(r.looksAt, func(column string) bool { return strings.Contains(column, test.by) }) {
					t.Errorf("%s looks at %q, want %q", name, r.looksAt, test.by)
				}
			}
			for _, name := range test.blind {
				if r := found[name]; r.value > 0.6 {
					t.Errorf("%s: AUC %.3f by %q, want nothing to see", name, r.value, r.looksAt)
				}
			}
		})
	}
}

// TestColumns: each value that an adversary sees has a name.
func TestColumns(t *testing.T) {
	s := newSample(simulate(20, 3, web), 1000)
	for _, a := range adversaries() {
		rows := a.rows(s)
		if a.uplinks {
			continue // of TCP there are none
		}
		columns := a.columns
		if columns == nil {
			columns = packetColumns(windowPackets, windowFieldNames[:5])
		}
		if len(rows) == 0 || len(rows[0].values) != len(columns) {
			t.Errorf("%s: %d rows, %d values, %d names", a.name, len(rows), len(rows[0].values), len(columns))
		}
	}
	if len(uplinkRows(newSample(simulateDevices(5, 1, 0, 0), 1000))[0].values) != len(uplinkColumns) {
		t.Error("the columns of uplinks do not have one name each")
	}
}
