package pipeline

import (
	"context"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/fidelity/identifier"
	"github.com/necstgen/necstgen/experiments/fidelity/tool"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// evaluateParams are the settings that decide the scores.
type evaluateParams struct {
	packetParams                 // the original is read again for what its packets say
	Scores       config.Evaluate `json:"scores"`
	MarkovOrder  int             `json:"markov_order"` // of the baseline
	RateFactor   float64         `json:"rate_factor"`  // the baselines are as dense as what is generated
	Level        config.Level    `json:"level"`
	Followed     bool            `json:"followed,omitempty"` // the capture has the starts and sizes of the original

	Tools map[string]string `json:"tools,omitempty"` // the programs that are asked, and their versions here
}

// drawn names the packets that are scored: those of the capture, or of the table of
// the packet level.
func (p evaluateParams) drawn() string {
	if p.Level == config.PacketLevel {
		return parquetName
	}
	return captureName
}

// evaluateStage scores the capture beside floors and baselines. A recurrent network is
// among the adversaries where the kind computes on a device anyway: what needs none
// should not open one for that.
func evaluateStage(e config.Experiment, kind generator.Kind) stage.Stage {
	p := evaluateParams{packetsOf(e.Data), e.Evaluate, e.Markov.Order, e.Generate.RateFactor, e.Level, e.Generate.Follow != "", e.Evaluate.Tools.Versions()}
	p.Scores.Tools = tool.None // what they are here counts
	return stage.Stage{Name: "evaluate", Version: 7, Params: p, Deps: []string{dataName, p.drawn(), generator.TrainingName, heldOutName, generator.TrafficName},
		Outs: []string{scoresName}, Seeds: []string{"evaluate", "baselines"}, Device: kind.Device,
		Run: func(ctx context.Context, env *stage.Env) error { return evaluate(ctx, env, p, kind.Device) }}
}

func evaluate(ctx context.Context, env *stage.Env, p evaluateParams, recurrent bool) error {
	t, err := readTraffic(env)
	if err != nil {
		return err
	}
	var split fidelity.Split
	if split.Training, err = readFlows(env, generator.TrainingName); err != nil {
		return err
	}
	if split.HeldOut, err = readFlows(env, heldOutName); err != nil {
		return err
	}
	payloads, err := readPayloads(ctx, env, p, split)
	if err != nil {
		return err
	}
	synthetic, err := readSynthetic(ctx, env, p, t, payloads)
	if err != nil {
		return err
	}
	baselines, err := allBaselines(ctx, env, p, t, split.Training, synthetic)
	if t.Piece > 0 {
		split.Training, split.HeldOut, synthetic = timeline.Pieces(split.Training, t.Piece), timeline.Pieces(split.HeldOut, t.Piece), timeline.Pieces(synthetic, t.Piece)
		for name := range baselines {
			baselines[name] = timeline.Pieces(baselines[name], t.Piece)
		}
	}
	if err != nil {
		return err
	}
	src, err := env.Source("evaluate")
	if err != nil {
		return err
	}
	cfg := fidelity.Config{Trees: p.Scores.Trees, Folds: p.Scores.Folds, FloorSplits: p.Scores.Floors, NoFlow: t.Segment > 0 || t.Piece > 0, Followed: p.Followed, Payloads: payloads, Progress: env.Progress}
	if cfg.Tools, err = askTools(ctx, env, p, cfg, split, synthetic); err != nil {
		return err
	}
	if recurrent {
		cfg.Recurrent = Recurrent(ctx, env.Backend)
	}
	scores, err := fidelity.Compare(cfg, split, synthetic, baselines, src)
	if err == nil {
		err = ctx.Err() // ends the training of the recurrent adversary: its score would be absent
	}
	if err != nil {
		return err
	}
	env.Note("%d scores", len(scores))
	return writeJSON(env, scoresName, scores)
}

// readPayloads reads what the packets of the original say that are learnt or held out:
// tables of packets do not keep that.
func readPayloads(ctx context.Context, env *stage.Env, p evaluateParams, split fidelity.Split) (*identifier.Original, error) {
	parts := identifier.PartsOf(split.Training, split.HeldOut)
	data, err := openEnv(env)
	if err != nil {
		return nil, err
	}
	defer data.Close()
	payloads := identifier.New()
	err = payloads.AddAll(data.Packets(ctx, p.selection()), *p.assembler(), parts)
	if changed := data.unchanged(); changed != nil {
		return nil, changed // whatever that has broken
	}
	return payloads, err
}

// readSynthetic gathers the flows of the capture by the same rules as the original's, and
// shows payloads what its packets say.
func readSynthetic(ctx context.Context, env *stage.Env, p evaluateParams, t generator.Traffic, payloads *identifier.Original) ([]*flow.Flow, error) {
	if p.Level == config.PacketLevel {
		return readFlows(env, p.drawn())
	}
	path, err := env.Path(captureName)
	if err != nil {
		return nil, err
	}
	data, err := trace.OpenFile(ctx, path, nil)
	if err != nil {
		return nil, err
	}
	defer data.Close()
	a := flow.Assembler{IdleTimeout: time.Duration(p.IdleTimeout)}
	flows, damaged, err := flow.Collect(a.Flows(payloads.Looking(data.Packets(ctx, trace.Selection{Applications: p.Application, Outer: !p.Decapsulate}))))
	if err != nil {
		return nil, err
	}
	if len(damaged) > 0 {
		return nil, damaged[0]
	}
	env.Warn(fidelity.Claim(flows, p.Application))
	if t.Segment > 0 {
		return timeline.Segments(flows, t.Segment)
	}
	return flows, nil
}
