package generator

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/device"
	"github.com/necstgen/necstgen/gomlxmodels/gmm"
	"github.com/necstgen/necstgen/gomlxmodels/markov"
)

// aggregate is the aggregate level: when flows start, and what shape each has.
type aggregate struct {
	Scores     []normalScores // of shapeNames
	Shapes     *gmm.Model     // over normal scores
	Arrivals   *markov.Chain  // over the components of Shapes, in start order
	Resolution int64          // nanoseconds of which starts are multiples
}

// Labels that the chain over flow shapes looks back, and how many components a
// mixture over shapes may have at most: each costs 44 parameters in 8 dimensions,
// so a few hundred flows carry no more.
const (
	arrivalOrder  = 2
	maxShapeParts = 12
)

// plan is what the aggregate level decides of a flow before its packets are drawn.
type plan struct {
	start  int64     // nanoseconds since 1970-01-01 UTC
	latent []float32 // [latentWidth], normal scores
}

// fit fits the aggregate level: scores, mixture and chain. It computes on
// the Go backend: XLA compiles EM in eight dimensions anew for each number of
// components, which took 57 s where choosing between 12 for 958 flows took the
// Go backend 2.8 s in all.
func (a *aggregate) fit(ctx context.Context, cfg Config, flows []*flow.Flow, o Observer) error {
	a.Resolution = resolution(flows)
	x := shapes(flows, cfg.Before)
	random := rand.New(rand.NewPCG(cfg.Seed, 0x7368))
	scores := mat.NewDense(len(flows), shapeWidth, nil)
	for j := range shapeWidth {
		column := mat.Col(nil, j, x)
		n := fitNormalScores(column)
		a.Scores = append(a.Scores, n)
		for i, value := range column {
			scores.Set(i, j, n.score(value, random))
		}
	}
	mixture := cfg.GMM
	mixture.Components, mixture.MaxComponents = 0, min(maxShapeParts, max(1, len(flows)/(4*shapeWidth)))
	d, err := device.Open(ctx, device.Options{Backend: "go"})
	if err != nil {
		return fmt.Errorf("generator: flow shapes: %w", err)
	}
	defer d.Close()
	if a.Shapes, err = gmm.Fit(ctx, d.Backend, scores, mixture, rand.NewPCG(cfg.Seed, 0x73686770)); err != nil {
		return fmt.Errorf("generator: flow shapes: %w", err)
	}
	o.warn(a.Shapes.Warnings...)
	parts, err := a.Shapes.Predict(scores)
	if err != nil {
		return fmt.Errorf("generator: flow shapes: %w", err)
	}
	if a.Arrivals, err = markov.Fit(arrivalOrder, [][]int{parts}); err != nil {
		return fmt.Errorf("generator: flow shapes: %w", err)
	}
	return nil
}

// targets are the totals that a flow's latent stands for.
func (a *aggregate) targets(latent []float32) (t targets) {
	for i := range t {
		t[i] = a.Scores[i].value(float64(latent[i]))
		if math.IsNaN(t[i]) {
			t[i] = 0
		}
	}
	return t
}

// plans draws the aggregate level: for each flow a component by the chain, a
// shape from it, and from that the start.
func (a *aggregate) plans(r Request) func() (plan, bool) {
	src := rand.NewPCG(r.Seed, 0x706c616e)
	random := rand.New(src)
	parts := a.Arrivals.Labels()
	walk := a.Arrivals.Prior().Start()
	left, at := r.Flows, r.Start
	shape := make([]float64, shapeWidth)
	return func() (plan, bool) {
		if left == 0 {
			return plan{}, false
		}
		first := left == r.Flows
		left--
		k := drawLog(random, walk.LogProbabilities())
		walk.Step(k)
		shape = a.Shapes.SampleComponent(shape, parts[k], src)
		p := plan{latent: make([]float32, latentWidth)}
		for j := range p.latent {
			p.latent[j] = float32(shape[j])
		}
		if !first {
			seconds := math.Pow(10, a.Scores[shapeArrive].value(shape[shapeArrive]))
			at += int64(math.Round(seconds*1e9/float64(a.Resolution))) * a.Resolution
		}
		p.start = at
		return p, true
	}
}

// drawLog draws an index from unnormalised log-probabilities.
func drawLog(random *rand.Rand, logs []float32) int {
	var total float64
	for _, l := range logs {
		total += math.Exp(float64(l))
	}
	u := random.Float64() * total
	for i, l := range logs {
		if u -= math.Exp(float64(l)); u < 0 {
			return i
		}
	}
	return len(logs) - 1
}

// aggregateFile is aggregate.json.
type aggregateFile struct {
	Shapes     []string       `json:"shapes"` // names of Scores
	Scores     []normalScores `json:"scores"`
	Resolution int64          `json:"resolution"`
}

func (a *aggregate) save(dir string) error {
	about := aggregateFile{shapeNames[:], a.Scores, a.Resolution}
	return writeParts(dir, part{aggregateName, writeJSON(about)}, part{shapesName, a.Shapes.Save}, part{arrivalsName, a.Arrivals.Save})
}

func (a *aggregate) load(dir string) error {
	var about aggregateFile
	err := readJSON(dir, aggregateName, &about)
	if err != nil {
		return err
	}
	if len(about.Scores) != shapeWidth || about.Resolution < 1 {
		return fmt.Errorf("generator: load %s: %d shapes at a resolution of %d ns: not of this version", aggregateName, len(about.Scores), about.Resolution)
	}
	a.Scores, a.Resolution = about.Scores, about.Resolution
	if a.Shapes, err = readWith(dir, shapesName, gmm.Load); err != nil {
		return err
	}
	a.Arrivals, err = readWith(dir, arrivalsName, markov.Load)
	return err
}
