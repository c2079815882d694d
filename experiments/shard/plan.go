package shard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/experiments/saved"
)

// Request is all that decides what shards hold.
type Request struct {
	Runs      []string        `json:"runs"` // folders, absolute
	Outs      []string        `json:"outs"` // files of the whole, of which Name makes those of a shard
	Count     int             `json:"count"`
	Amount    saved.Amount    `json:"amount"`
	Weights   []float64       `json:"weights"` // of the applications of all runs
	Only      string          `json:"only,omitempty"`
	Follow    string          `json:"follow,omitempty"`
	FlowsFrom string          `json:"flows_from,omitempty"`
	Generate  config.Generate `json:"generate"` // how packets become frames
}

// Plan is what the shards of a request have in common. It is kept in a file beside them,
// so that each is drawn by the same one, now or later, here or elsewhere.
type Plan struct {
	Request
	Division *saved.Division `json:"division"`
}

// Open returns the plan of a request: that of the file, or a new one, which it writes. The
// file of another request is an error that says in what it differs.
func Open(ctx context.Context, source *saved.Source, r Request) (*Plan, error) {
	name := PlanName(r.Outs[0], r.Count)
	text, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return create(ctx, name, source, r)
	case err != nil:
		return nil, fmt.Errorf("shard: %w", err)
	}
	p := new(Plan)
	if err := json.Unmarshal(text, p); err != nil || p.Division == nil {
		return nil, fmt.Errorf("shard: %s is no plan of shards (%w): remove it, or name another --out", name, err)
	}
	if err := p.differs(r); err != nil {
		return nil, fmt.Errorf("shard: %s: %w", name, err)
	}
	return p, nil
}

// Missing returns how many of the shards of these numbers are not there.
func (r *Request) Missing(numbers []int) (missing int) {
	for _, i := range numbers {
		if _, there := r.paths(Number{i, r.Count}); !there {
			missing++
		}
	}
	return missing
}

// paths returns the files of a shard, with the tables of flows beside captures, and reports whether all are there.
func (r *Request) paths(n Number) (paths []string, there bool) {
	there = true
	for _, out := range r.Outs {
		paths = append(paths, Name(out, n))
	}
	paths = output.WithFlows(paths)
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			there = false
		}
	}
	return paths, there
}

// create divides what is asked for and writes the plan.
func create(ctx context.Context, name string, source *saved.Source, r Request) (*Plan, error) {
	d, err := source.Divide(ctx, r.Amount, r.Count)
	if err != nil {
		return nil, err
	}
	p := &Plan{r, d}
	text, err := json.MarshalIndent(p, "", "  ")
	if err == nil {
		err = atomicfile.WriteFile(name, append(text, '\n'))
	}
	if err != nil {
		return nil, fmt.Errorf("shard: %w", err)
	}
	return p, nil
}

// differs returns an error that names the first thing in which a request is not that of
// the plan.
func (p *Plan) differs(r Request) error {
	was, is, err := values(p.Request, r)
	if err != nil {
		return fmt.Errorf("shard: %w", err)
	}
	if difference := firstDifference(was, is); difference != "" {
		return fmt.Errorf("its shards are of other options (%s): remove it and them, or name another --out", difference)
	}
	return nil
}

// firstDifference names the first key of which two requests have different values, with
// both; "" where none is.
func firstDifference(was, is map[string]any) string {
	keys := maps.Clone(is)
	maps.Copy(keys, was)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if reflect.DeepEqual(was[key], is[key]) {
			continue
		}
		before, nested1 := was[key].(map[string]any)
		after, nested2 := is[key].(map[string]any)
		if nested1 && nested2 {
			return key + "." + firstDifference(before, after)
		}
		return fmt.Sprintf("%s: %v, not %v", key, was[key], is[key])
	}
	return ""
}

// values returns two requests as JSON values by key.
func values(a, b Request) (was, is map[string]any, err error) {
	for _, v := range []struct {
		of Request
		to *map[string]any
	}{{a, &was}, {b, &is}} {
		text, err := json.Marshal(v.of)
		if err == nil {
			d := json.NewDecoder(bytes.NewReader(text))
			d.UseNumber() // a seed has more digits than a float64
			err = d.Decode(v.to)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return was, is, nil
}
