package fidelity

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// membersOf returns the scores of both attacks: area and members found.
func membersOf(t *testing.T, split Split, synthetic []*flow.Flow, seed uint64) (scores [attacks][2]result, r *reference) {
	t.Helper()
	r = newReference(Config{}.withDefaults(), split)
	r.seed = seed
	m := r.subjects().attackWith(synthetic, rand.NewPCG(seed, 1))
	for a := range attacks {
		for rate := range 2 {
			if scores[a][rate] = m.result(a, rate, ""); math.IsNaN(scores[a][rate].value) {
				t.Fatalf("%s: %s", attackNames[a], scores[a][rate].note)
			}
		}
	}
	return scores, r
}

// TestMembership attacks captures that give their training flows away, in part or not at
// all. Floors are those of no leak.
func TestMembership(t *testing.T) {
	for seed := range uint64(3) {
		real := simulate(1500, seed+1, web)
		split := Split{Training: real[:900], HeldOut: real[900:]}
		for _, test := range []struct {
			name             string
			synthetic        []*flow.Flow
			least, most      [attacks]float64 // of the area
			found, mostFound [attacks]float64
		}{
			{"other flows of the same kind", simulate(900, seed+50, web), [attacks]float64{0.4, 0.4}, [attacks]float64{0.58, 0.58}, [attacks]float64{0, 0}, [attacks]float64{0.06, 0.06}},
			{"the training flows", split.Training, [attacks]float64{0.99, 0.9}, [attacks]float64{1, 1}, [attacks]float64{0.99, 0.5}, [attacks]float64{1, 1}},
			{"training flows drawn with replacement", resample(split.Training, 900, seed), [attacks]float64{0.75, 0.7}, [attacks]float64{0.9, 0.9}, [attacks]float64{0.5, 0.3}, [attacks]float64{0.75, 0.75}},
			{"the other real flows", split.HeldOut, [attacks]float64{0, 0}, [attacks]float64{0.01, 0.1}, [attacks]float64{0, 0}, [attacks]float64{0, 0.01}},
		} {
			scores, r := membersOf(t, split, test.synthetic, seed)
			for a := range attacks {
				area, found := scores[a][0], scores[a][1]
				if area.value < test.least[a] || area.value > test.most[a] || found.value < test.found[a] || found.value > test.mostFound[a] {
					t.Errorf("%s by %s: area %.3f, found %.3f", test.name, attackNames[a], area.value, found.value)
				}
				for _, s := range scores[a] {
					if i := s.interval(); i[0] > s.value || i[1] < s.value || i[1]-i[0] > 0.2 {
						t.Errorf("%s by %s: %.3f in %v", test.name, attackNames[a], s.value, i)
					}
				}
				floor, spread := r.membershipFloor(a, 0)
				foundFloor, _ := r.membershipFloor(a, 1)
				if math.Abs(floor-0.5) > 0.06 || spread <= 0 || spread > 0.05 || foundFloor > 0.05 {
					t.Errorf("floor by %s: %.3f +- %.3f, found %.3f", attackNames[a], floor, spread, foundFloor)
				}
			}
		}
	}
}

// TestMembershipOfOtherKind: where training flows differ from held-out ones in kind, an
// attacker tells them without any leak, and the floor says so.
func TestMembershipOfOtherKind(t *testing.T) {
	slow := web
	slow.gap *= 5
	split := Split{Training: simulate(900, 1, web), HeldOut: simulate(400, 2, slow)}
	scores, r := membersOf(t, split, simulate(900, 3, web), 1)
	floor, spread := r.membershipFloor(byDistance, 0)
	if v := scores[byDistance][0].value; v < 0.9 || floor < 0.9 || v > floor+4*spread+0.02 {
		t.Errorf("area %.3f, floor %.3f +- %.3f, want both high and alike", v, floor, spread)
	}
}

// TestFewSubjects: of few flows the members found say what they stand for, and of fewer
// nothing is said.
func TestFewSubjects(t *testing.T) {
	real := simulate(120, 1, web)
	scores, _ := membersOf(t, Split{real[:70], real[70:]}, simulate(60, 2, web), 1)
	if note := scores[byDistance][1].note; !strings.Contains(note, "34 training and 34 held-out flows attacked; of so few no other flow at all") {
		t.Errorf("note %q", note)
	}
	r := newReference(Config{}.withDefaults(), Split{real[:15], real[15:]})
	m := r.subjects().attackWith(real[:40], rand.NewPCG(1, 1)).result(byDistance, 0, "")
	if !math.IsNaN(m.value) || m.note != "15 training and 105 held-out flows: want at least 20 and 10" {
		t.Errorf("%v, note %q", m.value, m.note)
	}
	if floor, _ := r.membershipFloor(byLikelihood, 1); !math.IsNaN(floor) {
		t.Errorf("floor %v of too few flows", floor)
	}
}

