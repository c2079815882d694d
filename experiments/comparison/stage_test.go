package comparison

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// Every reason for which a stage may make something else is named, the nearest one.
func TestRepeat(t *testing.T) {
	params := map[string]int{"units": 8}
	g, err := stage.NewGraph([]stage.Stage{
		{Name: "read", Deps: []string{"data"}, Outs: []string{"a"}},
		{Name: "model", Deps: []string{"a"}, Outs: []string{"m/"}, Params: params},
		{Name: "draw", Deps: []string{"m/"}, Outs: []string{"d"}},
	}, "data")
	if err != nil {
		t.Fatal(err)
	}
	keysOf := func(data string) map[string]stage.Key {
		keys, err := g.Keys(stage.Facts{Seed: 1, Inputs: map[string]string{"data": data}})
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	made := func(keys map[string]stage.Key, a, m, d string) *run.Manifest {
		return &run.Manifest{Source: run.Source{Go: "go1.26"}, Stages: []run.Stage{
			{Name: "read", Key: keys["read"].Sum, Artifacts: map[string]string{"a": a}},
			{Name: "model", Key: keys["model"].Sum, Artifacts: map[string]string{"m/x": m, "m/y": "1"}},
			{Name: "draw", Key: keys["draw"].Sum, Artifacts: map[string]string{"d": d}},
		}}
	}
	keys := keysOf("one")
	first := made(keys, "1", "1", "1")
	stored := func(name, _ string) json.RawMessage { return keys[name].Preimage }
	pruned := func(string, string) json.RawMessage { return nil }
	otherCode := made(keys, "1", "2", "1")
	otherCode.Source.Commit, otherCode.Source.Dirty = "0123456789abcdef", true
	lost := made(keys, "1", "1", "1")
	delete(lost.Stages[1].Artifacts, "m/y")
	tests := []struct {
		name     string
		again    *run.Manifest
		keys     map[string]stage.Key
		preimage func(string, string) json.RawMessage
		want     []string // of each stage: why
		files    []string // that differ, of all stages
	}{
		{"the same", made(keys, "1", "1", "1"), keys, stored, []string{"", "", ""}, nil},
		{"not the same every time", made(keys, "1", "2", "2"), keys, stored,
			[]string{"", "nothing that is known of both runs: a stage that is not the same every time", "it reads m/, which differs"}, []string{"m/x", "d"}},
		{"other code", otherCode, keys, stored, []string{"", "code: unknown -> 0123456789ab with changes", ""}, []string{"m/x"}},
		{"a file that is gone", lost, keys, stored, []string{"", "nothing that is known of both runs: a stage that is not the same every time", ""}, []string{"m/y"}},
		{"other data", made(keysOf("two"), "2", "1", "1"), keysOf("two"), stored, []string{"deps.data: one -> two", "", ""}, []string{"a"}},
		{"a key that is forgotten", made(keysOf("two"), "2", "1", "1"), keysOf("two"), pruned,
			[]string{"other settings, data, device or version of the stage: what its key was made of is not stored any more", "", ""}, []string{"a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var whys, files []string
			for _, r := range Repeat(g, first, tt.again, tt.preimage, tt.keys) {
				whys, files = append(whys, r.Why), append(files, r.Differing...)
			}
			if !reflect.DeepEqual(whys, tt.want) || !reflect.DeepEqual(files, tt.files) {
				t.Errorf("%q, %q, want %q, %q", whys, files, tt.want, tt.files)
			}
		})
	}
}
