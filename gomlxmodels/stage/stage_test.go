package stage_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

func graph(t *testing.T, stages []stage.Stage, inputs ...string) *stage.Graph {
	t.Helper()
	g, err := stage.NewGraph(stages, inputs...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func names(g *stage.Graph) (names []string) {
	for _, s := range g.Stages {
		names = append(names, s.Name)
	}
	return names
}

func TestNewGraph(t *testing.T) {
	tests := []struct {
		name   string
		stages []stage.Stage
		order  []string
		want   string // of the error
	}{
		{"none", nil, nil, ""},
		{"backwards", []stage.Stage{{Name: "c", Deps: []string{"b/"}}, {Name: "b", Deps: []string{"a.txt"}, Outs: []string{"b/"}}, {Name: "a", Deps: []string{"data"}, Outs: []string{"a.txt"}}}, []string{"a", "b", "c"}, ""},
		{"independent stages keep their order", []stage.Stage{{Name: "b"}, {Name: "a"}, {Name: "c"}}, []string{"b", "a", "c"}, ""},
		{"a circle", []stage.Stage{{Name: "a", Deps: []string{"b"}, Outs: []string{"a"}}, {Name: "b", Deps: []string{"a"}, Outs: []string{"b"}}, {Name: "c"}}, nil, "a, b depend on each other in a circle"},
		{"two of a name", []stage.Stage{{Name: "a"}, {Name: "a"}}, nil, `name "a": want another name for each stage`},
		{"no name", []stage.Stage{{}}, nil, `name "": want`},
		{"a name outside", []stage.Stage{{Name: "../a"}}, nil, `name "../a": want`},
		{"two makers", []stage.Stage{{Name: "a", Outs: []string{"x"}}, {Name: "b", Outs: []string{"x"}}}, nil, "artifact x is already made by a"},
		{"one in the other", []stage.Stage{{Name: "a", Outs: []string{"model/"}}, {Name: "b", Outs: []string{"model/x"}}}, nil, "stage b: artifact model/x overlaps with model/ of a"},
		{"one around the other", []stage.Stage{{Name: "a", Outs: []string{"model/x", "modelx"}}, {Name: "b", Outs: []string{"model/"}}}, nil, "stage b: artifact model/ overlaps with model/x of a"},
		{"made and given", []stage.Stage{{Name: "a", Outs: []string{"data"}}}, nil, "artifact data is already made by an input"},
		{"outside", []stage.Stage{{Name: "a", Outs: []string{"../x"}}}, nil, `artifact "../x": want a path inside`},
		{"hidden", []stage.Stage{{Name: "a", Outs: []string{"m/.x"}}}, nil, `artifact "m/.x": want a path inside`},
		{"nobody makes it", []stage.Stage{{Name: "a", Deps: []string{"x"}}}, nil, "depends on x, which is no input and is made by no stage"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, err := stage.NewGraph(tt.stages, "data")
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%v, want %s", err, tt.want)
				}
				return
			}
			if err != nil || !slices.Equal(names(g), tt.order) {
				t.Errorf("%v, want order %v", err, tt.order)
			}
		})
	}
}

