package main

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/evaluate"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/pipeline"
	"github.com/necstgen/necstgen/gomlxmodels/device"
)

// evaluateFiles scores two files. The recurrent network among the adversaries is trained
// on the device of --backend, as in a run; without flows enough for it no device is
// opened.
func (c *command) evaluateFiles(ctx context.Context, o evaluate.Options) ([]fidelity.Score, error) {
	backend := config.Auto
	if c.backend != "" {
		if err := backend.UnmarshalText([]byte(c.backend)); err != nil {
			return nil, usageError{fmt.Errorf("--backend %q: %w", c.backend, err)}
		}
	}
	name := string(backend)
	if backend == config.Auto {
		name = ""
	}
	var d *device.Device
	open := func(ctx context.Context) (compute.Backend, error) { // once for each application that is compared
		if d != nil {
			return d.Backend, nil
		}
		opened, err := device.Open(ctx, device.Options{Backend: name, Out: c.err})
		if err != nil {
			return nil, err
		}
		d = opened
		return d.Backend, nil
	}
	defer func() {
		if d != nil {
			d.Close()
		}
	}()
	shown := c.terminal().Steps("evaluate")
	defer shown.Done()
	o.Config.Progress = shown.Set
	o.Config.Recurrent = pipeline.Recurrent(ctx, open)
	return evaluate.Files(ctx, o)
}
