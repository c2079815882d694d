// Package trained draws from the models that finished runs have saved, of one
// application or of several at once.
package trained

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/payload"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/gomlxmodels/device"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// Open loads what runs have saved. Backend is what computes: "" for the first
// run's own, "auto" for the best one there is. Messages about it go to out.
func Open(ctx context.Context, runs []*run.Manifest, backend string, out io.Writer) (_ *Source, err error) {
	var d *device.Device
	defer func() {
		if err != nil && d != nil {
			d.Close()
		}
	}()
	var parts []Part
	for _, m := range runs {
		var b compute.Backend
		if networked(m) {
			if d == nil {
				if d, err = openDevice(ctx, m, backend, out); err != nil {
					return nil, err
				}
			}
			b = d.Backend
		}
		p, err := openPart(m, b)
		if err != nil {
			return nil, fmt.Errorf("trained: %s: %w", m.Dir, err)
		}
		parts = append(parts, p)
	}
	s, err := New(parts...)
	if err != nil {
		return nil, err
	}
	s.device = d
	return s, nil
}

// networked tells a generator that needs a backend.
func networked(m *run.Manifest) bool {
	return m.Config.Generator != config.Chain && m.Config.Generator != config.Bootstrap
}

func openDevice(ctx context.Context, m *run.Manifest, backend string, out io.Writer) (*device.Device, error) {
	if backend == "" {
		backend = m.Backend.Name
	}
	if backend == string(config.Auto) {
		backend = ""
	}
	o := device.Options{Backend: backend, Out: out}
	if m.Config.Generator == config.Sampled {
		o.Threads = 1 // its locksteps share the processors: 13 % more packets a second than with a pool for each step
	}
	return device.Open(ctx, o)
}

// openPart loads one run.
func openPart(m *run.Manifest, b compute.Backend) (p Part, err error) {
	if p.Traffic, err = readTraffic(m); err != nil {
		return p, err
	}
	if p.Plan, err = readPlan(m.Path("model/plan.json")); err != nil {
		return p, err
	}
	if p.Examples, err = readExamples(m.Path(ExamplesName)); err != nil {
		return p, err
	}
	kind := string(m.Config.Generator)
	p.Generator, err = generator.Load(b, kind, m.Path("model/"+kind))
	return p, err
}

// ExamplesName is the file of a run that has examples of payloads, if they are to be
// copied.
const ExamplesName = "model/examples.json"

// readExamples reads the examples of a run; one that copies no payloads has none.
func readExamples(path string) ([]payload.Example, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return payload.ReadExamples(f, path)
}

func readPlan(path string) (*address.Plan, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return address.Read(f, path)
}

// readTraffic reads what a finished run of this version has learnt from.
func readTraffic(m *run.Manifest) (t Traffic, err error) {
	if m.Status != run.Finished {
		return t, fmt.Errorf("its status is %s: want a finished run", m.Status)
	}
	data, err := os.ReadFile(m.Path(TrafficName))
	if errors.Is(err, fs.ErrNotExist) {
		return t, fmt.Errorf("it has no %s, so another version of this program made it: run the experiment again", TrafficName)
	}
	if err == nil {
		err = json.Unmarshal(data, &t)
	}
	if err != nil {
		return t, fmt.Errorf("%s: %w", TrafficName, err)
	}
	return t, nil
}
