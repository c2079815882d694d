package saved

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// Division cuts the time of an amount into shards that can be drawn apart, each knowing
// nothing of the others but this. A shard has the packets of its time: those of the flows
// that start in it, and the last ones of flows that start before.
//
// What is drawn at once is a block: the flows that start in a part of a shard's time. A
// shard has a block of most of its time, and one of its last part, which is as long as
// flows may last (Reach); that one the next shard draws, too, and takes the packets of its own
// time from it. Both draw the same, because the starts of all flows are drawn before their
// packets, and each block has its own seed and its own ports.
type Division struct {
	Borders []int64       `json:"borders"` // start of each shard's time, nanoseconds since 1970-01-01 UTC
	Blocks  []Block       `json:"blocks"`  // in time order
	Flows   int64         `json:"flows"`   // of all shards together
	Reach   time.Duration `json:"reach"`   // a packet that comes later than this behind the end of its flow's block is left out
}

// Block is the flows that start in a part of a shard's time.
type Block struct {
	Shard  int   `json:"shard"`  // from 0
	From   int64 `json:"from"`   // no flow starts before it, nanoseconds since 1970-01-01 UTC
	Before int64 `json:"before"` // flows of all blocks before it

	// Resumes say, for each part, where its starts have come to.
	Resumes []*generator.Resume `json:"resumes"`
}

// Reach is the longest flow's duration that was learnt, times reachFactor, since what is
// drawn may last longer, plus reachSlack, since the frames that complete a connection come
// behind its last packet.
const (
	reachFactor = 2
	reachSlack  = time.Second
)

// Divide cuts an amount into n shards of as many flows. The amount is bounded by flows or
// by duration, or what it follows has an end: how many flows have so many packets shows
// only when they are drawn. The starts of all flows are drawn some times over: 3 s for a
// million flows of the quickstart's run, whose packets take some minutes. No shard draws
// them again.
func (s *Source) Divide(ctx context.Context, a Amount, n int) (*Division, error) {
	if err := s.divisible(a); err != nil {
		return nil, err
	}
	d := &Division{Flows: int64(a.Flows), Reach: reachFactor*s.longest() + reachSlack}
	if parts, _ := s.followed(); parts > 0 || a.Duration > 0 {
		d.Flows = 0
		for _, err := range s.planned(ctx, a) {
			if err != nil {
				return nil, err
			}
			d.Flows++
		}
	}
	if d.Flows < int64(n) {
		return nil, fmt.Errorf("saved: %d shards of %d flows: want at most as many shards as flows", n, d.Flows)
	}
	number := int64(0)
	for at, err := range s.planned(ctx, a) {
		if err != nil {
			return nil, err
		}
		if len(d.Borders) < n && number == int64(len(d.Borders))*d.Flows/int64(n) {
			if k := len(d.Borders); k > 0 && at <= d.Borders[k-1] {
				return nil, fmt.Errorf("saved: shard %d of %d has no time of its own, for its flows start together: want fewer shards", k, n)
			}
			d.Borders = append(d.Borders, at)
		}
		number++
	}
	if err := d.cut(s.planned(ctx, a)); err != nil {
		return nil, err
	}
	return d, s.resumes(ctx, a, d)
}

// resumes sets where the starts of each part have come to at each block.
func (s *Source) resumes(ctx context.Context, a Amount, d *Division) error {
	froms := make([]int64, len(d.Blocks))
	for k := range froms {
		froms[k] = d.Blocks[k].From
	}
	for i, r := range s.requests(a) {
		all, err := s.Parts[i].Generator.(generator.Planner).Resumes(ctx, r, froms)
		if err != nil {
			return fmt.Errorf("saved: %w", err)
		}
		for k := range froms {
			d.Blocks[k].Resumes = append(d.Blocks[k].Resumes, all[k])
		}
	}
	return nil
}

