// Package saved draws from what finished runs have learnt, from one application or
// from several at once.
//
//	Source   what draws: one or several parts; Open loads them, New takes those at hand
//	Part     one application: its generator, its hosts, its rates
//	Amount   how much to draw
//	Division an amount cut into Shards of one span of time each, which are drawn apart
//
// A Source draws flows, and its Framer makes frames of them. OpenAggregate loads the
// aggregate level alone, which draws a table of flows without packets.
package saved

import (
	"context"
	"fmt"
	"io"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/payload"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/gomlxmodels/device"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/artifact"
)

// Artifacts of a run beside those of its generator.
const (
	HeldOutTableName = "heldout_flows.parquet" // the flows that were not learnt, a table as table.WriteFlows writes it, of a run with level = "aggregate"

	PlanName     = "model/plan.json"     // the hosts, an address.Plan
	WordsName    = "model/words.json"    // how often the training capture says what, payload.Statistics
	ExamplesName = "model/examples.json" // payloads of the training capture, of a run with generate.payload = "copy"
)

// Open loads what runs have saved. Backend is what computes: "" for the first
// run's own, "auto" for the best one there is. Messages about it go to out. Every
// file is digested before it is read.
func Open(ctx context.Context, runs []*run.Manifest, backend string, out io.Writer) (_ *Source, err error) {
	var d *device.Device
	defer func() {
		if err != nil && d != nil {
			d.Close()
		}
	}()
	var parts []Part
	for i, m := range runs {
		var own []Part
		kind, err := kindOf(m)
		if err == nil && m.Config.Level == config.PacketLevel || m.Config.Level == config.AggregateLevel {
			err = fmt.Errorf("it has learnt the level %s alone: want generate --level %s, or a run with level=flow", m.Config.Level, m.Config.Level)
		}
		if err == nil && kind.Device && d == nil {
			d, err = openDevice(ctx, kind, m, backend, out)
		}
		if err == nil {
			own, err = openParts(m, kind, d)
		}
		if err != nil {
			return nil, fmt.Errorf("saved: %s: %w", m.Dir, err)
		}
		for k := range own {
			own[k].Run = i
		}
		parts = append(parts, own...)
	}
	s, err := New(parts...)
	if err != nil {
		return nil, err
	}
	s.device = d
	return s, nil
}

// kindOf returns the kind of generator that a finished run has learnt.
func kindOf(m *run.Manifest) (generator.Kind, error) {
	if m.Status != run.Finished {
		return generator.Kind{}, fmt.Errorf("its status is %s: want a finished run", m.Status)
	}
	return generator.Find(string(m.Config.Generator))
}

// openDevice opens the backend that the models of all runs compute on.
func openDevice(ctx context.Context, kind generator.Kind, m *run.Manifest, backend string, out io.Writer) (*device.Device, error) {
	own := backend == ""
	if own {
		backend = m.Backend.Name
	}
	if backend == string(config.Auto) {
		backend = ""
	}
	o := device.Options{Backend: backend, Out: out}
	if kind.OneThread {
		o.Threads = 1
	}
	d, err := device.Open(ctx, o)
	if err != nil && own {
		return nil, fmt.Errorf("it was made on %s: --backend auto takes what is here: %w", backend, err)
	}
	return d, err
}

// openParts loads what one run has learnt.
func openParts(m *run.Manifest, kind generator.Kind, d *device.Device) ([]Part, error) {
	var b compute.Backend
	if kind.Device {
		b = d.Backend
	}
	path := func(artifact string) (string, error) { return m.Path(artifact), m.Check(artifact) }
	return Load(kind, b, m.Config.Data.Application, Payloads{Words: m.Has(WordsName), Examples: m.Has(ExamplesName)}, path)
}

// Payloads are what a run has learnt of payloads.
type Payloads struct {
	Words    bool // statistics of what is said; runs of earlier versions have none
	Examples bool // what is said itself, of a run with generate.payload = "copy"
}

// Load reads what a run has learnt, a part for each of its applications, from its
// artifacts, with what there is of payloads; path says where each lies, and fails for one
// that is not there or not what it was. The parts have one plan of hosts, and the first has
// the payloads of all.
func Load(kind generator.Kind, b compute.Backend, apps flow.Applications, has Payloads, path artifact.Paths) ([]Part, error) {
	shared := Part{Origin: flow.Origin{Name: flow.Generated, Generator: kind.Name}}
	whole, err := artifact.Read(path, generator.TrafficName, generator.ReadTraffic)
	if err != nil {
		return nil, err
	}
	if shared.Plan, err = artifact.Read(path, PlanName, address.Read); err != nil {
		return nil, err
	}
	parts := make([]Part, len(apps))
	for i, app := range apps {
		own := artifact.Within(artifact.Folder(app, apps), path)
		p := &parts[i]
		*p = shared
		if p.Traffic, err = artifact.Read(own, generator.TrafficName, generator.ReadTraffic); err != nil {
			return nil, err
		}
		of, err := kind.Of(app)
		if err == nil {
			p.Origin.Generator = of.Name
			p.Generator, err = of.Load(b, own)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", app, err)
		}
		if len(apps) > 1 {
			p.Whole = &whole
		}
	}
	if has.Words {
		if parts[0].Statistics, err = artifact.Read(path, WordsName, payload.ReadStatistics); err != nil {
			return nil, err
		}
	}
	if has.Examples {
		if parts[0].Examples, err = artifact.Read(path, ExamplesName, payload.ReadExamples); err != nil {
			return nil, err
		}
	}
	return parts, nil
}
