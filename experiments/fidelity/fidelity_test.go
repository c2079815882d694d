package fidelity

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

func byName(t *testing.T, scores []Score, level, name string) Score {
	t.Helper()
	for _, s := range scores {
		if s.Level == level && s.Score == name {
			return s
		}
	}
	t.Fatalf("no score %s/%s", level, name)
	return Score{}
}

func compare(t testing.TB, synthetic []*flow.Flow, cfg Config) []Score {
	t.Helper()
	real := simulate(900, 1, web)
	split := Split{Training: real[:600], HeldOut: real[600:]}
	scores, err := Compare(cfg, split, synthetic, map[string][]*flow.Flow{"bootstrap": resample(split.Training, 400, 2)}, rand.NewPCG(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	return scores
}

// TestSameTraffic compares a sample with another of the same source: every score
// has to be near its floor.
func TestSameTraffic(t *testing.T) {
	scores := compare(t, simulate(500, 99, web), Config{Trees: 60, FloorSplits: 4})
	for _, s := range scores {
		if s.Score == recurrentName { // see TestRecurrent
			continue
		}
		hosts := s.Score == "header fields" || s.Score == "sessions" || strings.HasSuffix(s.Score, " recovered") // baselines make none
		if s.Value == nil || s.Floor == nil || s.FloorSpread == nil || s.Baselines["bootstrap"] == nil && !hosts {
			if (s.Level != "load" || s.Floor == nil) && !strings.HasPrefix(s.Note, NotApplicable) && s.Note != "the payloads were not read" {
				t.Errorf("%s %s: value %v, floor %v, note %q", s.Level, s.Score, s.Value, s.Floor, s.Note)
			}
			continue
		}
		t.Logf("%-10s %-28s %.4f floor %.4f +- %.4f n %d %d %s", s.Level, s.Score, *s.Value, *s.Floor, *s.FloorSpread, s.NReal, s.NSynthetic, s.Note)
		if strings.HasSuffix(s.Score, "KS") || strings.HasSuffix(s.Score, "W1/sd") || strings.HasSuffix(s.Score, "JSD bits") {
			if *s.Value > *s.Floor+6**s.FloorSpread+0.06 {
				t.Errorf("%s %s: %.4f, far above its floor %.4f +- %.4f", s.Level, s.Score, *s.Value, *s.Floor, *s.FloorSpread)
			}
		}
		if s.Level == "classifier" && *s.Value > 0.6 {
			t.Errorf("%s: %.3f for the same traffic", s.Score, *s.Value)
		}
	}
}

// TestOtherTraffic checks that each kind of difference shows where it should.
func TestOtherTraffic(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(s *style)
		moved   [][2]string // level, score: far above the floor
		unmoved [][2]string // near it
	}{
		{"slow", func(s *style) { s.gap *= 5 },
			[][2]string{{"packet", "log gap KS"}, {"flow", "duration KS"}, {"flow", "turn time W1/sd"}, {"classifier", "C2ST flow"}, {"classifier", "C2ST window"}},
			[][2]string{{"packet", "length KS"}, {"order", "trigrams JSD bits"}, {"flow", "packets KS"}}},
		{"short answers", func(s *style) { s.payload = 600 },
			[][2]string{{"packet", "length KS"}, {"packet", "payload length W1/sd"}, {"flow", "bytes KS"}, {"classifier", "C2ST flow"}},
			[][2]string{{"packet", "log gap KS"}, {"packet", "flags JSD bits"}, {"flow", "packets KS"}}},
		{"no handshake", func(s *style) { s.handshake = false },
			[][2]string{{"packet", "flags JSD bits"}, {"order", "trigrams JSD bits"}, {"packet", "header length KS"}},
			[][2]string{{"packet", "server port JSD bits"}}},
		{"long flows", func(s *style) { s.requests = 12 },
			[][2]string{{"flow", "packets KS"}, {"published", "NetShare EMD FS"}, {"load", "packets/s KS"}},
			[][2]string{{"packet", "log gap KS"}}},
		{"busy", func(s *style) { s.rate = 8 },
			[][2]string{{"flow", "time between flows KS"}, {"load", "bytes/s KS"}, {"load", "Haar energy"}},
			[][2]string{{"packet", "log gap KS"}, {"flow", "bytes KS"}}},
	} {
		s := web
		test.change(&s)
		scores := compare(t, simulate(500, 99, s), Config{Trees: 15, FloorSplits: 3})
		ratio := func(level, name string) float64 {
			s := byName(t, scores, level, name)
			if s.Value == nil || s.Floor == nil {
				t.Fatalf("%s: %s: no value: %s", test.name, name, s.Note)
			}
			least := 0.01
			if strings.HasSuffix(name, "JSD bits") {
				least = 0.001 // a divergence goes with the square of a difference
			}
			return (*s.Value - *s.Floor) / (*s.FloorSpread + least)
		}
		for _, score := range test.moved {
			if r := ratio(score[0], score[1]); r < 5 {
				t.Errorf("%s: %s is only %.1f spreads above its floor", test.name, score[1], r)
			}
		}
		for _, score := range test.unmoved {
			if r := ratio(score[0], score[1]); r > 5 {
				t.Errorf("%s: %s is %.1f spreads above its floor", test.name, score[1], r)
			}
		}
		if share := byName(t, scores, "order", "handshake share"); test.name == "no handshake" && (*share.Value != 0 || *share.Floor != 1) {
			t.Errorf("handshake share %v, floor %v, want 0 and 1", *share.Value, *share.Floor)
		}
	}
}

func TestCopiedFlows(t *testing.T) {
	real := simulate(900, 1, web)
	split := Split{Training: real[:600], HeldOut: real[600:]}
	scores, err := Compare(Config{Trees: 20}, split, resample(split.Training, 300, 5), nil, rand.NewPCG(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	if s := byName(t, scores, "privacy", "copied flows"); *s.Value != 1 || *s.Floor > 0.05 {
		t.Errorf("copied flows %v, floor %v, want 1 and about 0", *s.Value, *s.Floor)
	}
	if s := byName(t, scores, "privacy", "closest record"); *s.Value != 0 || *s.Floor <= 0 || !strings.HasSuffix(s.Note, " 1.0000") {
		t.Errorf("closest record %v, floor %v, note %q", *s.Value, *s.Floor, s.Note)
	}
}

// TestNoTrainingFlows: without them privacy is not judged, and the rest is.
func TestNoTrainingFlows(t *testing.T) {
	scores, err := Compare(Config{Trees: 5, FloorSplits: 2}, Split{HeldOut: simulate(200, 1, web)}, simulate(100, 2, web), nil, rand.NewPCG(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"copied flows", "closest record"} {
		if s := byName(t, scores, "privacy", name); s.Value != nil || s.Floor != nil || s.Note == "" {
			t.Errorf("%s: value %v, floor %v, note %q", name, s.Value, s.Floor, s.Note)
		}
	}
	if s := byName(t, scores, "packet", "length KS"); s.Value == nil || s.Floor == nil {
		t.Errorf("length KS: %+v", s)
	}
}

// TestDatagrams: flows of two datagrams have no flags, no handshakes and no
// windows of five packets; each such score says why it has no value.
func TestDatagrams(t *testing.T) {
	pairs := func(seed uint64) []*flow.Flow {
		flows := simulate(150, seed, web)
		for _, f := range flows {
			f.Tuple.Proto, f.Application = flow.UDP, flow.DNS
			f.Packets = f.Packets[3:5]
			for i := range f.Packets {
				f.Packets[i].Flags = 0
			}
		}
		return flows
	}
	real := pairs(1)
	scores, err := Compare(Config{Trees: 5, FloorSplits: 2}, Split{real[:75], real[75:]}, pairs(2), nil, rand.NewPCG(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range [][2]string{{"packet", "flags JSD bits"}, {"order", "trigrams JSD bits"}, {"order", "handshake share"}, {"classifier", "C2ST window"}, {"order", "log gap autocorrelation"}} {
		if s := byName(t, scores, name[0], name[1]); s.Value != nil || s.Note == "" {
			t.Errorf("%s: value %v, note %q", name[1], s.Value, s.Note)
		}
	}
	for _, name := range [][2]string{{"packet", "log gap KS"}, {"classifier", "C2ST flow"}, {"flow", "turn time KS"}, {"order", "length autocorrelation"}} {
		if s := byName(t, scores, name[0], name[1]); s.Value == nil || s.Floor == nil {
			t.Errorf("%s: no value: %s", name[1], s.Note)
		}
	}
	if _, err := json.Marshal(scores); err != nil {
		t.Error(err)
	}
}

func TestSameSeedSameScores(t *testing.T) {
	cfg := Config{Trees: 20, FloorSplits: 2}
	synthetic := simulate(200, 3, web)
	a, b := compare(t, synthetic, cfg), compare(t, synthetic, cfg)
	textA, _ := json.Marshal(a)
	textB, _ := json.Marshal(b)
	if string(textA) != string(textB) {
		t.Error("two evaluations with one seed differ")
	}
}

// TestPart: a comparison of many flows says of how many it is.
func TestPart(t *testing.T) {
	scores := compare(t, simulate(500, 99, web), Config{Trees: 5, FloorSplits: 2, MaxFlows: 100})
	for i, m := range measures {
		said := strings.Contains(scores[i].Note, "100 of 300 held-out and 100 of 500 synthetic flows")
		if scores[i].Value != nil && said == m.all {
			t.Errorf("%s: note %q", m.Name, scores[i].Note)
		}
	}
}

// TestPartOfRows: scores of a part of the windows and of the training flows say so.
func TestPartOfRows(t *testing.T) {
	real := simulate(maxNeighbours+200, 1, web)
	scores, err := Compare(Config{Trees: 2, FloorSplits: 2, MaxFlows: 100, MaxWindows: 50}, Split{real[:maxNeighbours+100], real[maxNeighbours+100:]}, simulate(100, 2, web), nil, rand.NewPCG(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	if s := byName(t, scores, "classifier", "C2ST window"); !strings.Contains(s.Note, "on a random part, 50 of ") || !strings.HasSuffix(s.Note, " synthetic windows") {
		t.Errorf("note of the windows: %q", s.Note)
	}
	if s := byName(t, scores, "privacy", "closest record"); !strings.HasSuffix(s.Note, "the closest of 2550 of the 5100 training flows") {
		t.Errorf("note of the closest record: %q", s.Note)
	}
}

func TestFewOrNoFlows(t *testing.T) {
	real := simulate(100, 1, web)
	split := Split{Training: real[:60], HeldOut: real[60:]}
	src := rand.NewPCG(1, 1)
	if _, err := Compare(Config{}, split, nil, nil, src); err == nil || !strings.Contains(err.Error(), "no synthetic flow") {
		t.Errorf("no synthetic flow: %v", err)
	}
	if _, err := Compare(Config{}, Split{Training: real}, real, nil, src); err == nil || !strings.Contains(err.Error(), "no held-out flow") {
		t.Errorf("no held-out flow: %v", err)
	}
	if _, err := Compare(Config{Folds: 1, Trees: -3}, split, real, nil, src); err == nil || strings.Count(err.Error(), "fidelity:") != 2 {
		t.Errorf("bad config: %v, want both problems", err)
	}
	scores, err := Compare(Config{}, split, real[:5], nil, src)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scores {
		if s.Value != nil || s.Note == "" {
			t.Errorf("%s of 5 flows: value %v, note %q", s.Score, s.Value, s.Note)
		}
	}
}

func TestSeveralApplications(t *testing.T) {
	real := simulate(300, 1, web)
	for i, f := range real {
		if i%3 == 0 {
			f.Application = flow.SMTP
		}
	}
	scores, err := Compare(Config{Trees: 5, FloorSplits: 2}, Split{real[:150], real[150:]}, simulate(200, 4, web), nil, rand.NewPCG(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	n := len(measures)
	var names []string
	for i := 0; i < len(scores); i += n {
		names = append(names, scores[i].Application)
	}
	if !reflect.DeepEqual(names, []string{"all", "HTTP", "SMTP"}) {
		t.Errorf("scores of %v, want all, HTTP and SMTP", names)
	}
	if scores[0].Value == nil || scores[n].Value == nil || scores[2*n].Value != nil {
		t.Error("want values for all and HTTP, and none for SMTP, which has no synthetic flow")
	}
}

// TestClaim: all flows of a synthetic capture are scored as what it is meant to be.
func TestClaim(t *testing.T) {
	flows := simulate(30, 1, web)
	if warning := Claim(flows, flow.Applications{flow.HTTP}); warning != nil {
		t.Errorf("flows that are recognised: %v", warning)
	}
	flows[3].Application, flows[9].Application = flow.Unknown, flow.SMTP
	const want = "2 of the 30 synthetic flows are not recognised as HTTP by their ports and first bytes"
	if warning := Claim(flows, flow.Applications{flow.HTTP}); warning == nil || warning.Error() != want {
		t.Errorf("%v, want %s", warning, want)
	}
	if got := (Split{Training: flows}).Applications(); !reflect.DeepEqual(got, []flow.Application{flow.HTTP}) {
		t.Errorf("the flows are of %v, want HTTP alone", got)
	}
}

func TestDefinitions(t *testing.T) {
	seen := map[[2]string]bool{}
	for _, d := range Definitions() {
		if key := [2]string{d.Level, d.Name}; seen[key] {
			t.Errorf("two scores %v", key)
		} else {
			seen[key] = true
		}
		if !strings.HasSuffix(d.Meaning, ".") || d.Kind == "" {
			t.Errorf("%s: kind %q, meaning %q", d.Name, d.Kind, d.Meaning)
		}
	}
}

// BenchmarkCompare is a whole evaluation of 1,000 synthetic flows of some 12
// packets with two baselines.
func BenchmarkCompare(b *testing.B) {
	real := simulate(3000, 1, web)
	split := Split{real[:2000], real[2000:]}
	synthetic := simulate(1000, 2, web)
	baselines := map[string][]*flow.Flow{"bootstrap": resample(split.Training, 1000, 3), "markov": simulate(1000, 4, web)}
	for b.Loop() {
		if _, err := Compare(Config{}, split, synthetic, baselines, rand.NewPCG(1, 1)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "flows/s")
}
