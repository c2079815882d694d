package aggregate

import (
	"cmp"
	"context"
	"iter"
	"math"
	"math/rand/v2"

	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// Spec is what the aggregate level decides of a flow before its packets are drawn.
type Spec struct {
	Number  int64     // of the flow in the request, from 0, with those before the request's From
	Start   int64     // nanoseconds since 1970-01-01 UTC
	Packets int64     // exactly so many, as a schedule says, or where flows were learnt in part; 0: about as many as Latent stands for
	Latent  []float32 // scores of the model's columns but the last, the inter-flow time
}

// Specs returns a function that gives the specs of a request, false behind the last:
// for each flow a component by the chain, a summary from it, and from that the start.
// The first flow starts with the request; the others follow at inter-flow times
// divided by its rate factor, so that a timeline of any length has the training's
// load and bursts, times the factor. A flow that no time stamp can hold is an error.
// Of a request with a schedule, starts and packets are the schedule's. The flows that
// start before the request's From are drawn and left out.
func (m *Model) Specs(r generator.Request) func() (Spec, bool, error) {
	if r.Schedule != nil {
		return m.followed(r)
	}
	p := m.places(r)
	return func() (Spec, bool, error) {
		at, within, err := p.from(r.From)
		if !within || err != nil {
			return Spec{}, false, err
		}
		row := at.row()
		s := Spec{Number: at.number, Start: at.start, Latent: make([]float32, len(m.Scales)-1)}
		for j := range s.Latent {
			s.Latent[j] = float32(row[j])
		}
		if m.Part > 0 { // where the flow ends was not learnt
			s.Packets = m.Packets(s)
		}
		return s, true, nil
	}
}

// place is a flow of a request: its number, its start, and the row of the rest, which is
// valid until the next place.
type place struct {
	number, start int64
	row           func() []float64
}

// places are the flows of a request, one after the other, with those before its From.
type places struct {
	m       *Model
	r       generator.Request
	rows    *rowDrawer
	cycle   func() (row func() []float64, seconds float64) // of long-lived flows; nil: flows follow each other
	number  int64                                          // of the next
	seconds float64                                        // from the request's start to the last, without the rounding of each gap
	err     error
}

// places begins the flows of a request, at its Resume where it has one.
func (m *Model) places(r generator.Request) *places {
	p := &places{m: m, r: r, rows: m.rows(r.Seed)}
	switch {
	case m.LongLived != nil:
		p.cycle = m.LongLived.starts(m, r, p.rows)
	case r.Resume != nil:
		p.number, p.seconds = r.Resume.Number, r.Resume.After
		if p.err = r.Resume.Sourced(p.rows.sources[:]...); p.err == nil {
			p.err = p.rows.chain.resume(r.Resume.Nodes)
		}
	}
	return p
}

// state returns where the flows have come to; nil: they must be drawn from the first on.
func (p *places) state() *generator.Resume {
	if p.cycle != nil {
		return nil
	}
	return generator.ResumeOf(p.number, p.seconds, p.rows.chain.nodes(), p.rows.sources[:]...)
}

// next returns the next flow, and reports whether the request takes it.
func (p *places) next() (place, bool, error) {
	if p.err != nil {
		return place{}, false, p.err
	}
	row, seconds := p.rows.whole, 0.0
	if p.cycle != nil {
		row, seconds = p.cycle()
	} else {
		seconds = p.follow()
	}
	resolution := float64(p.m.Resolution)
	at, within, err := p.r.At(p.number, math.Round(seconds*1e9/resolution)*resolution)
	p.number++
	return place{p.number - 1, at, row}, within, err
}

// from returns the next flow that starts at a time or later.
func (p *places) from(time int64) (place, bool, error) {
	at, within, err := p.next()
	for within && at.start < time {
		at, within, err = p.next()
	}
	return at, within, err
}

// follow draws a row, and returns the seconds from the request's start to its flow, which
// follows the one before it at the inter-flow time of the row.
func (p *places) follow() float64 {
	row := p.rows.draw()
	if p.number > 0 {
		p.seconds += math.Pow(10, p.m.arrival(row)) / p.r.Factor()
	}
	return p.seconds
}

// Resumes is that of generator.Planner.
func (m *Model) Resumes(ctx context.Context, r generator.Request, at []int64) ([]*generator.Resume, error) {
	if r.Schedule != nil || m.LongLived != nil { // few, or passed over at no price
		return make([]*generator.Resume, len(at)), nil
	}
	if err := r.Validate(); err != nil {
		return nil, err
	}
	p := m.places(r)
	return generator.CollectResumes(ctx, at, p.state, func() (int64, bool, error) {
		next, within, err := p.next()
		return next.start, within, err
	})
}

// Starts yields the starts of the flows of a request, for half the price of Specs.
func (m *Model) Starts(ctx context.Context, r generator.Request) iter.Seq2[int64, error] {
	return func(yield func(int64, error) bool) {
		if err := r.Validate(); err != nil {
			yield(0, err)
			return
		}
		next := m.startsOf(r)
		for {
			err := ctx.Err()
			at, within := int64(0), false
			if err == nil {
				at, within, err = next()
			}
			if err != nil {
				yield(0, err)
				return
			}
			if !within || !yield(at, nil) {
				return
			}
		}
	}
}

// startsOf returns a function that gives one start of a request after the other, from its
// From on.
func (m *Model) startsOf(r generator.Request) func() (at int64, within bool, err error) {
	if r.Schedule != nil {
		next := m.followed(r)
		return func() (int64, bool, error) {
			s, more, err := next()
			return s.Start, more, err
		}
	}
	p := m.places(r)
	return func() (int64, bool, error) {
		at, within, err := p.from(r.From)
		return at.start, within, err
	}
}

// arrival returns what the last column of a drawn row stands for.
func (m *Model) arrival(row []float64) float64 {
	j := len(m.Scales) - 1
	return m.Scales[j].value(row[j])
}

// rowDrawer draws the scores of one flow after the other.
type rowDrawer struct {
	m        *Model
	sources  [2]*rand.PCG // of chain and of random
	chain    *rowChain
	random   *rand.Rand
	alone    []float64 // weights of the flows in no group, by label
	row      []float64
	label    int
	repeated bool
}

// rows returns what draws the rows of a seed.
func (m *Model) rows(seed uint64) *rowDrawer {
	d := &rowDrawer{m: m, sources: [2]*rand.PCG{rand.NewPCG(seed, 0x706c616e), rand.NewPCG(seed, 0x66616d)}, alone: m.Rows.Weights}
	d.chain, d.random = m.Rows.draws(d.sources[0]), rand.New(d.sources[1])
	if m.Repeated != nil {
		d.alone = make([]float64, len(m.Rows.Weights))
		for k, weight := range m.Rows.Weights {
			d.alone[k] = weight * m.Repeated.Alone[k]
		}
	}
	return d
}

// draw draws a row, of which only the last column is as it has to be: more than half the
// price of a row is in the others, and the start of a flow needs none of them.
func (d *rowDrawer) draw() []float64 {
	d.row, d.label = d.chain.next(d.row)
	d.repeated = d.m.Repeated != nil && d.m.Repeated.draw(d.row, d.label, d.m.Scales, d.random)
	d.column(len(d.m.Scales) - 1)
	return d.row
}

// whole makes all columns of the row that was drawn last as they have to be. It must be
// called once at most.
func (d *rowDrawer) whole() []float64 {
	for j := range len(d.m.Scales) - 1 {
		d.column(j)
	}
	return d.row
}

// column makes one column as it has to be.
func (d *rowDrawer) column(j int) {
	m, row := d.m, d.row
	switch s, last := &m.Scales[j], j == len(m.Scales)-1; {
	case s.Range != nil: // NeCSTGen's values are what the mixture draws
	case len(s.Sorted) == 0:
		row[j] = s.score(0, d.random)
	case last && m.Rows.Arrivals != nil: // a score of the column itself
	case m.Repeated == nil || last:
		row[j] = m.Rows.level(j, row[j])
	case !d.repeated:
		row[j] = m.Repeated.rest(j, m.Rows.below(j, row[j], d.alone))
	}
}

// Packets returns how many packets a flow has, at least 1: as its schedule says, or as
// its latent does.
func (m *Model) Packets(s Spec) int64 {
	if s.Packets > 0 {
		return s.Packets
	}
	return max(1, int64(math.Round(math.Pow(10, m.Scales[logPackets].value(float64(s.Latent[logPackets]))))))
}

// AppendLatent adds the scores of a training flow to dst, given its row of Summaries.
func (m *Model) AppendLatent(dst []float32, summary []float64, random *rand.Rand) []float32 {
	for j := range len(m.Scales) - 1 {
		dst = append(dst, float32(m.Scales[j].score(summary[j], random)))
	}
	return dst
}

// Targets returns the totals that the latent of a flow stands for, as log10: packets,
// payload both ways, seconds.
func (m *Model) Targets(latent []float32) (t [TargetCount]float64) {
	for i := range t {
		t[i] = m.Scales[i].value(float64(latent[i]))
		if math.IsNaN(t[i]) {
			t[i] = 0
		}
	}
	return t
}

// RoundTrip returns log10 seconds of the round trip that the latent of a flow stands for,
// false where no flow had any or the model has no such column.
func (m *Model) RoundTrip(latent []float32) (log float64, known bool) {
	if len(m.Scales) <= roundTrip {
		return 0, false
	}
	log = m.Scales[roundTrip].value(float64(latent[roundTrip]))
	return log, !math.IsNaN(log)
}

// Expected returns about how many flows a request comes to, at least 1.
func (m *Model) Expected(r generator.Request) int {
	flows := float64(r.Flows)
	if r.Schedule != nil {
		return max(1, min(cmp.Or(r.Flows, math.MaxInt), len(r.Schedule.Flows)))
	}
	rate := r.Factor() / m.Between
	if m.LongLived != nil {
		rate = r.Factor() * m.LongLived.Flows * 1e9 / float64(m.LongLived.Span)
	}
	if r.Duration > 0 {
		if most := 1 + r.Duration.Seconds()*rate; r.Flows == 0 || most < flows {
			flows = most
		}
	}
	if r.Until > r.Start {
		flows = min(flows, 1+float64(r.Until-r.Start)/1e9*rate)
	}
	if r.From > r.Start {
		flows -= float64(r.From-r.Start) / 1e9 * rate
	}
	return int(max(1, min(flows, math.MaxInt32)))
}

// Row is a flow as the aggregate level by itself draws it.
type Row struct {
	Packets int64   // at least 1
	Gap     float64 // seconds since the start of the flow before, 0 for the first
	Start   int64   // nanoseconds since 1970-01-01 UTC
}

// Draw yields the rows of a request in start order.
func (m *Model) Draw(ctx context.Context, r generator.Request) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		if err := r.Validate(); err != nil {
			yield(Row{}, err)
			return
		}
		next, before := m.Specs(r), r.Start
		for {
			if err := ctx.Err(); err != nil {
				yield(Row{}, err)
				return
			}
			s, more, err := next()
			if err != nil {
				yield(Row{}, err)
				return
			}
			if !more || !yield(Row{Packets: m.Packets(s), Gap: float64(s.Start-before) / 1e9, Start: s.Start}, nil) {
				return
			}
			before = s.Start
		}
	}
}
