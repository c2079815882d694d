package aggregate

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// followed returns the specs of a request with a schedule: starts and packets are the
// schedule's, times divided by the rate factor, and the latent is that of the flow's
// summary where it is known, else that of a drawn flow of about this size.
func (m *Model) followed(r generator.Request) func() (Spec, bool, error) {
	random := rand.New(rand.NewPCG(r.PacketSeed(), 0x666f6c6c))
	var drawn *drawnFlows
	n := 0
	return func() (Spec, bool, error) {
		if n == len(r.Schedule.Flows) {
			if len(r.Schedule.Packets) > 0 {
				return Spec{}, false, generator.ErrFlows
			}
			return Spec{}, false, nil
		}
		f := &r.Schedule.Flows[n]
		at, within, err := r.At(int64(n), float64(f.After)/r.Factor())
		for ; within && at < r.From; at, within, err = r.At(int64(n), float64(f.After)/r.Factor()) {
			if n++; n == len(r.Schedule.Flows) {
				return Spec{}, false, nil
			}
			f = &r.Schedule.Flows[n]
		}
		if !within {
			return Spec{}, false, err
		}
		s := Spec{Number: int64(n), Start: at, Packets: f.Packets}
		n++
		switch {
		case len(m.Scales)-1 == LatentWidth && len(f.Summary) == LatentWidth:
			s.Latent = m.AppendLatent(nil, f.Summary, random)
		case len(m.Scales)-1 == LatentWidth:
			if drawn == nil {
				drawn = m.drawnFlows(r.Seed)
			}
			s.Latent = drawn.like(f, random)
		default: // NeCSTGen's two columns
			s.Latent = []float32{float32(m.Scales[0].score(math.Log10(float64(f.Packets)), random))}
		}
		return s, true, nil
	}
}

// drawnFlows are summaries that the model draws, ordered by packets: those from which a
// flow takes what its table does not say of it.
type drawnFlows struct {
	m       *Model
	packets []float64   // log10, ascending
	rows    [][]float64 // scores
	payload []float64   // log10 of the bytes both ways
}

// How many flows are drawn to choose from, and how many of them, next in size, one flow
// chooses from at least.
const (
	drawnFlowCount = 1 << 14
	leastChoice    = 16
)

// drawnFlows draws them.
func (m *Model) drawnFlows(seed uint64) *drawnFlows {
	next := m.rows(seed)
	d := &drawnFlows{m: m}
	for range drawnFlowCount {
		next.draw()
		d.rows = append(d.rows, slices.Clone(next.whole()))
	}
	packets := func(row []float64) float64 { return m.Scales[logPackets].value(row[logPackets]) }
	slices.SortStableFunc(d.rows, func(a, b []float64) int { return cmp.Compare(packets(a), packets(b)) })
	for _, row := range d.rows {
		d.packets = append(d.packets, packets(row))
		d.payload = append(d.payload, math.Log10(d.payloadOf(row)))
	}
	return d
}

// payloadOf returns 1 + the payload bytes both ways that a row stands for.
func (d *drawnFlows) payloadOf(row []float64) float64 {
	return math.Pow(10, d.m.Scales[logForward].value(row[logForward])) + math.Pow(10, d.m.Scales[logBackward].value(row[logBackward])) - 1
}

// like returns the latent of a flow of which packets, and perhaps payload, are known: of
// the drawn flows next to it in packets one at random, or that of the payload next to
// the flow's, with both set to the flow's own.
func (d *drawnFlows) like(f *generator.ScheduledFlow, random *rand.Rand) []float32 {
	want := math.Log10(float64(f.Packets))
	const rounding = 0.5
	low := sort.SearchFloat64s(d.packets, math.Log10(max(rounding, float64(f.Packets)-rounding)))
	high := sort.SearchFloat64s(d.packets, math.Log10(float64(f.Packets)+rounding))
	if missing := leastChoice - (high - low); missing > 0 {
		low, high = max(0, low-missing/2), min(len(d.packets), high+missing/2)
	}
	at := low + random.IntN(high-low)
	row, factor := d.rows[at], 0.0 // log10
	if f.Payload >= 0 {
		payload := math.Log10(1 + float64(f.Payload))
		for i := low; i < high; i++ {
			if math.Abs(d.payload[i]-payload) < math.Abs(d.payload[at]-payload) {
				at = i
			}
		}
		row, factor = d.rows[at], payload-d.payload[at]
	}
	latent := make([]float32, LatentWidth)
	for j := range latent {
		score := row[j]
		switch s := d.m.Scales[j]; {
		case j == logPackets:
			score = s.score(want, random)
		case f.Payload >= 0 && (j == logForward || j == logBackward):
			score = s.score(max(0, s.value(row[j])+factor), random)
		}
		latent[j] = float32(score)
	}
	return latent
}
