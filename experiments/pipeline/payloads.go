package pipeline

import (
	"context"
	"errors"
	"io"
	"iter"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/payload"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// wordsStage learns how often the packets of the training flows say what.
func wordsStage(e config.Experiment) stage.Stage {
	return payloadsStage(e, "words", saved.WordsName, payload.Learn, payload.WriteStatistics)
}

// copies reports whether payloads are those of the training capture.
func copies(e config.Experiment) bool { return e.Generate.Payload == payload.Copy }

// examplesStage gathers what the packets of the training flows say.
func examplesStage(e config.Experiment) stage.Stage {
	return payloadsStage(e, "examples", saved.ExamplesName, payload.Gather, payload.WriteExamples)
}

// payloadsStage takes something from the payloads of the training flows and saves it. It
// reads the trace again, since flows do not keep payloads.
func payloadsStage[T any](e config.Experiment, name, out string, take func(iter.Seq2[flow.Packet, error]) ([]T, error), write func(io.Writer, []T) error) stage.Stage {
	p := packetsOf(e.Data)
	return stage.Stage{Name: name, Version: 1, Params: p, Deps: []string{dataName, generator.TrainingName}, Outs: []string{out},
		Run: func(ctx context.Context, env *stage.Env) error {
			training, err := readFlows(env, generator.TrainingName)
			if err != nil {
				return err
			}
			numbers := make(map[int64]bool) // of the packets to learn from: nothing is taken that is held out
			for _, f := range training {
				for i := range f.Packets {
					numbers[f.Packets[i].Number] = true
				}
			}
			data, err := openEnv(env)
			if err != nil {
				return err
			}
			defer data.Close()
			labelled := p.assembler().Label(data.Packets(ctx, p.selection()))
			taken, err := take(func(yield func(flow.Packet, error) bool) {
				for packet, err := range labelled {
					if err == nil && !numbers[packet.Number] || flow.IsRecordError(err) { // which stage read has said
						continue
					}
					if !yield(packet, err) {
						return
					}
				}
			})
			if err := errors.Join(data.unchanged(), err); err != nil {
				return err
			}
			return env.Write(out, func(w io.Writer) error { return write(w, taken) })
		}}
}
