package saved

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/tcp"
)

// Shard draws one shard of a Division of its Source.
type Shard struct {
	source   *Source
	amount   Amount
	division *Division
	number   int // from 0
	framers  map[int]*tcp.Framer
	cut      int64
}

// Shard prepares shard number i, from 0, of an amount that d divides. Its frames depend on
// the source, the amount, the division and the options alone, and those of all shards, one
// behind the other, are one capture in time order. A division into one shard gives the
// frames of an undivided amount.
func (s *Source) Shard(a Amount, d *Division, i int, options tcp.Options) (*Shard, error) {
	shard := &Shard{source: s, amount: a, division: d, number: i, framers: make(map[int]*tcp.Framer)}
	for k := range d.Blocks {
		if !shard.draws(k) {
			continue
		}
		f, err := s.Framer(options, a.Seed)
		if err != nil {
			return nil, err
		}
		if len(d.Blocks) > 1 {
			f.Part(address.Part{Index: uint32(k), Count: uint32(len(d.Blocks)), Silent: d.Blocks[k].From + int64(d.Reach), Seed: a.Seed},
				rand.NewPCG(a.Seed, uint64(d.Blocks[k].From)))
		}
		shard.framers[k] = f
	}
	return shard, nil
}

// draws reports whether the shard draws block k: its own ones, and those before them that
// reach into its time.
func (s *Shard) draws(k int) bool {
	own := s.division.Blocks[k].Shard
	return own == s.number || own < s.number && s.division.limit(k) > s.division.Borders[s.number]
}

// limit returns the time from which on packets of block k's flows are left out.
func (d *Division) limit(k int) int64 {
	if k == len(d.Blocks)-1 {
		return math.MaxInt64
	}
	return d.Blocks[k+1].From + int64(d.Reach)
}

// end returns where the time of a shard ends.
func (d *Division) end(shard int) int64 {
	if shard == len(d.Borders)-1 {
		return math.MaxInt64
	}
	return d.Borders[shard+1]
}

// Redrawn returns the proportion of the shard's flows that it draws beside those that
// start in its time, from 0 on.
func (s *Shard) Redrawn() float64 {
	var own, others int64
	for k := range s.framers {
		if n := s.division.flows(k); s.division.Blocks[k].Shard == s.number {
			own += n
		} else {
			others += n
		}
	}
	return float64(others) / float64(max(1, own))
}

// flows returns the number of flows of block k.
func (d *Division) flows(k int) int64 {
	if k == len(d.Blocks)-1 {
		return d.Flows - d.Blocks[k].Before
	}
	return d.Blocks[k+1].Before - d.Blocks[k].Before
}

// Cut returns how many packets of the shard's own flows were left out so far, because
// their flow lasts longer than any that was learnt.
func (s *Shard) Cut() int64 { return s.cut }

// Frames yields the frames of the shard in time order, numbered from 0; flows have the
// numbers that they have in all shards together. It can be ranged over once.
func (s *Shard) Frames(ctx context.Context) iter.Seq2[tcp.Frame, error] {
	var spans []tcp.Span
	for k := range s.division.Blocks {
		if s.framers[k] != nil {
			spans = append(spans, tcp.Span{From: s.division.Blocks[k].From, Frames: s.block(ctx, k)})
		}
	}
	return tcp.Merge(spans)
}

// block yields the frames of block k that are of the shard's time.
func (s *Shard) block(ctx context.Context, k int) iter.Seq2[tcp.Frame, error] {
	from, end, limit := s.division.Borders[s.number], s.division.end(s.number), s.division.limit(k)
	own := s.division.Blocks[k].Shard == s.number
	return func(yield func(tcp.Frame, error) bool) {
		for frame, err := range s.framers[k].Frames(s.flows(ctx, k)) {
			at := frame.Packet.Time
			switch {
			case err == nil && at < from:
				continue
			case err == nil && at >= min(end, limit):
				if !own {
					return
				}
				if at >= limit {
					s.cut++
				}
				continue
			}
			if !yield(frame, err) {
				return
			}
		}
	}
}

// flows draws the flows of block k.
func (s *Shard) flows(ctx context.Context, k int) iter.Seq2[*flow.Flow, error] {
	d := s.division
	b, want := d.Blocks[k], d.flows(k)
	requests := s.source.requests(s.amount)
	for i := range requests {
		if k > 0 {
			requests[i].From, requests[i].Resume = b.From, b.Resumes[i]
		}
		if k < len(d.Blocks)-1 {
			requests[i].Until = d.Blocks[k+1].From
		}
	}
	return func(yield func(*flow.Flow, error) bool) {
		n := int64(0)
		for f, err := range s.source.draw(ctx, s.amount.Seed, requests) {
			if err == nil {
				f.ID = b.Before + n
				for j := range f.Packets {
					f.Packets[j].FlowID = f.ID
				}
				n++
			}
			if !yield(f, err) || n == want {
				return
			}
		}
		if n < want && ctx.Err() == nil {
			yield(nil, fmt.Errorf("saved: %d flows from %s on, of which %d were planned: the generator does not draw what it plans", n, clock(b.From), want))
		}
	}
}
