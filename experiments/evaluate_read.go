package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/fidelity"
)

// realFlows reads the real side. Without a training capture a random half of the
// real one stands for it.
func (c *command) realFlows(ctx context.Context, real, training string, app flow.Application, src rand.Source) (split fidelity.Split, err error) {
	if split.HeldOut, err = c.readFlows(ctx, real, app, true); err != nil {
		return split, err
	}
	if training != "" {
		split.Training, err = c.readFlows(ctx, training, app, true)
		return split, err
	}
	flows := split.HeldOut
	rand.New(src).Shuffle(len(flows), func(i, j int) { flows[i], flows[j] = flows[j], flows[i] })
	split.Training, split.HeldOut = flows[:len(flows)/2], flows[len(flows)/2:]
	return split, nil
}

// readFlows reads the flows of a trace. Where only is set, flows of other applications
// than app are left out.
func (c *command) readFlows(ctx context.Context, path string, app flow.Application, only bool) ([]*flow.Flow, error) {
	data, err := c.openTrace(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("evaluate: %w", err)
	}
	defer data.Close()
	assembler := flow.Assembler{}
	if only {
		assembler.Only = app
	}
	flows, damaged, err := flow.Collect(assembler.Flows(data.Packets(ctx, trace.Selection{Application: app})))
	if err != nil {
		return nil, err
	}
	for _, warning := range data.Warnings() {
		c.terminal().Warn(warning.Error())
	}
	if len(damaged) > 0 {
		fmt.Fprintf(c.err, "warning: %d damaged records are left out, the first: %v\n", len(damaged), damaged[0])
	}
	if len(flows) == 0 {
		return nil, fmt.Errorf("evaluate: %s: no flow%s to compare", path, ofApplication(app))
	}
	return flows, nil
}

// ofApplication returns " of HTTP", or nothing for all applications.
func ofApplication(app flow.Application) string {
	if app == flow.Unknown {
		return ""
	}
	return " of " + app.String()
}
