package saved_test

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/baseline"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
)

// learnt is a source of connections of so many applications, each of a Markov chain.
func learnt(t *testing.T, applications ...flow.Application) *saved.Source {
	t.Helper()
	var parts []saved.Part
	for i, app := range applications {
		flows := gentest.Flows(60, rand.NewPCG(uint64(i), 1))
		for _, f := range flows {
			for f.Application = app; len(f.Packets) < 40 && f.ID%7 == 0; { // some outlast the others
				f.Packets = slices.Insert(f.Packets, 4, f.Packets[4])
				for j := 5; j < len(f.Packets); j++ {
					f.Packets[j].Time += 50e6
				}
			}
		}
		g, err := baseline.FitMarkov(3, flows, false)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, saved.Part{Generator: g, Plan: address.Default(), Traffic: generator.TrafficOf(flows)})
	}
	s, err := saved.New(parts...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// traffic is what a test sees of frames.
type traffic struct {
	bytes  uint64 // a digest
	last   int64
	frames int
	starts map[int64]int64          // by flow
	tuples map[flow.FiveTuple]int64 // forward tuple -> flow
	hosts  map[netip.Addr]bool
	shards map[int64][]int // by flow, the shards with packets of it
}

func newTraffic() *traffic {
	return &traffic{starts: map[int64]int64{}, tuples: map[flow.FiveTuple]int64{}, hosts: map[netip.Addr]bool{}, shards: map[int64][]int{}}
}

// add holds the frames of a shard against those of the shards before it.
func (w *traffic) add(t *testing.T, shard int, frames iter.Seq2[tcp.Frame, error]) {
	t.Helper()
	digest := fnv.New64a()
	for frame, err := range frames {
		if err != nil {
			t.Fatal(err)
		}
		p := &frame.Packet
		if p.Time < w.last {
			t.Fatalf("shard %d: frame %d is of %d, behind one of %d", shard, p.Number, p.Time, w.last)
		}
		w.last = p.Time
		w.frames++
		tuple := p.Tuple
		if p.Direction == flow.Backward {
			tuple = tuple.Reverse()
		}
		if owner, known := w.tuples[tuple]; known && owner != p.FlowID {
			t.Fatalf("shard %d: flows %d and %d share %v", shard, owner, p.FlowID, tuple)
		}
		w.tuples[tuple] = p.FlowID
		w.hosts[p.Tuple.Src.Addr()] = true
		if _, known := w.starts[p.FlowID]; !known {
			w.starts[p.FlowID] = p.Time
		}
		if in := w.shards[p.FlowID]; len(in) == 0 || in[len(in)-1] != shard {
			w.shards[p.FlowID] = append(in, shard)
		}
		_ = binary.Write(digest, binary.BigEndian, p.Time)
		digest.Write(frame.Bytes)
	}
	w.bytes = digest.Sum64()
}

// whole draws an amount undivided.
func whole(t *testing.T, s *saved.Source, a saved.Amount) *traffic {
	t.Helper()
	framer, err := s.Framer(tcp.Options{Complete: true}, a.Seed)
	if err != nil {
		t.Fatal(err)
	}
	w := newTraffic()
	w.add(t, 0, framer.Frames(s.Flows(t.Context(), a)))
	return w
}

// shardsOf draws all shards of an amount, in any order, and returns their frames one
// behind the other.
func shardsOf(t *testing.T, s *saved.Source, a saved.Amount, n int) (*traffic, *saved.Division) {
	t.Helper()
	d, err := s.Divide(t.Context(), a, n)
	if err != nil {
		t.Fatal(err)
	}
	drawn, cut := make([][]tcp.Frame, n), int64(0)
	for _, i := range rand.Perm(n) {
		shard, err := s.Shard(a, d, i, tcp.Options{Complete: true})
		if err != nil {
			t.Fatal(err)
		}
		span := float64(d.Borders[n-1]-d.Borders[0]) / float64(max(1, n-1))
		if redrawn := shard.Redrawn(); i == 0 && redrawn > 0 || redrawn > 3*(1+float64(d.Reach)/span) {
			t.Errorf("shard %d draws %g of its flows beside them, and flows reach %g of its time", i, redrawn, float64(d.Reach)/span)
		}
		for frame, err := range shard.Frames(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if frame.Packet.Number != int64(len(drawn[i])) {
				t.Fatalf("shard %d: frame %d has the number %d", i, len(drawn[i]), frame.Packet.Number)
			}
			frame.Bytes = bytes.Clone(frame.Bytes)
			drawn[i] = append(drawn[i], frame)
		}
		cut += shard.Cut()
	}
	w := newTraffic()
	for i, frames := range drawn {
		w.add(t, i, func(yield func(tcp.Frame, error) bool) {
			for _, f := range frames {
				if !yield(f, nil) {
					return
				}
			}
		})
	}
	if cut > int64(w.frames/50) { // the chain of this test draws flows that last longer than any it has learnt
		t.Errorf("%d shards leave out %d packets of %d", n, cut, w.frames)
	}
	return w, d
}

// The shards of an amount, one behind the other, are one capture in time order: they have
// the starts, flows and hosts of the whole, and a flow that crosses a border goes on behind
// it. One shard is the whole, byte for byte.
func TestShardsMakeTheWhole(t *testing.T) {
	for name, tt := range map[string]struct {
		applications []flow.Application
		amount       saved.Amount
	}{
		"flows":                       {[]flow.Application{flow.HTTP}, saved.Amount{Flows: 600, Seed: 3}},
		"a duration":                  {[]flow.Application{flow.HTTP}, saved.Amount{Duration: 2 * time.Minute, Seed: 4, Start: 1e18}},
		"both, denser":                {[]flow.Application{flow.HTTP}, saved.Amount{Flows: 500, Duration: time.Hour, Seed: 5, RateFactor: 8}},
		"applications":                {[]flow.Application{flow.HTTP, flow.SMTP}, saved.Amount{Flows: 600, Seed: 6}},
		"applications and a duration": {[]flow.Application{flow.HTTP, flow.SMTP, flow.SSH}, saved.Amount{Duration: time.Minute, Seed: 7}},
	} {
		t.Run(name, func(t *testing.T) {
			s := learnt(t, tt.applications...)
			one := whole(t, s, tt.amount)
			if alone, _ := shardsOf(t, s, tt.amount, 1); alone.bytes != one.bytes || alone.frames != one.frames {
				t.Errorf("one shard of %d frames is not the whole of %d", alone.frames, one.frames)
			}
			crossing := 0
			for _, n := range []int{2, 4, 16} {
				all, d := shardsOf(t, s, tt.amount, n)
				if len(all.starts) != len(one.starts) || int(d.Flows) != len(one.starts) {
					t.Errorf("%d shards have %d flows of %d, the whole has %d", n, len(all.starts), d.Flows, len(one.starts))
				}
				for id, at := range one.starts {
					if all.starts[id] != at {
						t.Fatalf("%d shards: flow %d starts at %d, in the whole at %d", n, id, all.starts[id], at)
					}
				}
				for host := range all.hosts {
					if !one.hosts[host] {
						t.Errorf("%d shards: %v is no host of the whole", n, host)
					}
				}
				if len(all.hosts) < len(one.hosts)*9/10 || all.frames < one.frames*8/10 || all.frames > one.frames*12/10 {
					t.Errorf("%d shards have %d hosts and %d frames, the whole has %d and %d", n, len(all.hosts), all.frames, len(one.hosts), one.frames)
				}
				for id, in := range all.shards {
					for i, shard := range in {
						if shard != in[0]+i {
							t.Errorf("%d shards: flow %d is in the shards %v", n, id, in)
						}
					}
					crossing += len(in) - 1
				}
			}
			if crossing == 0 {
				t.Error("no flow crosses a border")
			}
		})
	}
}

// What cannot be divided says so, and what would do.
func TestDivideRefuses(t *testing.T) {
	timeline, uplinks := learnt(t, flow.HTTP), learnt(t, flow.HTTP)
	timeline.Parts[0].Traffic.Segment, uplinks.Parts[0].Traffic.Uplinks = 8, true
	steady, _ := part(flow.DNS, 10, 0)
	plain, err := saved.New(steady)
	if err != nil {
		t.Fatal(err)
	}
	together := learnt(t, flow.HTTP)
	together.Parts[0].Dynamics = &saved.Dynamics{Schedule: generator.Schedule{Flows: slices.Repeat([]generator.ScheduledFlow{{Packets: 3, Payload: -1, Client: -1, Server: -1}}, 9)}}
	for _, tt := range []struct {
		source *saved.Source
		amount saved.Amount
		n      int
		want   string
	}{
		{learnt(t, flow.HTTP), saved.Amount{Flows: 3}, 4, "4 shards of 3 flows: want at most as many shards as flows"},
		{learnt(t, flow.HTTP), saved.Amount{}, 4, "no flows, packets or duration"},
		{learnt(t, flow.HTTP), saved.Amount{Packets: 1000}, 4, "shards of 1000 packets: how many flows that is shows only when they are drawn: want --flows "},
		{timeline, saved.Amount{Flows: 30}, 4, "shards of HTTP: it was learnt as one timeline without flows"},
		{uplinks, saved.Amount{Flows: 30}, 4, "shards of LoRaWAN uplinks: each device has one counter of frames"},
		{plain, saved.Amount{Flows: 30}, 4, "shards of DNS: its generator draws no starts by themselves"},
		{together, saved.Amount{}, 3, "shard 1 of 3 has no time of its own, for its flows start together"},
	} {
		if _, err := tt.source.Divide(t.Context(), tt.amount, tt.n); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%d shards of %+v: error %v, want %q", tt.n, tt.amount, err, tt.want)
		}
	}
}
