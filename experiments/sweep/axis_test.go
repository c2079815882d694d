package sweep

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestParseValues(t *testing.T) {
	for _, tt := range []struct {
		text  string
		want  []string
		swept bool
	}{
		{"32", []string{"32"}, false},
		{"32,64", []string{"32", "64"}, true},
		{" 32 , 64 ", []string{"32", "64"}, true},
		{"1..4", []string{"1", "2", "3", "4"}, true},
		{"-1..1", []string{"-1", "0", "1"}, true},
		{"7..7", []string{"7"}, true},
		{"1..3,8", []string{"1", "2", "3", "8"}, true},
		{"0.1..0.5:5", []string{"0.1", "0.2", "0.3", "0.4", "0.5"}, true},
		{"1..100:4", []string{"1", "34", "67", "100"}, true},
		{"0.001..0.1:3:log", []string{"0.001", "0.01", "0.1"}, true},
		{"1e-4..1e-3:2", []string{"0.0001", "0.001"}, true},
		{"-1e308..1e308:3", []string{"-1e+308", "0", "1e+308"}, true},
		{"0.1234567890123456..0.2:2", []string{"0.1234567890123456", "0.2"}, true},
		{"[8,6],[16,8]", []string{"[8,6]", "[16,8]"}, true},
		{"[8,6]", []string{"[8,6]"}, false},
		{`"a,b",'c,d',e`, []string{"a,b", "c,d", "e"}, true},
		{`"a,b"`, []string{"a,b"}, false},
		{`["a,b","c"],d`, []string{`["a,b","c"]`, "d"}, true},
		{"", []string{""}, false},
		{`"",3`, []string{"", "3"}, true},
		// These are values of their own, no ranges.
		{"13:00..14:00", []string{"13:00..14:00"}, false},
		{"../week1/*.pcap", []string{"../week1/*.pcap"}, false},
		{"a..b", []string{"a..b"}, false},
		{"2026-01-01..2026-02-01", []string{"2026-01-01..2026-02-01"}, false},
	} {
		got, swept, err := parseValues(tt.text)
		if err != nil || swept != tt.swept || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, %v, %v, want %q, %v", tt.text, got, swept, err, tt.want, tt.swept)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, tt := range []struct {
		assignments string // between spaces
		seeds       int
		want        string
	}{
		{"", 0, "no key has several values, so there are no points"},
		{"seed=3", 0, "no key has several values"},
		{"lstm.units", 0, `"lstm.units": want key=value, key=32,64 or key=1..8`},
		{"=3,4", 0, `"=3,4": want key=value`},
		{"seed=1,,2", 0, "seed=1,,2: the list has an empty value"},
		{"seed=,", 0, "seed=,: the list has an empty value"},
		{"seed=8..1", 0, "seed=8..1: the range runs backwards: want 1..8"},
		{"seed=1..100001", 0, "seed=1..100001: more than 100000 values"},
		{"seed=-9223372036854775808..9223372036854775807", 0, "more than 100000 values"},
		{"seed=1..99999999999999999999", 0, "want whole numbers of at most 64 bits"},
		{"seed=1..1000 lstm.units=1..101", 0, "more than 100000 points: want fewer values of seed and lstm.units"},
		{"seed=1..1000 lstm.units=1..1000 vae.epochs=1..1000 lstm.epochs=1..1000", 0, "more than 100000 points"},
		{"seed=1..100000", 3, "--seeds 3: the seed is given, too: want one of them"},
		{"seed=5", 3, "--seeds 3: the seed is given, too: want one of them"},
		{"", 100_001, "--seeds 100001: want a number from 1 to 100000"},
		{"", -1, "--seeds -1: want a number from 1 to 100000"},
		{"lstm.units=32 seed=1..2 lstm.units=64", 0, "lstm.units is given twice: want one list of its values"},
		{"lstm.units=32,64,32", 0, `the list has "32" twice`},
		{"seed=1..3,2", 0, `the list has "2" twice`},
		{"vae.learning_rate=0.1..0.5", 0, "want how many values the range has, like 0.1..0.5:5"},
		{"vae.learning_rate=0.5..0.1:5", 0, "the range runs backwards"},
		{"vae.learning_rate=0.1..0.5:1", 0, "want at least 2 values"},
		{"vae.learning_rate=0..0.5:3:log", 0, "want numbers greater than 0"},
		{"vae.learning_rate=0.1..0.5:1000000", 0, "more than 100000 values"},
		{"seed=8..1 lstm.units=1,,2", 0, "lstm.units=1,,2: the list has an empty value"}, // both are reported
	} {
		_, _, err := parse(strings.Fields(tt.assignments), tt.seeds)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s, %d seeds: %v, want %s", tt.assignments, tt.seeds, err, tt.want)
		}
	}
}

func TestPoints(t *testing.T) {
	fixed, axes, err := parse([]string{"lstm.units=32,64", "gmm.components=4", "vae.epochs=1,2"}, 2)
	if err != nil || !slices.Equal(fixed, []string{"gmm.components=4"}) || size(axes) != 8 {
		t.Fatal(fixed, axes, err)
	}
	var got []string
	for index := range size(axes) {
		got = append(got, strings.Join(at(axes, index+1).Assignments, " "))
	}
	want := []string{"lstm.units=32 vae.epochs=1 seed=1", "lstm.units=32 vae.epochs=1 seed=2", "lstm.units=32 vae.epochs=2 seed=1", "lstm.units=32 vae.epochs=2 seed=2",
		"lstm.units=64 vae.epochs=1 seed=1", "lstm.units=64 vae.epochs=1 seed=2", "lstm.units=64 vae.epochs=2 seed=1", "lstm.units=64 vae.epochs=2 seed=2"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Whatever is swept, values are not empty, none stands twice, and the ends of a range are in it.
func FuzzParseValues(f *testing.F) {
	for _, text := range []string{"1..8", "0.1..0.5:5", "0.1..9:4:log", "[1,2],3", `"a,b",c`, "'", "]", ",,", "1..", "-3..+3", "1e400..2e400:3", "5e-324..1:9:log"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		values, swept, err := parseValues(text)
		if err != nil {
			return
		}
		if len(values) == 0 || len(values) > maxPoints || !swept && len(values) != 1 {
			t.Errorf("%q: %d values", text, len(values))
		}
		have := map[string]bool{}
		for _, v := range values {
			if have[v] {
				t.Errorf("%q: %q twice", text, v)
			}
			have[v] = true
		}
	})
}

func ExampleAxis() {
	_, axes, err := parse([]string{"lstm.units=32,64", "lstm.dropout=0.1..0.3:3"}, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, a := range axes {
		fmt.Println(a.Key, a.Values)
	}
	fmt.Println(at(axes, 5))
	// Output:
	// lstm.units [32 64]
	// lstm.dropout [0.1 0.2 0.3]
	// point 5 (lstm.units=64 lstm.dropout=0.2)
}
