package evaluate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/fidelity/tool"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// Options say what is compared. Real and Synthetic must be given.
type Options struct {
	Real, Synthetic string
	Training        string            // what the generator learnt from; "": a random half of Real stands for it
	Applications    flow.Applications // none: the one that the files are of, or all
	Period          flow.Period       // of Real's and Training's packets; those of generated ones have no times
	Segment         int               // packets of the segments of one timeline without flows that all files are taken as; 0: there are flows, where the files have them
	Decoded         bool              // of generated packets, the columns that end in _vae
	Config          fidelity.Config   // bounds of the work; the zero value is the default
	Tools           tool.Choice       // other programs that are asked about captures
	Seed            uint64            // of every random choice
	Open            func(ctx context.Context, name string) (*trace.Trace, error)
	Warn            func(error) // takes what is odd about the files
}

// Files compares two files. It gives the scores of fidelity.Compare, or of
// fidelity.CompareTables where one of the files is a table of flows. The same files and
// seed give the same scores, and a capture those that a run gives it.
func Files(ctx context.Context, o Options) ([]fidelity.Score, error) {
	c := comparison{Options: o, src: stage.Source(o.Seed, "evaluate")} // as the stage of a run with that seed has it
	for _, f := range []struct {
		to   **necstgencsv.OutputFile
		name string
	}{{&c.real, o.Real}, {&c.synthetic, o.Synthetic}, {&c.training, o.Training}} {
		var err error
		if *f.to, err = c.output(f.name); err != nil {
			return nil, err
		}
		if *f.to != nil && len(c.Applications) == 0 {
			c.Applications = one((*f.to).Application())
		}
	}
	if !c.Period.IsZero() && (c.real != nil || c.training != nil) {
		return nil, errors.New("evaluate: a period of time: want packets with their times, which generated ones and tables of flows have not")
	}
	if isTable(c.real) || isTable(c.synthetic) {
		if c.Segment > 0 {
			return nil, errors.New("evaluate: segments of a timeline: want packets on both sides, and one of the files is a table of flows")
		}
		if c.Tools != "" && c.Tools != tool.None {
			return nil, errors.New("evaluate: programs look at captures, and one of the files is a table of flows: want --tools none")
		}
		return c.tables(ctx)
	}
	return c.packets(ctx)
}

// comparison is two files on the way to their scores.
type comparison struct {
	Options
	src                       rand.Source
	real, synthetic, training *necstgencsv.OutputFile // nil: another kind of file
	once                      []string                // files of packets that can be read only once
}

// generated names the first file that is of generated traffic, and no capture or table of
// packets as they were sent; "": there is none.
func (c *comparison) generated() string {
	for _, f := range []*necstgencsv.OutputFile{c.real, c.synthetic, c.training} {
		if f != nil {
			return f.Name
		}
	}
	return ""
}

// output opens a file of generated traffic; nil is another kind of file.
func (c *comparison) output(name string) (*necstgencsv.OutputFile, error) {
	o, err := necstgencsv.OpenOutput(name)
	switch {
	case errors.Is(err, necstgencsv.ErrNoOutput):
		return nil, nil
	case err == nil && c.Decoded && !o.IsTable():
		o.Decoded()
	}
	return o, err
}

// one returns an application as a list, empty for Unknown.
func one(app flow.Application) flow.Applications {
	if app == flow.Unknown {
		return nil
	}
	return flow.Applications{app}
}

// claimed returns the applications that the synthetic packets are read as where none were
// asked for: of one application that one, and of a run of a whole capture its own, since no
// packet says by itself that its port was learnt with others.
func claimed(real []flow.Application) flow.Applications {
	if len(real) == 1 {
		return one(real[0])
	}
	if slices.ContainsFunc(real, flow.Application.IsService) {
		return real
	}
	return nil
}

// isTable reports whether a file is a table of flows.
func isTable(o *necstgencsv.OutputFile) bool { return o != nil && o.IsTable() }

// packets compares packets with packets.
func (c *comparison) packets(ctx context.Context) ([]fidelity.Score, error) {
	f := c.form()
	split, err := c.realFlows(ctx, f)
	if err != nil {
		return nil, err
	}
	if len(c.Applications) == 0 {
		c.Applications = claimed(split.Applications())
	}
	candidate, err := c.read(ctx, c.Synthetic, c.synthetic, f, false)
	if err != nil {
		return nil, err
	}
	if len(c.Applications) > 0 {
		warning := fidelity.Claim(candidate, c.Applications)
		if warning != nil && c.synthetic == nil {
			c.Warn(fmt.Errorf("%s: %w", c.Synthetic, warning))
		}
	}
	cfg := c.Config
	cfg.Lacks, cfg.NoFlow = f.lacks, f.timeline
	if cfg.Tools, err = c.askTools(ctx, split, candidate); err != nil {
		return nil, err
	}
	if cfg.Payloads, cfg.NoPayloads, err = c.payloads(ctx, split); err != nil {
		return nil, err
	}
	if f.timeline {
		if split, candidate, err = c.segments(split, candidate); err != nil {
			return nil, err
		}
	}
	var baselines map[string][]*flow.Flow
	if !f.timeline || c.Training != "" { // every other segment has half of the load
		baselines = map[string][]*flow.Flow{"bootstrap": split.Training}
	}
	scores, err := fidelity.Compare(cfg, split, candidate, baselines, c.src)
	if err == nil {
		err = ctx.Err() // ends the training of the recurrent adversary: its score would be absent
	}
	return scores, err
}
