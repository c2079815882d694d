package main

import (
	"context"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/pipeline"
	"github.com/necstgen/necstgen/gomlxmodels/device"
)

// recurrent returns what opens the network of the adversary that reads whole flows, on
// the device of --backend as run does, and what closes that device.
func (c *command) recurrent(ctx context.Context) (open func() (fidelity.SequenceClassifier, error), closeDevice func(), err error) {
	backend := config.Auto
	if c.backend != "" {
		if err := backend.UnmarshalText([]byte(c.backend)); err != nil {
			return nil, nil, usageError{err}
		}
	}
	var d *device.Device
	openDevice := func(ctx context.Context) (compute.Backend, error) {
		name := string(backend)
		if backend == config.Auto {
			name = ""
		}
		if d, err = device.Open(ctx, device.Options{Backend: name, Out: c.err}); err != nil {
			return nil, err
		}
		return d.Backend, nil
	}
	return pipeline.Recurrent(ctx, openDevice), func() {
		if d != nil {
			d.Close()
		}
	}, nil
}
