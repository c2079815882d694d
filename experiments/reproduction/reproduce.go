package reproduction

import (
	"context"
	"fmt"
	"strings"

	"github.com/necstgen/necstgen/datasets/catalog"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/runner"
)

// Reproduce runs the experiments of a set with overrides (key=value) and compares them with
// what was published. A set whose files are not at hand, or a run that fails, leaves a gap
// and its reason in Result.Why; the end of ctx is an error.
func Reproduce(ctx context.Context, r *runner.Runner, set Set, overrides []string, s Sources) (*Result, error) {
	files, err := new(catalog.Catalog).Published(set.Data)
	if err != nil {
		return nil, err
	}
	input := files.Raw
	if set.Level == Starts {
		input = files.RawFlows
	}
	if input == "" {
		why := fmt.Sprintf("%s was not fetched: %s data fetch %s", set.Data, run.Program(), set.Data)
		s.Say(set.Name + ": " + why)
		return &Result{Set: set, Why: why}, nil
	}
	s.Files = files
	var failed []string
	for _, one := range []struct {
		name string
		to   **run.Manifest
	}{{set.Paper, &s.Paper}, {set.Sampled, &s.Sampled}} {
		s.Say(one.name)
		m, _, err := r.Finish(ctx, one.name, overrides, runner.Repetition{}, run.Annotation{})
		if ctx.Err() != nil {
			return nil, err
		}
		if err != nil {
			failed = append(failed, fmt.Sprintf("%s has failed: %v", one.name, err))
			s.Say(failed[len(failed)-1])
			continue
		}
		*one.to = m
	}
	result, err := Compare(ctx, set, s)
	if err != nil {
		return nil, err
	}
	result.Why, result.Failed = strings.Join(failed, "; "), len(failed) > 0
	return result, nil
}
