package main

import (
	"fmt"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/saved"
)

// schedule gives the parts of a source what --follow or --flows-from
// says.
func (o *generateOptions) schedule(runs []*run.Manifest, source *saved.Source) error {
	var follow config.Follow
	if err := follow.UnmarshalText([]byte(o.follow)); err != nil {
		return usageError{fmt.Errorf("generate: --follow %q: %w", o.follow, err)}
	}
	for i := range source.Parts {
		var err error
		if part := &source.Parts[i]; o.follow != "" {
			part.Dynamics, err = saved.OpenDynamics(runs[source.Parts[i].Run], follow.Period())
		} else if o.flowsFrom != "" {
			part.Dynamics, err = saved.OpenFlowTable(runs[source.Parts[i].Run], o.flowsFrom, part.Traffic)
		}
		if err != nil {
			return fmt.Errorf("generate: %w", err)
		}
	}
	return nil
}
