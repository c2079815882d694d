package generator

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

// SegmentPackets is a good number of packets for a segment: some hundred segments
// of a capture of ten thousand packets, each long enough that its ends matter little.
const SegmentPackets = 128

// Segments merges the packets of flows into one timeline and cuts it into blocks
// of size packets, the last shorter: what an application's traffic is learnt from
// that has no flows, or none worth keeping (SNMP polling, a LoRaWAN gateway). A
// packet keeps its direction and its radio fields; its FlowID is its segment's.
// Among LoRaWAN uplinks other packets, as downlinks that the gateway heard, are left
// out. The packets are copies.
func Segments(flows []*flow.Flow, size int) ([]*flow.Flow, error) {
	if size < 2 {
		return nil, fmt.Errorf("generator: segments of %d packets: want at least 2", size)
	}
	uplinks := slices.ContainsFunc(flows, func(f *flow.Flow) bool { return f.Packets[0].Radio != nil })
	var segments []*flow.Flow
	for _, at := range timeline(flows) {
		p := flows[at.flow].Packets[at.packet]
		if uplinks && p.Radio == nil {
			continue
		}
		if len(segments) == 0 || len(segments[len(segments)-1].Packets) == size {
			segments = append(segments, &flow.Flow{ID: int64(len(segments)), Tuple: p.Tuple, Application: flows[at.flow].Application})
		}
		f := segments[len(segments)-1]
		p.FlowID = f.ID
		f.Packets = append(f.Packets, p)
	}
	return segments, nil
}

// noFlow is what a generator knows of a timeline without flows, of which its
// flows are segments; nil: its flows are flows.
type noFlow struct {
	Span float64 `json:"span"` // mean seconds from a segment's start to the next one's
	Size int     `json:"size"` // packets of the longest segment
}

// fitNoFlow checks segments and measures them; nil where flows are flows.
func fitNoFlow(cfg Config, segments []*flow.Flow) (*noFlow, error) {
	if !cfg.NoFlow {
		return nil, nil
	}
	n := &noFlow{}
	for i, f := range segments {
		if i > 0 && f.Start() < end(segments[i-1]) {
			return nil, fmt.Errorf("generator: segment %d starts before the one before it ends: without flows, Segments makes what is learnt", i)
		}
		n.Size = max(n.Size, len(f.Packets))
	}
	span := float64(end(segments[len(segments)-1])-segments[0].Start()) / 1e9
	n.Span = max(shortestGap, span/float64(len(segments)))
	return n, nil
}

// ends are, for each segment, the end of the one before it: what Config.Before is
// without flows.
func ends(segments []*flow.Flow) []int64 {
	before := make([]int64, len(segments))
	for i := range segments {
		before[i] = segments[i].Start()
		if i > 0 {
			before[i] = end(segments[i-1])
		}
	}
	return before
}

func end(f *flow.Flow) int64 { return f.Packets[len(f.Packets)-1].Time }

// gapsBetween are the gaps from each segment's end to the next one's start.
func gapsBetween(segments []*flow.Flow) []int64 {
	gaps := []int64{}
	for i := 1; i < len(segments); i++ {
		gaps = append(gaps, max(0, segments[i].Start()-end(segments[i-1])))
	}
	if len(gaps) == 0 {
		gaps = append(gaps, int64(time.Second))
	}
	return gaps
}

// arrivalsOf are what the baselines draw the time between flows from; without
// flows, between the segments' ends and starts.
func arrivalsOf(cfg Config, flows []*flow.Flow) (*noFlow, []int64, error) {
	n, err := fitNoFlow(cfg, flows)
	if n == nil || err != nil {
		return nil, arrivalsSince(flows, cfg.Before), err
	}
	return n, gapsBetween(flows), nil
}

// drawFunc draws flows; draw's Flows with the segments' own clock.
type drawFunc func(context.Context, Request) iter.Seq2[*flow.Flow, error]

// flows lays the segments that draw gives one behind the other: a segment starts
// after the last packet of the one before it, by as much as draw has put between
// their starts. All gaps are divided by the rate factor, and packets later than
// the request's duration are left out, with all that follow. draw's radio uplinks
// get their devices here.
func (n *noFlow) flows(ctx context.Context, r Request, draw drawFunc, radio *radioModel) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		if err := r.Validate(); err != nil {
			yield(nil, err)
			return
		}
		t := track{at: r.Start, until: math.MaxInt64, factor: r.factor(), heard: radio.heard(r.Seed)}
		if r.Duration > 0 {
			t.until = r.Start + int64(r.Duration)
		}
		for round := uint64(0); ; round++ {
			part := Request{Flows: r.Flows, Seed: r.Seed + round*0x9E3779B97F4A7C15, Start: r.Start, Packets: r.Packets}
			if r.Flows == 0 {
				part.Flows = int(min(1<<20, 1.1*r.Duration.Seconds()*r.factor()/n.Span)) + 8
			}
			for f, err := range draw(ctx, part) {
				if err != nil {
					yield(nil, err)
					return
				}
				more := t.lay(f)
				if len(f.Packets) > 0 && !yield(f, nil) || !more {
					return
				}
			}
			if r.Flows > 0 {
				return
			}
			t.begun = false // a new round has a clock of its own
		}
	}
}

// track is where a timeline has come to.
type track struct {
	at, until int64
	factor    float64
	begun     bool
	start     int64 // of the segment before, by draw's clock
	segments  int64
	heard     *heard
}

// lay moves a segment to its place. It tells whether there is room for more.
func (t *track) lay(f *flow.Flow) bool {
	scaled := func(gap int64) int64 { return int64(math.Round(float64(gap) / t.factor)) }
	gap := int64(0)
	if t.begun {
		gap = f.Start() - t.start
	}
	t.begun, t.start = true, f.Start()
	before := f.Start()
	for i := range f.Packets {
		p := &f.Packets[i]
		if i > 0 {
			gap = p.Time - before
		}
		before = p.Time
		t.at += scaled(gap)
		if t.at > t.until {
			f.Packets = f.Packets[:i]
			break
		}
		p.Time, p.FlowID = t.at, t.segments
		t.heard.assign(p.Radio)
	}
	f.ID = t.segments
	t.segments++
	return t.at <= t.until
}
