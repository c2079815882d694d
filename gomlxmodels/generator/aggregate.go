package generator

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/device"
)

// aggregate is the aggregate level: when flows start, and what shape each has.
type aggregate struct {
	Scores     []normalScores // of shapeNames
	Shapes     *rowChain      // over the scores, in start order
	Families   *families      // shapes that repeat
	Residents  *residents     // nil: flows come and go
	Resolution int64          // nanoseconds of which starts are multiples
	Between    float64        // mean seconds between starts
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

// fit fits the aggregate level: scores, mixture and chain. It computes on the Go
// backend: compiling EM in eight dimensions takes XLA longer than all its work
// (1,692 flows, up to 12 components: XLA 28 to 38 s, Go 3 s on the same two cores).
func (a *aggregate) fit(ctx context.Context, cfg Config, flows []*flow.Flow, o Observer) error {
	a.Resolution = resolution(flows)
	x := shapes(flows, cfg.Before)
	for _, log := range mat.Col(nil, shapeArrive, x) {
		a.Between += math.Pow(10, log) / float64(len(flows))
	}
	a.Residents = fitResidents(x, flows)
	var columns [][]float64
	for j := range shapeWidth {
		columns = append(columns, mat.Col(nil, j, x))
		a.Scores = append(a.Scores, fitNormalScores(columns[j]))
	}
	scales := a.Scores
	if len(flows) >= paceFlows && a.Residents == nil {
		columns = append(columns, paceOf(columns[shapeArrive]))
		scales = append(slices.Clip(scales), fitNormalScores(columns[shapeWidth]))
	}
	random := rand.New(rand.NewPCG(cfg.Seed, 0x7368))
	scores := scaled(scales, columns, random)
	for j, s := range scales {
		for i := 0; len(s.Sorted) == 0 && i < len(flows); i++ {
			scores.Set(i, j, random.NormFloat64()) // no flow has it, as turns of one-way traffic: a mixture wants some variance
		}
	}
	mixture := cfg.GMM
	mixture.Components, mixture.MaxComponents = 0, min(maxShapeParts, max(1, len(flows)/(4*shapeWidth)))
	d, err := device.Open(ctx, device.Options{Backend: "go"})
	if err != nil {
		return fmt.Errorf("generator: flow shapes: %w", err)
	}
	defer d.Close()
	if a.Shapes, err = fitRows(ctx, d.Backend, scores, mixture, arrivalOrder, rand.NewPCG(cfg.Seed, 0x73686770)); err != nil {
		return fmt.Errorf("generator: flow shapes: %w", err)
	}
	a.Families = fitFamilies(x, scores, a.Shapes.rows, len(a.Shapes.Shares))
	o.warn(a.Shapes.Mixture.Warnings...)
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

// Validate refuses a request that names no bound, or that no clock can follow.
func (r Request) Validate() error {
	switch {
	case r.Flows < 0:
		return fmt.Errorf("generator: flows = %d: want at least 1, or 0 for no bound", r.Flows)
	case r.Duration < 0:
		return fmt.Errorf("generator: duration = %v: want more than 0, or 0 for no bound", r.Duration)
	case r.Flows == 0 && r.Duration == 0:
		return errors.New("generator: neither flows nor duration are given: want at least one of them, or there is no end")
	case math.IsNaN(r.RateFactor) || r.RateFactor < 0 || r.RateFactor > maxRateFactor || (r.RateFactor > 0 && r.RateFactor < 1/maxRateFactor):
		return fmt.Errorf("generator: rate factor = %v: want %g to %g, or 0 for 1", r.RateFactor, 1/maxRateFactor, maxRateFactor)
	case r.Start > math.MaxInt64-maxSpan || int64(r.Duration) > maxSpan:
		return fmt.Errorf("generator: from %d ns for %v: beyond the year 2262, where time stamps end", r.Start, r.Duration)
	}
	return nil
}

const (
	maxRateFactor = 1e6
	maxSpan       = int64(100 * 365 * 24 * time.Hour) // a century
)

// factor is the rate factor, which 0 stands for 1.
func (r Request) factor() float64 {
	if r.RateFactor == 0 {
		return 1
	}
	return r.RateFactor
}

// within tells whether the request takes flow number i (from 0) that starts at.
func (r Request) within(i, at int64) bool {
	return (r.Flows == 0 || i < int64(r.Flows)) && (r.Duration == 0 || at-r.Start <= int64(r.Duration))
}

// expected is about how many flows the request comes to, at least 1.
func (a *aggregate) expected(r Request) int {
	flows := float64(r.Flows)
	if r.Duration > 0 {
		rate := r.factor() / max(shortestGap, a.Between)
		if a.Residents != nil {
			rate = r.factor() * a.Residents.Flows * 1e9 / float64(a.Residents.Span)
		}
		if most := 1 + r.Duration.Seconds()*rate; r.Flows == 0 || most < flows {
			flows = most
		}
	}
	return int(max(1, min(flows, math.MaxInt32)))
}

// plans draws the aggregate level: for each flow a component by the chain, a
// shape from it, and from that the start. The first flow starts with the request;
// the others follow at inter-flow times divided by its rate factor, so that a
// timeline of any length has the training's load and bursts, times the factor.
func (a *aggregate) plans(r Request) func() (plan, bool) {
	starts := a.followingStarts
	if a.Residents != nil {
		starts = a.residentStarts
	}
	next := starts(r, a.shapesOf(r.Seed))
	n := int64(0)
	return func() (plan, bool) {
		shape, at := next()
		if !r.within(n, at) {
			return plan{}, false
		}
		n++
		p := plan{start: at, latent: make([]float32, latentWidth)}
		for j := range p.latent {
			p.latent[j] = float32(shape[j])
		}
		return p, true
	}
}

// aggregateFile is aggregate.json.
type aggregateFile struct {
	Shapes     []string       `json:"shapes"` // names of Scores
	Scores     []normalScores `json:"scores"`
	Shares     []float64      `json:"shares"` // of the chain's labels
	Families   *families      `json:"families"`
	Residents  *residents     `json:"residents,omitempty"`
	Resolution int64          `json:"resolution"`
	Between    float64        `json:"between"` // mean seconds between starts
}

func (a *aggregate) save(dir string) error {
	about := aggregateFile{shapeNames[:], a.Scores, a.Shapes.Shares, a.Families, a.Residents, a.Resolution, a.Between}
	return writeParts(dir, part{aggregateName, writeJSON(about)}, part{shapesName, a.Shapes.Mixture.Save}, part{arrivalsName, a.Shapes.Chain.Save})
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
	a.Scores, a.Resolution, a.Between = about.Scores, about.Resolution, about.Between
	if a.Shapes, err = loadRows(dir, about.Shares); err != nil {
		return err
	}
	if got := a.Shapes.Mixture.Columns(); got < shapeWidth {
		return fmt.Errorf("generator: load %s: a mixture over %d columns: want at least %d", dir, got, shapeWidth)
	}
	if a.Families = about.Families; !a.Families.valid(len(about.Shares)) {
		return fmt.Errorf("generator: load %s: the families do not fit the %d labels: not of this version", aggregateName, len(about.Shares))
	}
	a.Families.index()
	if a.Residents = about.Residents; a.Residents != nil && (a.Residents.Span < 1 || !(a.Residents.Flows > 0)) {
		return fmt.Errorf("generator: load %s: %v residents in %d ns", aggregateName, a.Residents.Flows, a.Residents.Span)
	}
	return nil
}
