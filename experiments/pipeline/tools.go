package pipeline

import (
	"context"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/fidelity/tool"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// askTools asks other programs what they see in the frames of the data, as far as they are
// compared, and in the capture that was generated.
func askTools(ctx context.Context, env *stage.Env, p evaluateParams, cfg fidelity.Config, real fidelity.Split, synthetic []*flow.Flow) (tool.Findings, error) {
	switch {
	case len(p.Tools) == 0:
		return tool.Findings{}, nil
	case p.Level == config.PacketLevel:
		return tool.Absent("the packet level draws a table, not a capture"), nil
	}
	seed, err := env.Seed("evaluate")
	if err != nil {
		return tool.Findings{}, err
	}
	capture, err := env.Path(captureName)
	if err != nil {
		return tool.Findings{}, err
	}
	open := func(ctx context.Context, file string) (*trace.Trace, error) {
		if file == captureName {
			return trace.OpenFile(ctx, capture, nil)
		}
		data, err := openEnv(env)
		if err != nil {
			return nil, err
		}
		return data.Trace, nil
	}
	return cfg.AskTools(ctx, fidelity.ToolSources{Versions: p.Tools, Open: open, Training: dataName, HeldOut: dataName, Synthetic: captureName}, real, synthetic, seed)
}