// talk makes a flow of packets with as much payload, from the server where it is negative.
func talk(payloads ...int32) *flow.Flow {
	f := new(flow.Flow)
	for _, n := range payloads {
		p := flow.Packet{PayloadLength: n}
		if n < 0 {
			p.PayloadLength, p.Direction = -n, flow.Backward
		}
		f.Packets = append(f.Packets, p)
	}
	return f
}

// TestMessageChain: what was seen is likelier than what was not, and without any flow each
// message is as likely as any other.
func TestMessageChain(t *testing.T) {
	one, other := talk(100, -1000, -500, 0, 100, -20), talk(101, -1000, -500, 100, -20)
	c := newMessageChain([]*flow.Flow{one, one, one})
	if seen, unseen := c.logLikelihood(one), c.logLikelihood(other); seen <= unseen || seen > 0 {
		t.Errorf("log likelihood %.3f of what was seen, %.3f of what was not", seen, unseen)
	}
	if empty := newMessageChain(nil).logLikelihood(one); math.Abs(empty+math.Log(chainSymbols)) > 1e-12 {
		t.Errorf("log likelihood %v without any flow, want that of a guess", empty)
	}
	var messages int
	walkMessages(one, func(_ *[chainOrder + 1]uint64, _ uint64) { messages++ })
	if messages != 5 {
		t.Errorf("%d messages, want 4 and the end", messages)
	}
}

// rocQuestions are scores of members and others, with and without ties.
func rocQuestions() map[string]map[string][]float64 {
	rng := rand.New(rand.NewPCG(5, 5))
	draw := func(n int, shift float64, round float64) (scores, member []float64) {
		for i := range 2 * n {
			m := float64(i % 2)
			scores, member = append(scores, math.Round((rng.NormFloat64()+m*shift)*round)/round), append(member, m)
		}
		return scores, member
	}
	questions := map[string]map[string][]float64{}
	for _, q := range []struct {
		name         string
		n            int
		shift, round float64
	}{{"apart", 300, 2, 1e6}, {"ties", 400, 0.7, 2}, {"few", 30, 1, 1e6}, {"alike", 1000, 0, 1e6}} {
		scores, member := draw(q.n, q.shift, q.round)
		questions[q.name] = map[string][]float64{"scores": scores, "member": member}
	}
	return questions
}

// TestAgainstScikitLearn compares with testdata/roc.json, which testdata/roc.py wrote with
// scikit-learn 1.7.2, or with what it writes now where PYTHON names an interpreter that has
// scikit-learn; -regen then stores that.
func TestAgainstScikitLearn(t *testing.T) {
	questions := rocQuestions()
	ask := func() ([]byte, error) {
		in, err := json.Marshal(questions)
		if err != nil {
			return nil, err
		}
		cmd := exec.Command(os.Getenv("PYTHON"), "testdata/roc.py")
		cmd.Stdin = strings.NewReader(string(in))
		return cmd.Output()
	}
	golden, err := os.ReadFile("testdata/roc.json")
	if os.Getenv("PYTHON") != "" {
		golden, err = ask()
	}
	if err != nil {
		t.Fatal(err)
	}
	if *regen {
		if err := os.WriteFile("testdata/roc.json", append(golden, '\n'), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	var want map[string]struct{ AUC, TPR float64 }
	if err := json.Unmarshal(golden, &want); err != nil {
		t.Fatal(err)
	}
	for name, q := range questions {
		member := make([]bool, len(q["member"]))
		for i, m := range q["member"] {
			member[i] = m == 1
		}
		area, found := newROC(q["scores"], member).rates(nil)
		if w := want[name]; math.Abs(area-w.AUC) > 1e-9 || math.Abs(found-w.TPR) > 1e-9 {
			t.Errorf("%s: area %.12g, found %.12g, want %.12g and %.12g", name, area, found, w.AUC, w.TPR)
		}
	}
}
