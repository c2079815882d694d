package tool

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// repeat is so many copies of a row.
func repeat(r Row, n int) []Row {
	rows := make([]Row, n)
	for i := range rows {
		rows[i] = r
	}
	return rows
}

// score is the result of rows of a kind.
func score(k kind, training, heldOut, synthetic []Row) Result {
	return resultOf(View{kind: k}, training, heldOut, synthetic, 5, rand.New(rand.NewPCG(1, 2)))
}

// TestCompare: distances that can be counted by hand.
func TestCompare(t *testing.T) {
	yes, reset := Row{"yes": 1}, Row{"RESET": 1}
	for _, test := range []struct {
		name            string
		kind            kind
		real, synthetic []Row
		want            float64
		note            string
	}{
		{"equal shares", shares, repeat(yes, 3), repeat(yes, 7), 0, ""},
		{"a quarter is reset", shares, append(repeat(yes, 3), reset), repeat(yes, 5), 0.25, "most apart: RESET (0.250 real, 0.000 synthetic), yes (0.750 real, 1.000 synthetic)"},
		{"nothing in common", shares, repeat(yes, 3), repeat(reset, 5), 1, "most apart: RESET (0.000 real, 1.000 synthetic), yes (1.000 real, 0.000 synthetic)"},
		{"packets count, not flows", shares, []Row{{"a": 9}, {"b": 1}}, []Row{{"a": 1}, {"b": 1}}, 0.4, "most apart: a (0.900 real, 0.500 synthetic), b (0.100 real, 0.500 synthetic)"},
		{"rates", rates, []Row{{packets: 100, "x": 2}, {packets: 100}}, []Row{{packets: 500, "x": 1, "y": 1}}, (8. + 2) / (10 + 2 + 2), "most apart: x (10.00 real, 2.00 synthetic), y (0.00 real, 2.00 synthetic)"},
		{"no event", rates, []Row{{packets: 100}}, []Row{{packets: 10}}, 0, ""},
		{"features", features, []Row{{"a": 1, "b": 1}, {"a": 2, "b": 1}}, []Row{{"a": 2, "b": 1}, {"a": 3, "b": 1}}, 0.25, "most apart: a 0.500"},
		{"features, far", features, []Row{{"a": 1}}, []Row{{"a": 3}, {"a": 2}}, 1, "most apart: a 1.000"},
		{"no row", shares, nil, repeat(yes, 5), math.NaN(), ""},
		{"no packet", rates, []Row{{}}, []Row{{packets: 10}}, math.NaN(), ""},
	} {
		r := score(test.kind, nil, test.real, test.synthetic)
		if math.Abs(r.Value-test.want) > 1e-12 || math.IsNaN(r.Value) != math.IsNaN(test.want) || r.Note != test.note {
			t.Errorf("%s: %v, %q, want %v, %q", test.name, r.Value, r.Note, test.want, test.note)
		}
		if !math.IsNaN(r.Value) && (r.Interval[0] > r.Value || r.Interval[1] < r.Value || r.Interval[0] < 0 || r.Interval[1] > 1) {
			t.Errorf("%s: the interval of %v is %v", test.name, r.Value, r.Interval)
		}
		if back := score(test.kind, nil, test.synthetic, test.real); back.Value != r.Value && !math.IsNaN(r.Value) {
			t.Errorf("%s: %v, and with its sides exchanged %v", test.name, r.Value, back.Value)
		}
	}
}

// sample draws rows of a kind: of the shares 90 % and 10 %, with shift more of the second.
func sample(k kind, n int, shift float64, rng *rand.Rand) []Row {
	rows := make([]Row, n)
	for i := range rows {
		odd := rng.Float64() < 0.1+shift
		switch {
		case k == features:
			rows[i] = Row{"a": rng.NormFloat64() + 5*shift, "b": rng.NormFloat64()}
		case k == rates:
			rows[i] = Row{packets: float64(1 + rng.IntN(20)), "x": 0}
			if odd {
				rows[i]["x"] = 1
			}
		case odd:
			rows[i] = Row{"odd": 1}
		default:
			rows[i] = Row{"even": 1}
		}
	}
	return rows
}

// TestFloor: samples of one source are as far apart as halves of the real rows, others are
// not, for each kind and several seeds; and of 40 intervals of one difference nearly all
// hold the mean over samples of that size.
func TestFloor(t *testing.T) {
	for _, k := range []kind{shares, rates, features} {
		within := 0
		for seed := range uint64(40) {
			rng := rand.New(rand.NewPCG(seed, 7))
			training, heldOut := sample(k, 700, 0, rng), sample(k, 300, 0, rng)
			same, other := score(k, training, heldOut, sample(k, 300, 0, rng)), score(k, training, heldOut, sample(k, 300, 0.3, rng))
			if same.Value <= same.Floor+3*same.Spread {
				within++
			}
			if other.Value <= other.Floor+3*other.Spread {
				t.Errorf("kind %d, seed %d: another source at %v, the floor %v +- %v", k, seed, other.Value, other.Floor, other.Spread)
			}
		}
		if within < 32 { // three spreads of five values are exceeded now and then
			t.Errorf("kind %d: %d of 40 samples of the same source are within three spreads of the floor", k, within)
		}
		holds := 0
		rng := rand.New(rand.NewPCG(1, 8))
		mean := 0.0
		var results []Result
		for range 40 {
			r := score(k, nil, sample(k, 300, 0, rng), sample(k, 300, 0.2, rng))
			results, mean = append(results, r), mean+r.Value/40
		}
		for _, r := range results {
			if r.Interval[0] <= mean && mean <= r.Interval[1] {
				holds++
			}
		}
		if holds < 34 { // 38 are expected, 33 come by chance once in 100
			t.Errorf("kind %d: %d of 40 intervals of 95 %% hold the mean, %v", k, holds, mean)
		}
	}
}

// TestSeed: the same seed gives the same result.
func TestSeed(t *testing.T) {
	rows := sample(shares, 100, 0, rand.New(rand.NewPCG(1, 9)))
	if a, b := fmt.Sprint(score(shares, rows, rows, rows[:50])), fmt.Sprint(score(shares, rows, rows, rows[:50])); a != b {
		t.Errorf("%s, and again %s", a, b)
	}
}

// TestChoice: which words choose which programs.
func TestChoice(t *testing.T) {
	for _, test := range []struct{ in, want, err string }{
		{"none", "none", ""}, {"Installed", "installed", ""}, {"TSHARK, argus,tshark", "tshark,argus", ""}, {"ndpireader", "ndpiReader", ""},
		{"", "", `no program ""`}, {"tshark,wireshark", "", `no program "wireshark": want none, installed, or with commas some of tcptrace, argus, ndpiReader, tshark`}, {"none,argus", "", `no program "none"`},
	} {
		var c Choice
		err := c.UnmarshalText([]byte(test.in))
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%q: error %v, want %q", test.in, err, test.err)
			}
		} else if err != nil || string(c) != test.want {
			t.Errorf("%q: %q, %v, want %q", test.in, c, err, test.want)
		}
	}
	if v := None.Versions(); v != nil {
		t.Errorf("none is %v", v)
	}
	for _, s := range Examine() {
		if (s.Version == "") != (s.Reason != "") || s.Install == "" {
			t.Errorf("%+v: want a version or a reason, and how to install it", s)
		}
		if v := Choice(s.Name).Versions(); len(v) != 1 || v[s.Name] != s.Version {
			t.Errorf("%s is chosen as %v", s.Name, v)
		}
	}
}
