package saved

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/payload"
	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/gomlxmodels/device"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// Part is one application of a Source: what a run has learnt of it. Parts of one run have
// one Plan.
type Part struct {
	Generator  generator.Generator
	Plan       *address.Plan
	Statistics []payload.Statistics // how often its capture says what; nil: assumed
	Examples   []payload.Example    // payloads of its capture; nil without generate.payload = "copy"
	Traffic    generator.Traffic
	Weight     float64   // proportion of all flows; 0: what its rate makes it
	Dynamics   *Dynamics // starts and sizes that are followed; nil: they are drawn
	Run        int       // number of the run, of those that were opened, that it is of

	// Origin is what the records of its flows say; the seed is that of the amount.
	Origin flow.Origin

	// Whole is the traffic of all applications of the run, of which this is one; nil: it
	// is the only one.
	Whole *generator.Traffic
}

// rate returns the flows a second, over all of the time that the run has learnt from.
func (p *Part) rate() float64 {
	if p.Whole == nil {
		return p.Traffic.Rate()
	}
	return float64(p.Traffic.Flows) / max(1e-3, time.Duration(p.Whole.Last-p.Whole.Start).Seconds())
}

// Source draws flows of one application or of several at once. The caller must
// close one that was opened.
type Source struct {
	Parts []Part

	plan   *address.Plan
	hosts  [][]int // of several parts: by part and host of its plan, the host of plan
	device *device.Device
}

// New returns a Source of parts, of which either all have a weight or none.
func New(parts ...Part) (*Source, error) {
	if len(parts) == 0 {
		return nil, errors.New("saved: no part to draw from")
	}
	var plans []*address.Plan
	for _, p := range parts {
		if p.Weight < 0 || p.Weight > 1 || (p.Weight > 0) != (parts[0].Weight > 0) {
			return nil, fmt.Errorf("saved: %s has a weight of %g: want weights above 0 and up to 1 of all applications, or of none", p.Traffic.Application, p.Weight)
		}
		if !slices.Contains(plans, p.Plan) {
			plans = append(plans, p.Plan)
		}
	}
	s := &Source{Parts: parts, plan: plans[0]}
	if len(plans) == 1 {
		return s, nil
	}
	plan, hosts, err := address.Merge(plans...)
	if err != nil {
		return nil, fmt.Errorf("saved: %w", err)
	}
	s.plan = plan
	for _, p := range parts {
		s.hosts = append(s.hosts, hosts[slices.Index(plans, p.Plan)])
	}
	return s, nil
}

// Device returns device.Device.Identity of what computes, "" where nothing needs one.
func (s *Source) Device() string {
	if s.device == nil {
		return ""
	}
	return s.device.Identity()
}

// Close releases the backend.
func (s *Source) Close() {
	if s.device != nil {
		s.device.Close()
	}
}

// starts returns the time of the first flow of each part: that of the amount, else that
// of the first part. Where dynamics are followed, these keep their distance.
func (s *Source) starts(a Amount, factors []float64) []int64 {
	own := func(i int) int64 {
		if d := s.Parts[i].Dynamics; d != nil && d.Start != 0 {
			return d.Start
		}
		return s.Parts[i].Traffic.Start
	}
	first := own(0)
	for i := range s.Parts {
		if s.Parts[i].Dynamics != nil {
			first = min(first, own(i))
		}
	}
	starts := make([]int64, len(s.Parts))
	if a.Observed {
		first = s.Parts[0].Whole.Start
	}
	for i := range s.Parts {
		starts[i] = cmp.Or(a.Start, first)
		if s.Parts[i].Dynamics != nil || a.Observed {
			starts[i] += int64(math.Round(float64(own(i)-first) / factors[i]))
		}
	}
	return starts
}

// followed returns how many parts follow dynamics, and how many packets these have.
func (s *Source) followed() (parts int, packets float64) {
	for i := range s.Parts {
		d := s.Parts[i].Dynamics
		if d == nil {
			continue
		}
		parts++
		packets += float64(len(d.Packets))
		for _, f := range d.Flows {
			packets += float64(f.Packets)
		}
	}
	return parts, packets
}

// factors returns, for each part, by what its own rate is multiplied. Weights divide the
// sum of all rates.
func (s *Source) factors(a Amount) []float64 {
	all := a.RateFactor
	if all == 0 {
		all = 1
	}
	var rates, weights float64
	for i := range s.Parts {
		rates += s.Parts[i].rate()
		weights += s.Parts[i].Weight
	}
	factors := make([]float64, len(s.Parts))
	for i := range s.Parts {
		p := &s.Parts[i]
		switch {
		case weights > 0:
			factors[i] = all * p.Weight / weights * rates / p.Traffic.Rate()
		case a.Observed:
			factors[i] = all
		default:
			factors[i] = all * (p.rate() / p.Traffic.Rate())
		}
	}
	return factors
}

// Estimate returns about how many packets, and bytes of frames, an amount is.
func (s *Source) Estimate(a Amount) (packets, bytes float64) {
	var flows, perSecond, sizes float64 // flows, packets and bytes a second
	for i, factor := range s.factors(a) {
		t := &s.Parts[i].Traffic
		rate := t.Rate() * factor
		flows, perSecond, sizes = flows+rate, perSecond+rate*t.PerFlow(), sizes+rate*t.PerFlow()*t.PerPacket()
	}
	packets = math.Inf(1)
	if parts, all := s.followed(); parts == len(s.Parts) {
		packets = all
	}
	if a.Observed {
		packets = 0
		for i := range s.Parts {
			packets += float64(s.Parts[i].Traffic.Packets)
		}
	}
	if a.Flows > 0 {
		packets = float64(a.Flows) * perSecond / flows
	}
	if a.Duration > 0 {
		packets = min(packets, a.Duration.Seconds()*perSecond)
	}
	if a.Packets > 0 {
		packets = min(packets, float64(a.Packets))
	}
	return packets, packets * sizes / perSecond
}

