package fidelity

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var updateDoc = flag.Bool("update", false, "write the table of the package documentation anew")

// faultRows are the rows of the table; a name that ends in a slash stands for all scores of
// the level.
var faultRows = []string{"packet/length KS", "packet/log gap KS", "packet/flags JSD bits", "order/trigrams JSD bits", "order/log gap autocorrelation",
	"order/handshake share", "order/close share", "flow/packets KS", "flow/bytes KS", "flow/duration KS", "flow/time between flows KS", "coverage/", "classifier/", "privacy/",
	"load/bytes/s KS", "load/open flows KS", "load/queue loss", "load/queue delay"}

// inTable reports whether a score is a row of the table.
func inTable(d Definition) bool {
	return slices.Contains(faultRows, d.Level+"/"+d.Name) || slices.Contains(faultRows, d.Level+"/")
}

// judged is what a score says of a capture.
type judged struct {
	result
	seen bool
}

// sees reports whether a value is worse than its floor by more than five spreads and more
// than a twentieth; of AUCs a tenth, and of divergences, which go with the square of a
// difference, a hundredth.
func sees(d Definition, value float64, floor Score) bool {
	least := 0.05
	switch {
	case d.Kind == Classifier:
		least = 0.1
	case strings.HasSuffix(d.Name, "JSD bits"):
		least = 0.01
	}
	excess := d.DistanceFromReal(value, floor.Floor) - d.DistanceFromReal(*floor.Floor, floor.Floor)
	return excess > max(least, 5**floor.FloorSpread)
}

// judgeFaults scores each fault: by the name of the score and the number of the fault.
func judgeFaults(t *testing.T) (found map[string][]judged, floors map[string]float64) {
	t.Helper()
	real := office(900, 1)
	split := Split{Training: real[:500], HeldOut: real[500:]}
	ref := newReference(Config{Trees: 60, MaxWindows: 1200}.withDefaults(), split)
	scores := make([]Score, len(measures))
	ref.floors(scores, 400, rand.NewPCG(7, 7))
	found, floors = map[string][]judged{}, map[string]float64{}
	for _, f := range faults {
		flows := f.make(office(400, 99), split.Training, rand.New(rand.NewPCG(3, 3)))
		if f.name != "hosts" {
			elsewhere(flows)
		}
		c := ref.against(flows, rand.NewPCG(5, 5))
		for i, m := range measures {
			if !inTable(m.Definition) {
				continue
			}
			name, r := m.Level+"/"+m.Name, m.of(c)
			if r.chance != nil {
				scores[i].Floor, scores[i].FloorSpread = number(r.chance.mean), number(r.chance.deviation)
			}
			if math.IsNaN(r.value) || scores[i].Floor == nil {
				continue // of payloads and uplinks there are none; see and blind find what should be here
			}
			found[name], floors[name] = append(found[name], judged{r, sees(m.Definition, r.value, scores[i])}), *scores[i].Floor
		}
	}
	return found, floors
}

// TestFaults shows each score captures that are wrong in one way: those that should see it
// do, and the others say no more than of the same traffic. What all of them say is the table
// in the package documentation, which go test -run TestFaults -update writes.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("scores a dozen captures")
	}
	found, floors := judgeFaults(t)
	for k, f := range faults {
		for i, name := range f.see {
			if len(found[name]) != len(faults) {
				t.Fatalf("%s is in no row of the table", name)
			}
			r := found[name][k]
			if !r.seen {
				t.Errorf("%s: %s is %.3f, floor %.3f: want it to see this", f.name, name, r.value, floors[name])
			}
			if strings.HasPrefix(name, "classifier/") && (r.value < 0.75 || r.interval()[0] < 0.65) {
				t.Errorf("%s: %s has AUC %.3f in %.3f", f.name, name, r.value, r.interval())
			}
			if i == 0 && !slices.ContainsFunc(r.looksAt, func(column string) bool { return strings.Contains(column, f.by) }) && f.by != "" {
				t.Errorf("%s: %s looks at %q, want %q", f.name, name, r.looksAt, f.by)
			}
		}
		for _, name := range f.blind {
			if r := found[name][k]; r.seen || strings.HasPrefix(name, "classifier/") && r.value > 0.6 {
				t.Errorf("%s: %s is %.3f by %q, floor %.3f: want nothing to see", f.name, name, r.value, r.looksAt, floors[name])
			}
		}
	}
	checkDoc(t, found, floors)
}

// docHead begins the part of doc.go that is written by the test; it ends with the comment.
const docHead = "// # What each score sees\n"

// faultDoc is that part.
func faultDoc(found map[string][]judged, floors map[string]float64) string {
	var b strings.Builder
	b.WriteString(docHead + `//
// The scores of captures that are wrong in one way each, made from simulated traffic, 400
// flows a side. A star marks what is worse than the floor by more than five of its spreads
// and by more than 0.05 (AUCs 0.1, divergences 0.01). go test -run TestFaults -update writes
// the table, and the test holds it to the program.
//
`)
	fmt.Fprintf(&b, "//\t%-36s %5s", "score", "floor")
	for _, f := range faults {
		fmt.Fprintf(&b, " %8s", f.name)
	}
	for _, m := range measures {
		name := m.Level + "/" + m.Name
		if found[name] == nil {
			continue
		}
		fmt.Fprintf(&b, "\n//\t%-36s %5.2f", name, floors[name])
		line := ""
		for _, r := range found[name] {
			mark := " "
			if r.seen {
				mark = "*"
			}
			line += fmt.Sprintf(" %7.2f%s", r.value, mark)
		}
		b.WriteString(strings.TrimRight(line, " "))
	}
	b.WriteString("\n//\n// The captures:\n//\n")
	for _, f := range faults {
		fmt.Fprintf(&b, "//   - %s: %s\n", f.name, f.means)
	}
	return b.String()
}

// tableNumber is a number of the table, which another processor may round otherwise.
var tableNumber = regexp.MustCompile(`\d+\.\d\d`)

// checkDoc holds the table in doc.go to what was found, or writes it.
func checkDoc(t *testing.T, found map[string][]judged, floors map[string]float64) {
	t.Helper()
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(text), docHead)
	_, after, ok := strings.Cut(rest, "package fidelity")
	if !ok {
		t.Fatalf("doc.go has no part that begins %q", docHead)
	}
	want := faultDoc(found, floors)
	if *updateDoc {
		if err := os.WriteFile("doc.go", []byte(before+want+"package fidelity"+after), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	have := docHead + rest[:len(rest)-len(after)-len("package fidelity")]
	if tableNumber.ReplaceAllString(have, "N") != tableNumber.ReplaceAllString(want, "N") {
		t.Fatalf("the table in doc.go is of another version: want\n%s", want)
	}
	wanted := tableNumber.FindAllString(want, -1)
	for i, number := range tableNumber.FindAllString(have, -1) {
		a, _ := strconv.ParseFloat(number, 64)
		b, _ := strconv.ParseFloat(wanted[i], 64)
		if math.Abs(a-b) > 0.02 {
			t.Errorf("number %d of the table in doc.go is %s, want %s", i+1, number, wanted[i])
		}
	}
}
