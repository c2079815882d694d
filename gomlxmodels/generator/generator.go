package generator

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Generator draws flows in start order. The same request on the same backend
// gives the same flows. Several requests may be under way at once.
type Generator interface {
	Flows(ctx context.Context, r Request) iter.Seq2[*flow.Flow, error]
}

// Planner is a Generator that draws the starts of flows by themselves.
type Planner interface {
	Generator

	// Starts yields the starts of the flows that Flows draws for the same request,
	// without their packets. A timeline without flows has none, and gives ErrNoStarts.
	Starts(ctx context.Context, r Request) iter.Seq2[int64, error]

	// Resumes returns, for each of the ascending times at, where the starts of the
	// request's flows have come to when the next one is at that time or later: a request
	// with that time as From and this as Resume does not draw those before it again. A
	// generator that must draw them gives nil.
	Resumes(ctx context.Context, r Request, at []int64) ([]*Resume, error)
}

// Resume is where the starts of a request's flows have come to.
type Resume struct {
	Number  int64    `json:"number"`  // flows before
	After   float64  `json:"after"`   // time of the last one since the request's start, in the generator's unit
	Sources [][]byte `json:"sources"` // the sources of random numbers, each as rand.PCG marshals itself
	Nodes   []int32  `json:"nodes"`   // the histories of chains
}

// Sourced sets sources to those of the resume.
func (r *Resume) Sourced(sources ...*rand.PCG) error {
	if len(r.Sources) != len(sources) {
		return fmt.Errorf("generator: resume of %d sources of random numbers: want %d", len(r.Sources), len(sources))
	}
	for i, source := range sources {
		if err := source.UnmarshalBinary(r.Sources[i]); err != nil {
			return fmt.Errorf("generator: resume: %w", err)
		}
	}
	return nil
}

// ResumeOf returns a resume with the states of sources.
func ResumeOf(number int64, after float64, nodes []int32, sources ...*rand.PCG) *Resume {
	r := &Resume{Number: number, After: after, Nodes: nodes}
	for _, source := range sources {
		state, _ := source.MarshalBinary() // which never fails
		r.Sources = append(r.Sources, state)
	}
	return r
}

// CollectResumes returns what Planner.Resumes does, given what goes from one flow to the
// next: state says where it has come to, and next gives the next start.
func CollectResumes(ctx context.Context, at []int64, state func() *Resume, next func() (start int64, within bool, err error)) ([]*Resume, error) {
	var all []*Resume
	for len(all) < len(at) {
		before := state()
		start, within, err := next()
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		for len(all) < len(at) && (!within || start >= at[len(all)]) {
			all = append(all, before)
		}
	}
	return all, nil
}

// ErrNoStarts says that the packets of traffic without flows are drawn one behind the
// other, so that none has a time before all those in front of it are drawn.
var ErrNoStarts = errors.New("generator: a timeline without flows (data.flows = \"none\") has no starts of flows")

// StartsUnless returns starts, or ErrNoStarts of a timeline without flows.
func StartsUnless(timeline bool, starts iter.Seq2[int64, error]) iter.Seq2[int64, error] {
	if timeline {
		return func(yield func(int64, error) bool) { yield(0, ErrNoStarts) }
	}
	return starts
}

// MinFlows is the least number of flows that a generator learns from, and FewFlows
// the number below which it warns that they say little.
const (
	MinFlows = 6
	FewFlows = 20
)

// Request says how much to generate: it ends at the first of its bounds, flows,
// duration and schedule, of which one must be given.
type Request struct {
	Flows      int           // flows at most; 0: no bound
	Duration   time.Duration // no flow starts later than this after Start; 0: no bound
	RateFactor float64       // flows a second, as a multiple of the training's; 0: 1
	Seed       uint64        // of every draw
	Start      int64         // time of the first flow, nanoseconds since 1970-01-01 UTC
	Packets    int64         // a hint, no bound: about how many packets will be taken, if not all; 0: all
	Schedule   *Schedule     // starts and sizes, and a further bound; nil: they are drawn

	// From and Until leave out the flows that start before From, or at Until or later, in
	// nanoseconds since 1970-01-01 UTC: the starts of those before are drawn and count for
	// the bounds, and their packets are not drawn. So requests that differ in these alone
	// have together the starts of one without them. 0: no flow is left out.
	From, Until int64

	// Resume lets the request begin at From at once; nil: the starts before are drawn.
	Resume *Resume
}

const (
	maxRateFactor = 1e6

	// MaxSpan is the longest time that a request may ask for and that may lie
	// between its start and the last time that a time stamp can hold: a century, in
	// nanoseconds.
	MaxSpan = int64(100 * 365 * 24 * time.Hour)
)

// Validate refuses a request that names no bound, or that no clock can follow.
func (r Request) Validate() error {
	switch {
	case r.Flows < 0:
		return fmt.Errorf("generator: flows = %d: want at least 1, or 0 for no bound", r.Flows)
	case r.Duration < 0:
		return fmt.Errorf("generator: duration = %v: want more than 0, or 0 for no bound", r.Duration)
	case r.Flows == 0 && r.Duration == 0 && r.Schedule == nil:
		return errors.New("generator: neither flows nor duration nor a schedule are given: want at least one of them, or there is no end")
	case math.IsNaN(r.RateFactor) || r.RateFactor < 0 || r.RateFactor > maxRateFactor || (r.RateFactor > 0 && r.RateFactor < 1/maxRateFactor):
		return fmt.Errorf("generator: rate factor = %v: want %g to %g, or 0 for 1", r.RateFactor, 1/maxRateFactor, maxRateFactor)
	case r.Start > math.MaxInt64-MaxSpan || int64(r.Duration) > MaxSpan:
		return fmt.Errorf("generator: from %d ns for %v: beyond the year 2262, where time stamps end", r.Start, r.Duration)
	}
	if r.Schedule != nil {
		return r.Schedule.validate()
	}
	return nil
}

// Factor returns the rate factor, for which 0 stands for 1.
func (r Request) Factor() float64 {
	if r.RateFactor == 0 {
		return 1
	}
	return r.RateFactor
}

// PacketSeed returns the seed of all draws but those of the starts: another one for each
// From.
func (r Request) PacketSeed() uint64 {
	if r.From == 0 {
		return r.Seed
	}
	return rand.NewPCG(r.Seed, uint64(r.From)).Uint64() >> 1 // fits an int64, which GoMLX wants
}

// At returns when flow number n (from 0) starts, so many nanoseconds after the
// request's start, and whether the request takes it. A flow that comes a century after
// the first is an error, unless the request ends before: no time stamp may hold it.
func (r Request) At(n int64, after float64) (at int64, within bool, err error) {
	if after > float64(MaxSpan) {
		if r.Duration > 0 || r.Until > 0 || n >= int64(r.Flows) {
			return 0, false, nil
		}
		return 0, false, fmt.Errorf("generator: flow %d starts a century after the first, or later: want fewer flows than %d", n, r.Flows)
	}
	at = r.Start + int64(math.Round(after))
	return at, (r.Flows == 0 || n < int64(r.Flows)) && (r.Duration == 0 || at-r.Start <= int64(r.Duration)) && (r.Until == 0 || at < r.Until), nil
}
