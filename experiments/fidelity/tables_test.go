package fidelity

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// tableRows are n flows of some ten packets, whose gaps follow the ones before them as
// much as persistence says.
func tableRows(n int, seed uint64, persistence float64) []flow.TableRow {
	rng := rand.New(rand.NewPCG(seed, 1))
	rows := make([]flow.TableRow, n)
	at, level := 1000e9, 0.0
	for i := range rows {
		level = persistence*level + math.Sqrt(1-persistence*persistence)*rng.NormFloat64()
		at += math.Exp(level) * 1e9
		packets := int64(5 + rng.IntN(10))
		rows[i] = flow.TableRow{ID: int64(i), Packets: packets, Length: packets * 400, Start: int64(at)}
	}
	return rows
}

func compareTables(t *testing.T, cfg Config, real, synthetic []flow.TableRow) map[string]Score {
	t.Helper()
	scores, err := CompareTables(cfg, "HTTP", real, synthetic, rand.NewPCG(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]Score{}
	for _, s := range scores {
		if s.Value == nil && s.Note == "" {
			t.Errorf("%s: neither value nor note", s.Score)
		}
		byName[s.Score] = s
	}
	return byName
}

// changed is a table with something done to each row.
func changed(rows []flow.TableRow, change func(i int, r *flow.TableRow)) []flow.TableRow {
	out := append([]flow.TableRow(nil), rows...)
	for i := range out {
		change(i, &out[i])
	}
	return out
}

func TestEqualTables(t *testing.T) {
	real := tableRows(800, 1, 0.5)
	for name, s := range compareTables(t, Config{}, real, real) {
		want := 0.0
		if strings.HasPrefix(name, "NeCSTGen cosine") {
			want = 1
		}
		if s.Value == nil || math.Abs(*s.Value-want) > 1e-9 || s.Floor == nil || s.Application != "HTTP" || s.Level != "aggregate" {
			t.Errorf("%s: %+v, want %g and a floor", name, s, want)
		}
	}
}

// TestOtherTables: each kind of difference shows in its scores, and in no others.
func TestOtherTables(t *testing.T) {
	real := tableRows(8000, 1, 0.8)
	inOrder := []string{"time between flows autocorrelation"}
	ofPackets := []string{"packets KS", "packets W1", "log packets W1/sd"}
	ofGaps := []string{"time between flows KS", "time between flows W1", "log time between flows W1/sd"}
	for _, test := range []struct {
		name           string
		synthetic      []flow.TableRow
		moved, unmoved []string
	}{
		{"larger", changed(real, func(_ int, r *flow.TableRow) { r.Packets *= 3 }), ofPackets, append(ofGaps, append(inOrder, "bytes KS")...)},
		{"slower", changed(real, func(_ int, r *flow.TableRow) { r.Start = 16 * r.Start }), append(ofGaps, "flows/s KS"), append(ofPackets, inOrder...)},
		{"no dependence", tableRows(8000, 2, 0), inOrder, append(ofPackets, "time between flows KS")},
		{"fewer bytes", changed(real, func(_ int, r *flow.TableRow) { r.Length /= 4 }), []string{"bytes KS", "log bytes W1/sd"}, append(ofPackets, ofGaps...)},
	} {
		scores := compareTables(t, Config{}, real, test.synthetic)
		spreads := func(name string) float64 {
			s := scores[name]
			if s.Value == nil || s.Floor == nil {
				t.Fatalf("%s: %s: %+v", test.name, name, s)
			}
			return (*s.Value - *s.Floor) / (*s.FloorSpread + 0.05**s.Floor + 1e-6)
		}
		for _, name := range test.moved {
			if n := spreads(name); n < 4 {
				t.Errorf("%s: %s is %.1f spreads above its floor", test.name, name, n)
			}
		}
		for _, name := range test.unmoved {
			if n := spreads(name); n > 4 {
				t.Errorf("%s: %s is %.1f spreads above its floor", test.name, name, n)
			}
		}
	}
}

// TestLackingTables: what one side does not tell has a reason and stops nothing else.
func TestLackingTables(t *testing.T) {
	real := tableRows(200, 1, 0)
	noBytes := changed(real, func(_ int, r *flow.TableRow) { r.Length = 0 })
	if s := compareTables(t, Config{}, real, noBytes); s["bytes KS"].Value != nil || s["packets KS"].Value == nil {
		t.Errorf("without bytes: %+v, %+v", s["bytes KS"], s["packets KS"])
	}
	s := compareTables(t, Config{Lacks: NoStarts}, real, changed(real, func(_ int, r *flow.TableRow) { r.Start = 0 }))
	for name, score := range s {
		needs := strings.Contains(name, "time between") || strings.Contains(name, "flows/s")
		if (score.Value == nil) != needs || needs && score.Note != "one side has no starts of flows" {
			t.Errorf("without starts, %s: %+v", name, score)
		}
	}
	for name, score := range compareTables(t, Config{}, real, real[:19]) {
		if score.Value != nil || !strings.Contains(score.Note, "200 real and 19 synthetic flows: want at least 20") {
			t.Errorf("of 19 flows, %s: %+v", name, score)
		}
	}
	if _, err := CompareTables(Config{}, "HTTP", real, nil, rand.NewPCG(1, 1)); err == nil {
		t.Error("no synthetic flow, and no error")
	}
	if _, err := CompareTables(Config{MinFlows: 1}, "HTTP", real, real, rand.NewPCG(1, 1)); err == nil {
		t.Error("a wrong configuration, and no error")
	}
}

// TestLacks: scores that need what is lacking say so, all others have the values that
// they have otherwise.
func TestLacks(t *testing.T) {
	cfg := Config{Trees: 5, FloorSplits: 2}
	without := cfg
	without.Lacks = NoAddresses | NoStarts
	full, less := compare(t, simulate(300, 9, web), cfg), compare(t, simulate(300, 9, web), without)
	lacking := 0
	for i, m := range measures {
		switch {
		case m.needs&without.Lacks != 0 && !strings.HasPrefix(full[i].Note, NotApplicable):
			lacking++
			if less[i].Value != nil || less[i].Floor != nil || !strings.HasPrefix(less[i].Note, "one side has no ") {
				t.Errorf("%s: %+v", m.Name, less[i])
			}
		case full[i].Value != nil && (less[i].Value == nil || *less[i].Value != *full[i].Value):
			t.Errorf("%s: %v, want %v", m.Name, less[i].Value, *full[i].Value)
		}
	}
	if lacking < 20 {
		t.Errorf("%d scores need addresses or starts, want all of the load and ports", lacking)
	}
	flows := simulate(3, 1, web)
	(NoFlags | NoPadding).Remove(flows)
	for _, f := range flows {
		for _, p := range f.Packets {
			if p.Flags != 0 || p.PayloadLength != p.Length-p.HeaderLength {
				t.Fatalf("%+v has flags or padding", p)
			}
		}
	}
}
