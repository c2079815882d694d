package tool_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/fidelity/tool"
)

// open opens an embedded capture or a file.
func open(ctx context.Context, file string) (*trace.Trace, error) {
	return trace.Open(ctx, []string{file}, nil)
}

// flows are those of an application in a file.
func flows(t testing.TB, file string, app flow.Application) []*flow.Flow {
	t.Helper()
	data, err := open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	found, _, err := flow.Collect((&flow.Assembler{Only: flow.Applications{app}}).Flows(data.Packets(t.Context(), trace.Selection{})))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// every is each third of the flows, from the first, second or third on.
func every(flows []*flow.Flow, from int) (third []*flow.Flow) {
	for i := from; i < len(flows); i += 3 {
		third = append(third, flows[i])
	}
	return third
}

// cutShort is the flows without the last part of their packets.
func cutShort(flows []*flow.Flow) []*flow.Flow {
	var short []*flow.Flow
	for _, f := range flows {
		half := *f
		half.Packets = f.Packets[:(len(f.Packets)+1)/2]
		short = append(short, &half)
	}
	return short
}

// ask asks the programs about three sides of the embedded capture.
func ask(t *testing.T, o tool.Options, training, heldOut, synthetic []*flow.Flow) tool.Findings {
	t.Helper()
	o.Open, o.Splits, o.Seed = open, 5, 1
	o.Sample = func(flows []*flow.Flow) []*flow.Flow { return flows }
	found, err := tool.Ask(t.Context(), o, tool.Side{File: "testbed", Flows: training}, tool.Side{File: "testbed", Flows: heldOut}, tool.Side{File: "testbed", Flows: synthetic})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// result is the result of the score of that name.
func result(t *testing.T, f tool.Findings, name string) tool.Result {
	t.Helper()
	for _, v := range tool.Views() {
		if v.Score() == name {
			r, asked := f.Of(v)
			if !asked {
				t.Fatalf("%s was not asked", name)
			}
			return r
		}
	}
	t.Fatalf("no score is called %s", name)
	return tool.Result{}
}

// installed are the versions of the programs that are here.
func installed(t *testing.T) map[string]string {
	versions := tool.Installed.Versions()
	if len(versions) == 0 {
		t.Skip("none of " + strings.Join(tool.Names(), ", ") + " is installed")
	}
	return versions
}

// TestRealAgainstReal: real flows look to every program like other real flows: each score
// is at its floor.
func TestRealAgainstReal(t *testing.T) {
	versions := installed(t)
	smtp := flows(t, "testbed", flow.SMTP)
	found := ask(t, tool.Options{Versions: versions}, every(smtp, 0), every(smtp, 1), every(smtp, 2))
	for _, v := range tool.Views() {
		r, asked := found.Of(v)
		if _, here := versions[v.Tool]; !here {
			if asked {
				t.Errorf("%s is %+v, and its program is not here", v.Score(), r)
			}
			continue
		}
		t.Logf("%s: %.4f, floor %.4f +- %.4f, %d and %d rows; %s", v.Score(), r.Value, r.Floor, r.Spread, r.Real, r.Synthetic, r.Note)
		if r.Absent != "" || math.IsNaN(r.Value) || math.IsNaN(r.Floor) {
			t.Errorf("%s: %+v", v.Score(), r)
		}
		if r.Value > r.Floor+4*r.Spread+0.02 { // five halvings do not know the spread well
			t.Errorf("%s: %v for real flows, the floor is %v +- %v", v.Score(), r.Value, r.Floor, r.Spread)
		}
		if !strings.HasPrefix(r.Note, v.Tool+" "+versions[v.Tool]) {
			t.Errorf("%s: the note is %q: want the version", v.Score(), r.Note)
		}
	}
}

// TestWrong: what is wrong with a capture is seen by the programs that look at it.
func TestWrong(t *testing.T) {
	smtp, http := flows(t, "testbed", flow.SMTP), flows(t, "testbed", flow.HTTP)
	for _, test := range []struct {
		name, score string
		synthetic   []*flow.Flow
		least       float64
	}{
		{"connections are cut off", "tcptrace connection states TV", cutShort(every(smtp, 2)), 0.9},
		{"connections are cut off", "argus states TV", cutShort(every(smtp, 2)), 0.9},
		{"another application", "ndpiReader labels TV", every(http, 2), 0.99},
		{"another application", "nfstream applications TV", every(http, 2), 0.99},
		{"another application", "tshark protocols TV", every(http, 2), 0.4},
		{"connections are cut off", "tshark expert messages", cutShort(every(smtp, 2)), 0.5},
		{"connections are cut off", "nfstream features KS", cutShort(every(smtp, 2)), 0.2},
	} {
		t.Run(test.name+", "+test.score, func(t *testing.T) {
			name, _, _ := strings.Cut(test.score, " ")
			versions := tool.Choice(name).Versions()
			if versions[name] == "" {
				t.Skip(name + " is not installed")
			}
			r := result(t, ask(t, tool.Options{Versions: versions}, every(smtp, 0), every(smtp, 1), test.synthetic), test.score)
			if !(r.Value >= test.least) {
				t.Errorf("%+v: want at least %v", r, test.least)
			}
		})
	}
}

// TestAbsent: what cannot be said has its reason, and the rest is said.
func TestAbsent(t *testing.T) {
	dns := flows(t, "testbed", flow.DNS)
	thirds := [][]*flow.Flow{every(dns, 0), every(dns, 1), every(dns, 2)}
	bin := t.TempDir()
	if runtime.GOOS == "windows" {
		t.Skip("the programs of this test are shell scripts")
	}
	for name, script := range map[string]string{
		"tcptrace":   "sleep 60 & sleep 60",
		"ndpiReader": `echo "cannot read $2" >&2; exit 3`,
		"tshark":     "echo nonsense",
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	began := time.Now()
	found := ask(t, tool.Options{Versions: map[string]string{"tcptrace": "1", "ndpiReader": "1", "tshark": "1", "argus": ""}, Limit: time.Second}, thirds[0], thirds[1], thirds[2])
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("a program that hangs was waited for %v", took)
	}
	for name, want := range map[string]string{
		"tcptrace connection states TV": "tcptrace did not end within 1s",
		"ndpiReader labels TV":          "ndpiReader: exit status 3: cannot read /",
		"tshark protocols TV":           "line 1 of tshark has 1 columns: want 8",
		"argus states TV":               "argus is not installed",
	} {
		if r := result(t, found, name); !strings.Contains(r.Absent, want) {
			t.Errorf("%s: %+v, want %q", name, r, want)
		}
	}
	for name, test := range map[string]struct {
		synthetic tool.Side
		want      string
	}{
		"no file":         {tool.Side{File: "missing.pcap", Flows: thirds[2]}, "missing.pcap"},
		"another capture": {tool.Side{File: "testbed-services", Flows: thirds[2]}, "testbed-services: packet "},
		"a table":         {tool.Side{File: table(t), Flows: []*flow.Flow{{Packets: []flow.Packet{{Time: 1767225600e9}}}}}, "packets.csv: no capture"},
		"too many":        {tool.Side{File: "testbed", Flows: []*flow.Flow{{Packets: []flow.Packet{{Number: 1 << 40}}}}}, "1 packets of its flows are not in it any more"},
	} {
		o := tool.Options{Versions: map[string]string{"argus": "1"}, Open: open, Splits: 2, Sample: func(flows []*flow.Flow) []*flow.Flow { return flows }}
		found, err := tool.Ask(t.Context(), o, tool.Side{File: "testbed", Flows: thirds[0]}, tool.Side{File: "testbed", Flows: thirds[1]}, test.synthetic)
		if err != nil {
			t.Fatal(err)
		}
		if r := result(t, found, "argus states TV"); !strings.Contains(r.Absent, test.want) {
			t.Errorf("%s: %+v, want %q", name, r, test.want)
		}
	}
}

// table writes a table of one packet.
func table(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "packets.csv")
	if err := os.WriteFile(path, []byte("time,length\n2026-01-01T00:00:00Z,60\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestInterrupted: the end of the context ends the programs, and is the error.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	side := tool.Side{File: "testbed", Flows: flows(t, "testbed", flow.SMTP)}
	o := tool.Options{Versions: map[string]string{"argus": "1"}, Open: open, Sample: func(flows []*flow.Flow) []*flow.Flow { return flows }}
	if _, err := tool.Ask(ctx, o, side, side, side); err != context.Canceled {
		t.Errorf("error %v, want that of the context", err)
	}
}

func ExampleViews() {
	for _, v := range tool.Views() {
		if v.Tool == "ndpiReader" {
			fmt.Printf("%s: %s\n", v.Score(), v.Meaning)
		}
	}
	// Output:
	// ndpiReader labels TV: Total variation of the labels that ndpiReader gives flows by their content.
	// ndpiReader risks TV: Total variation of the sets of risks that ndpiReader finds in flows; most flows have none.
}
