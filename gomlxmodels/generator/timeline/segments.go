package timeline

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// SegmentPackets is a good number of packets for a segment: some hundred segments
// of a capture of ten thousand packets, each long enough that its ends matter little.
const SegmentPackets = 128

// Segments merges the packets of flows into one timeline and cuts it into blocks
// of size packets, the last shorter: what an application's traffic is learnt from
// that has no flows, or none worth keeping (SNMP polling, a LoRaWAN gateway). A
// packet keeps its direction and its radio fields; its FlowID is its segment's. A
// segment's five-tuple is that of its first packet, from the client to the server, and
// its Before the end of the segment before it. Among LoRaWAN uplinks
// other packets, as downlinks that the gateway heard, are left out. The packets are
// copies.
func Segments(flows []*flow.Flow, size int) ([]*flow.Flow, error) {
	if size < 2 {
		return nil, fmt.Errorf("generator: segments of %d packets: want at least 2", size)
	}
	uplinks := slices.ContainsFunc(flows, func(f *flow.Flow) bool { return f.Packets[0].Radio != nil })
	var segments []*flow.Flow
	for _, at := range Order(flows) {
		p := flows[at.Flow].Packets[at.Packet]
		if uplinks && p.Radio == nil {
			continue
		}
		if n := len(segments); n == 0 || len(segments[n-1].Packets) == size {
			f := &flow.Flow{ID: int64(n), Tuple: p.Tuple, Application: flows[at.Flow].Application, Before: p.Time}
			if p.Direction == flow.Backward {
				f.Tuple = p.Tuple.Reverse()
			}
			segments = append(segments, f)
			if n > 0 {
				segments[n].Before = End(segments[n-1])
			}
		}
		f := segments[len(segments)-1]
		p.FlowID = f.ID
		f.Packets = append(f.Packets, p)
	}
	return segments, nil
}

// Pieces cuts each flow into blocks of size packets, the last shorter, as what a few long
// flows are compared by. A piece's Before is the end of the piece before it. The packets
// are those of the flows.
func Pieces(flows []*flow.Flow, size int) []*flow.Flow {
	var pieces []*flow.Flow
	for _, f := range flows {
		before := f.Before
		for packets := range slices.Chunk(f.Packets, size) {
			piece := *f
			piece.ID, piece.Packets, piece.Before = int64(len(pieces)), packets, before
			pieces = append(pieces, &piece)
			before = End(&piece)
		}
	}
	slices.SortStableFunc(pieces, func(a, b *flow.Flow) int { return cmp.Compare(a.Start(), b.Start()) })
	return pieces
}

// End returns the time of a flow's last packet.
func End(f *flow.Flow) int64 { return f.Packets[len(f.Packets)-1].Time }

// Pace is what is learnt of a timeline without flows beside its segments.
type Pace struct {
	Span float64 `json:"span"` // mean seconds from a segment's start to the next one's
	Size int     `json:"size"` // packets of the longest segment
}

// Fit checks segments and measures them.
func Fit(segments []*flow.Flow) (*Pace, error) {
	p := &Pace{}
	last := segments[len(segments)-1]
	span := float64(End(last) - last.Start())
	for i, f := range segments {
		p.Size = max(p.Size, len(f.Packets))
		if i == 0 {
			continue
		}
		if f.Start() < End(segments[i-1]) {
			return nil, fmt.Errorf("generator: segment %d starts before the one before it ends: without flows, Segments makes what is learnt", i)
		}
		if between := f.Start() - segments[i-1].Start(); Believed(between) {
			span += float64(between)
		}
	}
	p.Span = max(ShortestGap, span/1e9/float64(len(segments)))
	return p, nil
}

// Devices give packets that were drawn without flows their senders: that of the
// number given, counted from 0, or, for -1, one that fits the packet.
type Devices interface {
	Assign(p *flow.Packet, device int)
}

// Draw draws segments, by a clock of their own.
type Draw func(context.Context, generator.Request) iter.Seq2[*flow.Flow, error]

// Flows lays the segments that draw gives one behind the other: a segment starts
// after the last packet of the one before it, by as much as draw has put between
// their starts. All gaps are divided by the rate factor, and packets later than
// the request's duration are left out, with all that follow. With a schedule, packet
// after packet is sent when the schedule says, by the device that it names.
func (p *Pace) Flows(ctx context.Context, r generator.Request, draw Draw, devices Devices) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		if err := r.Validate(); err != nil {
			yield(nil, err)
			return
		}
		t := track{begin: r.Start, at: r.Start, until: math.MaxInt64, factor: r.Factor(), devices: devices}
		if r.Schedule != nil {
			if t.schedule = r.Schedule.Packets; t.schedule == nil {
				yield(nil, generator.ErrNoFlows)
				return
			}
		}
		if r.Duration > 0 {
			t.until = r.Start + int64(r.Duration)
		}
		for round := uint64(0); ; round++ {
			part := generator.Request{Flows: r.Flows, Seed: r.Seed + round*0x9E3779B97F4A7C15, Start: r.Start, Packets: r.Packets}
			switch {
			case r.Flows > 0:
			case t.schedule != nil:
				part.Flows = min(1<<20, len(t.schedule)/p.Size) + 8
			default:
				part.Flows = int(min(1<<20, 1.1*r.Duration.Seconds()*r.Factor()/p.Span)) + 8
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
	begin, at, until int64
	factor           float64
	begun            bool
	start            int64 // of the segment before, by draw's clock
	segments         int64
	devices          Devices
	schedule         []generator.ScheduledPacket // nil: gaps are draw's
	packets          int                         // laid so far
}

// lay moves a segment to its place and reports whether there is room for more.
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
		device := -1
		switch {
		case t.schedule == nil:
			t.at += scaled(gap)
		case t.packets == len(t.schedule):
			t.at = math.MaxInt64
		default:
			t.at, device = t.begin+scaled(t.schedule[t.packets].After), t.schedule[t.packets].Device
		}
		if t.at > t.until || t.at == math.MaxInt64 {
			f.Packets = f.Packets[:i]
			break
		}
		p.Time, p.FlowID = t.at, t.segments
		t.devices.Assign(p, device)
		t.packets++
	}
	f.ID = t.segments
	t.segments++
	return t.at <= t.until && (t.schedule == nil || t.packets < len(t.schedule))
}