// Flows draws an amount of flows in start order, all parts from the same start on.
func (s *Source) Flows(ctx context.Context, a Amount) iter.Seq2[*flow.Flow, error] {
	parts, _ := s.followed()
	if err := a.check(a.Observed || parts == len(s.Parts)); err != nil {
		return func(yield func(*flow.Flow, error) bool) { yield(nil, err) }
	}
	return upTo(s.draw(ctx, a.Seed, s.requests(a)), a)
}

// requests returns what each part is asked for.
func (s *Source) requests(a Amount) []generator.Request {
	factors := s.factors(a)
	starts := s.starts(a, factors)
	requests := make([]generator.Request, len(s.Parts))
	for i, p := range s.Parts {
		r := generator.Request{Flows: a.Flows, Packets: a.Packets, Duration: a.Duration, RateFactor: factors[i], Seed: a.Seed, Start: starts[i]}
		if i > 0 {
			r.Seed = partSeed(a.Seed, i)
		}
		if r.Flows == 0 && a.Packets > 0 {
			r.Flows = int(min(a.Packets, math.MaxInt32)) // a flow has at least one packet
		}
		if p.Dynamics != nil {
			r.Schedule = &p.Dynamics.Schedule
		}
		if a.Observed {
			r.Flows = int(p.Traffic.Flows)
		}
		requests[i] = r
	}
	return requests
}

// draw draws what each part is asked for, as one stream of flows in start order. The seed
// is that of the amount, of which each part has its own.
func (s *Source) draw(ctx context.Context, seed uint64, requests []generator.Request) iter.Seq2[*flow.Flow, error] {
	streams := make([]iter.Seq2[*flow.Flow, error], len(s.Parts))
	for i, p := range s.Parts {
		streams[i] = p.Traffic.Pad(p.Generator.Flows(ctx, requests[i]))
		if p.Dynamics != nil {
			streams[i] = s.named(i, streams[i])
		}
		p.Origin.Seed = seed
		streams[i] = from(&p.Origin, streams[i])
	}
	if len(streams) == 1 {
		return streams[0]
	}
	return tcp.Interleave(streams...)
}

// from gives flows their origin.
func from(o *flow.Origin, flows iter.Seq2[*flow.Flow, error]) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		for f, err := range flows {
			if f != nil {
				f.Origin = o
			}
			if !yield(f, err) {
				return
			}
		}
	}
}

// named gives the flows of a part, which follow its dynamics, the addresses of the hosts
// that these name.
func (s *Source) named(part int, flows iter.Seq2[*flow.Flow, error]) iter.Seq2[*flow.Flow, error] {
	host := func(i int) netip.AddrPort {
		if s.hosts != nil {
			i = s.hosts[part][i]
		}
		return netip.AddrPortFrom(s.plan.Hosts[i].Address, 0)
	}
	return func(yield func(*flow.Flow, error) bool) {
		for f, err := range flows {
			if err == nil && f.ID < int64(len(s.Parts[part].Dynamics.Flows)) {
				if d := &s.Parts[part].Dynamics.Flows[f.ID]; d.Client >= 0 && d.Server >= 0 {
					f.Tuple.Src, f.Tuple.Dst = host(d.Client), host(d.Server)
				}
			}
			if !yield(f, err) {
				return
			}
		}
	}
}

// partSeed returns the seed of a part behind the first.
func partSeed(seed uint64, part int) uint64 {
	return rand.NewPCG(seed, uint64(part)).Uint64() >> 1 // fits an int64, which GoMLX wants
}

// Framer returns what makes frames of the flows of a Source: with its hosts, and with its
// examples of payloads where it has some.
func (s *Source) Framer(options tcp.Options, seed uint64) (*tcp.Framer, error) {
	for _, p := range s.Parts {
		options.Statistics = append(options.Statistics, p.Statistics...)
		options.Examples = append(options.Examples, p.Examples...)
	}
	return tcp.NewFramer(s.plan, options, rand.NewPCG(seed, 1))
}

// Plan returns the hosts of the frames that a Framer with these options makes.
func (s *Source) Plan(o address.Options) (*address.Plan, error) { return s.plan.WithOptions(o) }

// Uplinks reports whether all parts are LoRaWAN uplinks, so that the capture can be
// LoRaTap.
func (s *Source) Uplinks() bool {
	for i := range s.Parts {
		if !s.Parts[i].Traffic.Uplinks {
			return false
		}
	}
	return true
}

// upTo ends the stream after the flow that reaches one of the bounds.
func upTo(flows iter.Seq2[*flow.Flow, error], a Amount) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		n, packets := 0, int64(0)
		for f, err := range flows {
			if err == nil {
				n++
				packets += int64(len(f.Packets))
			}
			if !yield(f, err) || a.Packets > 0 && packets >= a.Packets || a.Flows > 0 && n >= a.Flows {
				return
			}
		}
	}
}
