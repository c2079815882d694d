package baseline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/artifact"
	"github.com/necstgen/necstgen/gomlxmodels/generator/radio"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

func init() { generator.Register(bootstrapKind) }

// BootstrapName is the name of the kind that copies.
const BootstrapName = "bootstrap"

var bootstrapKind = generator.Kind{
	Name:   BootstrapName,
	About:  "the training flows drawn again",
	Stages: func(generator.Settings) []stage.Stage { return []stage.Stage{bootstrapStage} },
	Load:   loadBootstrap,

	Portless: true,
}

// The artifacts of the stage.
const (
	bootstrapName      = "model/bootstrap.json"
	bootstrapFlowsName = "model/flows.parquet" // the training flows
)

// bootstrapFile is bootstrap.json.
type bootstrapFile struct {
	Segments bool `json:"segments"` // of one timeline without flows
}

var bootstrapStage = stage.Stage{
	Name: "bootstrap", Version: 1,
	Deps: []string{generator.TrainingName, generator.TrafficName}, Outs: []string{bootstrapName, bootstrapFlowsName},
	Run: func(_ context.Context, env *stage.Env) error {
		traffic, err := artifact.Read(env.Path, generator.TrafficName, generator.ReadTraffic)
		if err != nil {
			return err
		}
		if err := artifact.WriteJSON(env, bootstrapName, bootstrapFile{traffic.Segment > 0}); err != nil {
			return err
		}
		flows, err := env.Open(generator.TrainingName)
		if err != nil {
			return err
		}
		defer flows.Close()
		return env.Write(bootstrapFlowsName, func(w io.Writer) error {
			_, err := io.Copy(w, flows)
			return err
		})
	},
}

// loadBootstrap reads what the stage made.
func loadBootstrap(_ compute.Backend, path func(string) (string, error)) (generator.Generator, error) {
	var about bootstrapFile
	if err := artifact.ReadJSON(path, bootstrapName, &about); err != nil {
		return nil, err
	}
	name, err := path(bootstrapFlowsName)
	if err != nil {
		return nil, err
	}
	flows, err := table.ReadFlowPackets(name, nil)
	if err != nil {
		return nil, fmt.Errorf("generator: load: %w", err)
	}
	return FitBootstrap(flows, about.Segments)
}

// Bootstrap draws training flows with replacement and starts them at drawn inter-flow
// times. It is as close as a generator can be that invents nothing.
type Bootstrap struct {
	flows    []*flow.Flow
	arrivals []int64        // nanoseconds between starts
	pace     *timeline.Pace // nil: flows are flows, not segments of one timeline
}

// FitBootstrap keeps the training flows, which must be in start order and know the
// start of the flow before them.
func FitBootstrap(flows []*flow.Flow, segments bool) (*Bootstrap, error) {
	if len(flows) == 0 {
		return nil, fmt.Errorf("generator: no flow to draw from")
	}
	b := &Bootstrap{flows: flows, arrivals: timeline.Arrivals(flows)}
	var err error
	if segments {
		b.pace, err = timeline.Fit(flows)
	}
	return b, err
}

// Flows yields copies of training flows at new times, radio fields included.
func (b *Bootstrap) Flows(ctx context.Context, r generator.Request) iter.Seq2[*flow.Flow, error] {
	if r.Schedule != nil {
		return func(yield func(*flow.Flow, error) bool) {
			yield(nil, errors.New("generator: a bootstrap draws whole training flows, so it follows no schedule: want generator sampled, paper or markov"))
		}
	}
	if b.pace != nil {
		return b.pace.Flows(ctx, r, b.draw, radio.None{})
	}
	return b.draw(ctx, r)
}

// Starts yields the starts of the flows that Flows draws.
func (b *Bootstrap) Starts(ctx context.Context, r generator.Request) iter.Seq2[int64, error] {
	return generator.StartsUnless(b.pace != nil, starts(ctx, r, b.arrivals, bootstrapStream))
}

// Resumes says where those starts have come to at some times.
func (b *Bootstrap) Resumes(ctx context.Context, r generator.Request, at []int64) ([]*generator.Resume, error) {
	return resumes(ctx, r, at, b.arrivals, bootstrapStream)
}

// bootstrapStream is the stream of random numbers of the starts.
const bootstrapStream = 0x626f6f74

// draw yields copies; of a timeline without flows, segments by a clock of their own.
func (b *Bootstrap) draw(ctx context.Context, r generator.Request) iter.Seq2[*flow.Flow, error] {
	return started(ctx, r, b.arrivals, bootstrapStream, func(random *rand.Rand, _ rand.Source, id, at, _ int64) *flow.Flow {
		from := b.flows[random.IntN(len(b.flows))]
		f := &flow.Flow{ID: id, Application: from.Application, Tuple: flow.FiveTuple{Proto: from.Tuple.Proto}, Packets: slices.Clone(from.Packets)}
		shift := at - from.Start()
		for i := range f.Packets {
			p := &f.Packets[i]
			p.Time, p.FlowID, p.Payload = p.Time+shift, id, nil
			if p.Radio != nil {
				copied := *p.Radio
				p.Radio = &copied
			}
		}
		return f
	})
}
