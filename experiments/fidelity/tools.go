package fidelity

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/fidelity/tool"
)

// toolsMeasures are how far apart the answers of other programs are. Package tool has
// asked them; a baseline has no frames that they could look at.
func toolsMeasures() []measure {
	var list []measure
	for _, v := range tool.Views() {
		list = append(list, measure{
			Definition: Definition{"tools", v.Score(), Distance, v.Meaning},
			flows:      v.PerFlow,
			all:        true,
			compute: func(c *comparison) result {
				switch {
				case c.real.radio != nil:
					return notApplicable("the traffic is LoRaWAN uplinks")
				case c.baseline:
					return missing("baselines have no frames")
				}
				found, asked := c.cfg.Tools.Of(v)
				switch {
				case !asked:
					return notApplicable(v.Tool + " was not asked about this traffic alone (evaluate.tools)")
				case found.Absent != "":
					return missing("%s", found.Absent)
				}
				r := compared(found.Value, found.Real, found.Synthetic)
				if !math.IsNaN(r.value) {
					r.note = found.Note
					r.interval = func() [2]float64 { return found.Interval }
				}
				return r
			},
			floor: func(r *reference) (mean, deviation float64) {
				found, asked := r.cfg.Tools.Of(v)
				if !asked || found.Absent != "" {
					return math.NaN(), math.NaN()
				}
				return found.Floor, found.Spread
			},
		})
	}
	return list
}

// ToolSources say which programs are asked, and which files the flows were read from.
type ToolSources struct {
	Versions                     map[string]string // of the programs, as tool.Choice has them
	Training, HeldOut, Synthetic string            // files, which Open opens
	Open                         func(ctx context.Context, file string) (*trace.Trace, error)
}

// looked says how many looks of other programs have ended.
func (c Config) looked(done, total int) {
	if c.Progress != nil {
		c.Progress(int64(done), int64(total), "looks of other programs")
	}
}

// AskTools asks other programs about the flows that are compared, of many about a random
// part that is as large as Compare's own. Their findings are for Config.Tools.
func (c Config) AskTools(ctx context.Context, s ToolSources, real Split, synthetic []*flow.Flow, seed uint64) (tool.Findings, error) {
	if newRadioSample(real.HeldOut) != nil {
		return tool.Findings{}, nil // a gateway makes their records, each kind its own
	}
	c = c.withDefaults()
	src := rand.NewPCG(seed, 0)
	return tool.Ask(ctx, tool.Options{Versions: s.Versions, Open: s.Open, Progress: c.looked, Splits: c.FloorSplits, Seed: seed,
		Sample: func(flows []*flow.Flow) []*flow.Flow {
			return draw(flows, min(len(flows), c.MaxFlows), c.MaxPackets, src)
		},
	}, tool.Side{File: s.Training, Flows: real.Training}, tool.Side{File: s.HeldOut, Flows: real.HeldOut}, tool.Side{File: s.Synthetic, Flows: synthetic})
}