// cut makes the blocks of the borders, given the starts of all flows. A block without
// flows is left out.
func (d *Division) cut(starts iter.Seq2[int64, error]) error {
	for i, border := range d.Borders {
		d.Blocks = append(d.Blocks, Block{Shard: i, From: border})
		if i == len(d.Borders)-1 {
			break
		}
		if tail := d.Borders[i+1] - int64(d.Reach); tail > border {
			d.Blocks = append(d.Blocks, Block{Shard: i, From: tail})
		}
	}
	number, k := int64(0), 0
	for at, err := range starts {
		if err != nil {
			return err
		}
		for k < len(d.Blocks) && at >= d.Blocks[k].From {
			d.Blocks[k].Before = number
			k++
		}
		number++
	}
	var all []Block
	for i, b := range d.Blocks[:k] {
		if i == k-1 || d.Blocks[i+1].Before > b.Before {
			all = append(all, b)
		}
	}
	d.Blocks = all
	return nil
}

// divisible returns an error for what cannot be cut into shards.
func (s *Source) divisible(a Amount) error {
	parts, _ := s.followed()
	if err := a.check(parts == len(s.Parts)); err != nil {
		return err
	}
	if a.Packets > 0 {
		about := a
		about.Packets, about.Flows = 0, 1
		perFlow, _ := s.Estimate(about)
		return fmt.Errorf("saved: shards of %d packets: how many flows that is shows only when they are drawn: want --flows %.0f, which is about as much, or --duration", a.Packets, math.Ceil(float64(a.Packets)/perFlow))
	}
	for i := range s.Parts {
		p := &s.Parts[i]
		_, planner := p.Generator.(generator.Planner)
		switch {
		case p.Traffic.Segment > 0:
			return fmt.Errorf("saved: shards of %s: it was learnt as one timeline without flows (data.flows = \"none\"), and each packet follows the one before it: want it whole", p.Traffic.Application)
		case p.Traffic.Uplinks:
			return errors.New("saved: shards of LoRaWAN uplinks: each device has one counter of frames through all of its time: want it whole")
		case !planner:
			return fmt.Errorf("saved: shards of %s: its generator draws no starts by themselves: want it whole", p.Traffic.Application)
		}
	}
	return nil
}

// longest returns how long the longest flow that was learnt lasts. A run of an older version
// does not say, and then it is as long as all that was learnt.
func (s *Source) longest() time.Duration {
	longest := int64(0)
	for i := range s.Parts {
		t := &s.Parts[i].Traffic
		if t.Longest > 0 {
			longest = max(longest, t.Longest)
		} else {
			longest = max(longest, t.End-t.Start)
		}
	}
	return time.Duration(longest)
}

// planned yields the starts of the flows that Flows draws.
func (s *Source) planned(ctx context.Context, a Amount) iter.Seq2[int64, error] {
	streams := make([]iter.Seq2[int64, error], len(s.Parts))
	for i, r := range s.requests(a) {
		streams[i] = s.Parts[i].Generator.(generator.Planner).Starts(ctx, r)
	}
	return func(yield func(int64, error) bool) {
		n := 0
		for at, err := range inOrder(streams) {
			if !yield(at, err) {
				return
			}
			if n++; a.Flows > 0 && n == a.Flows {
				return
			}
		}
	}
}

// inOrder merges ascending streams of times into one.
func inOrder(streams []iter.Seq2[int64, error]) iter.Seq2[int64, error] {
	if len(streams) == 1 {
		return streams[0]
	}
	return func(yield func(int64, error) bool) {
		type head struct {
			at   int64
			err  error
			next func() (int64, error, bool)
		}
		var heads []*head
		for _, s := range streams {
			next, stop := iter.Pull2(s)
			defer stop()
			if at, err, ok := next(); ok {
				heads = append(heads, &head{at, err, next})
			}
		}
		for len(heads) > 0 {
			first := 0
			for i, h := range heads {
				if h.err != nil || heads[first].err == nil && h.at < heads[first].at {
					first = i
				}
			}
			h := heads[first]
			if !yield(h.at, h.err) || h.err != nil {
				return
			}
			var ok bool
			if h.at, h.err, ok = h.next(); !ok {
				heads = append(heads[:first], heads[first+1:]...)
			}
		}
	}
}