func TestDependents(t *testing.T) {
	g := graph(t, []stage.Stage{{Name: "a", Outs: []string{"a"}}, {Name: "b", Deps: []string{"a"}, Outs: []string{"b"}}, {Name: "c", Deps: []string{"b"}, Outs: []string{"c"}}, {Name: "d"}})
	for name, want := range map[string][]string{"a": {"b", "c"}, "b": {"c"}, "c": nil, "d": nil} {
		if got := g.Dependents(name); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestKeys(t *testing.T) {
	g := graph(t, []stage.Stage{{Name: "a", Deps: []string{"data"}, Outs: []string{"a"}}}, "data")
	if _, err := g.Keys(stage.Facts{}); err == nil || !strings.Contains(err.Error(), "the digest of input data is not known") {
		t.Errorf("%v", err)
	}
	bad := graph(t, []stage.Stage{{Name: "a", Params: func() {}}})
	if _, err := bad.Keys(stage.Facts{}); err == nil || !strings.Contains(err.Error(), "stage a: parameters") {
		t.Errorf("%v", err)
	}
	if stage.Seed(1, "a") == stage.Seed(1, "b") || stage.Seed(1, "a") == stage.Seed(2, "a") || stage.Seed(1, "a")>>63 != 0 {
		t.Error("want seeds of 63 bits that differ by run and name")
	}
}

func TestDifference(t *testing.T) {
	tests := []struct{ before, after, want string }{
		{`{"a":1}`, `{"a":1}`, ""},
		{`{"params":{"units":96}}`, `{"params":{"units":48}}`, "params.units: 96 -> 48"},
		{`{"deps":{"a":"x"},"params":{"b":[1,2]}}`, `{"deps":{"a":"y"},"params":{"b":[1]}}`, "params.b: [1,2] -> [1], and 1 more"},
		{`{"params":{}}`, `{"params":{"new":true}}`, "params.new: nothing -> true"},
		{`{"deps":{"data":"0123456789abcdef0123456789"}}`, `{"deps":{"data":"x"}}`, "deps.data: 01234567... -> x"},
		{`{`, `{}`, "it was stored by another version of this program"},
	}
	for _, tt := range tests {
		if got := stage.Difference([]byte(tt.before), []byte(tt.after)); got != tt.want {
			t.Errorf("%s, %s: %q, want %q", tt.before, tt.after, got, tt.want)
		}
	}
}

// A stage can use nothing that it has not declared.
func TestEnv(t *testing.T) {
	dir := t.TempDir()
	s := stage.Stage{Name: "a", Deps: []string{"in"}, Outs: []string{"out/b.txt", "model/"}, Seeds: []string{"split"}}
	env := stage.NewEnv(s, stage.Host{Dir: dir, Seed: 1,
		Open: func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("x")), nil },
		Path: func(dep string) (string, error) { return "there/" + dep, nil }})
	_, open := env.Open("other")
	_, path := env.Path("out/b.txt")
	_, create := env.Create("in")
	_, seed := env.Seed("other")
	_, source := env.Source("other")
	_, backend := env.Backend(t.Context())
	for what, err := range map[string]error{
		`dependency "other"`: open, `dependency "out/b.txt"`: path, `artifact "in"`: create, `seed "other"`: seed, `uses seed "other"`: source, "uses the backend": backend,
		`artifact "x"`: env.Write("x", nil),
	} {
		if err == nil || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), "does not declare") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := env.Open("in"); err != nil {
		t.Error(err)
	}
	if at, err := env.Path("in"); err != nil || at != "there/in" {
		t.Errorf("%s, %v", at, err)
	}
	if got, err := env.Seed("split"); err != nil || got != stage.Seed(1, "split") {
		t.Errorf("%d, %v", got, err)
	}
	if err := env.Write("out/b.txt", func(w io.Writer) error { _, err := io.WriteString(w, "b"); return err }); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "out", "b.txt")); err != nil || string(text) != "b" {
		t.Errorf("%q, %v", text, err)
	}
	model, err := env.OutPath("model/")
	if info, failed := os.Stat(model); err != nil || failed != nil || !info.IsDir() {
		t.Errorf("%s: %v, %v", model, err, failed)
	}
	env.Note("%d", 1) // nobody listens
	env.Warn(nil, io.EOF)
	env.Progress(1, 2, "epochs")
	if err := env.Record("loss", 1, 2); err != nil {
		t.Error(err)
	}
}

// Two stages in the wrong order, of which the second reads what the first writes.
func ExampleNewGraph() {
	count := stage.Stage{Name: "count", Deps: []string{"words.txt"}, Outs: []string{"count.txt"},
		Run: func(_ context.Context, env *stage.Env) error {
			in, err := env.Open("words.txt")
			if err != nil {
				return err
			}
			defer in.Close()
			text, err := io.ReadAll(in)
			if err != nil {
				return err
			}
			return env.Write("count.txt", func(w io.Writer) error { _, err := fmt.Fprintln(w, len(strings.Fields(string(text)))); return err })
		}}
	write := stage.Stage{Name: "write", Outs: []string{"words.txt"}, Params: map[string]int{"words": 3}}
	g, err := stage.NewGraph([]stage.Stage{count, write})
	if err != nil {
		fmt.Println(err)
		return
	}
	keys, err := g.Keys(stage.Facts{Seed: 1})
	fmt.Println(g.Stages[0].Name, g.Stages[1].Name, len(keys["count"].Sum), err)
	// Output: write count 64 <nil>
}
