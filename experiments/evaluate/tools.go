package evaluate

import (
	"cmp"
	"context"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/fidelity/tool"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// askTools asks the chosen programs what they see in the frames of the files' flows.
func (c *comparison) askTools(ctx context.Context, split fidelity.Split, candidate []*flow.Flow) (tool.Findings, error) {
	versions := c.Tools.Versions()
	if name := c.generated(); name != "" && versions != nil {
		return tool.Absent("%s is no capture: it has packets without their frames", name), nil
	}
	return c.Config.AskTools(ctx, fidelity.ToolSources{Versions: versions, Open: c.Open,
		Training: cmp.Or(c.Training, c.Real), HeldOut: c.Real, Synthetic: c.Synthetic}, split, candidate, stage.Seed(c.Seed, "evaluate"))
}
