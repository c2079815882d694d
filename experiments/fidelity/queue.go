package fidelity

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// queueLimit is the number of packets that the simulated queue holds, the one that is
// being sent among them: Linux gives an interface a queue of 1,000 by default. It is long
// enough for the delay to differ at every load, where 50 packets, a fifth of a second of
// the quickstart's, are full at half the load already, and short enough to lose some at
// the highest. A limit in packets suits a sensor's capture as well as a server's, where one
// in bytes or milliseconds would be less than a frame of the one and never fill with the
// other.
const queueLimit = 1000

// queueLoads are the loads that the real traffic puts on the server.
var queueLoads = []float64{0.5, 0.8, 0.95}

// minQueued is the number of packets a side below which the queue says nothing: of fewer,
// the delay that 1 % exceed is that of a single packet.
const minQueued = 100

// arrival is a packet that comes to the queue.
type arrival struct {
	at    int64 // nanoseconds since the timeline's begin
	bytes int32 // length of the frame
}

// offered is the timeline's packets in the order of their times.
func (t *timeline) offered() []arrival {
	var list []arrival
	for _, f := range t.flows {
		for i := range f.Packets {
			if p := &f.Packets[i]; p.Time >= t.begin {
				list = append(list, arrival{p.Time - t.begin, p.Length})
			}
		}
	}
	slices.SortFunc(list, func(a, b arrival) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.bytes, b.bytes)) })
	return list
}

// served is what becomes of packets at a queue.
type served struct {
	loss  float64 // share of the packets that find the queue full
	delay float64 // seconds from arrival to the last byte sent that 1 % of the others exceed, at least 1 us
}

// serve sends packets, which are by time, through one queue, first in, first out, and a
// server of that rate in bytes a second. By Lindley's recursion (Proc. Cambridge Phil. Soc.
// 48, 1952) a packet begins to be sent when it is there and the one before it has left.
func serve(packets []arrival, rate float64) served {
	var inside []float64 // when the packets in the queue will have left, in seconds
	var last float64
	delays := make([]float64, 0, len(packets))
	lost := 0
	for _, p := range packets {
		now := float64(p.at) / 1e9
		for len(inside) > 0 && inside[0] <= now {
			inside = inside[1:]
		}
		if len(inside) == queueLimit {
			lost++
			continue
		}
		last = max(last, now) + float64(p.bytes)/rate
		inside = append(inside, last)
		delays = append(delays, last-now)
	}
	slices.Sort(delays)
	return served{float64(lost) / float64(len(packets)), max(gapFloor, Quantile(delays, 0.99))}
}

// queueing is what becomes of both sides at each of queueLoads.
type queueing struct {
	real, synthetic   []served
	nReal, nSynthetic int    // packets
	note              string // of a part
	missing           string // why there is no real and synthetic
}

// queues feeds both sides, cut to the shorter one's span, into the same servers. Their
// rates are fixed by the real side: at load 0.8 it brings 0.8 of what the server could
// send in the seconds in which the real side has a packet. Seconds without any are left
// out, or a capture of a few bursts in an hour would meet a server that is as slow as the
// hour's mean. Where a side has more than MaxPackets packets, the span ends with these.
func (c *comparison) queues() queueing {
	span := c.sharedSpan()
	real, synthetic := upTo(c.whole.offered(), span), upTo(c.generated.offered(), span)
	q := queueing{nReal: len(real), nSynthetic: len(synthetic)}
	for _, packets := range [][]arrival{real, synthetic} {
		if most := c.cfg.MaxPackets; len(packets) > most {
			span = min(span, packets[most-1].at)
			q.note = fmt.Sprintf("over the first %.4g s", float64(span)/1e9)
		}
	}
	if q.note != "" {
		real, synthetic = upTo(real, span), upTo(synthetic, span)
		q.note += fmt.Sprintf(", %d of %d real and %d of %d synthetic packets", len(real), q.nReal, len(synthetic), q.nSynthetic)
		q.nReal, q.nSynthetic = len(real), len(synthetic)
	}
	if min(q.nReal, q.nSynthetic) < minQueued {
		q.missing = fmt.Sprintf("%d real and %d synthetic packets in the shared span: want at least %d of each", q.nReal, q.nSynthetic, minQueued)
		return q
	}
	rate := busyRate(real)
	if rate == 0 {
		q.missing = "the real packets have no bytes"
		return q
	}
	for _, load := range queueLoads {
		q.real, q.synthetic = append(q.real, serve(real, rate/load)), append(q.synthetic, serve(synthetic, rate/load))
	}
	return q
}

// upTo is the packets up to a time.
func upTo(packets []arrival, end int64) []arrival {
	n, _ := slices.BinarySearchFunc(packets, end, func(a arrival, end int64) int { return cmp.Compare(a.at, end+1) })
	return packets[:n]
}

// busyRate is the bytes a second over the seconds that have a packet.
func busyRate(packets []arrival) float64 {
	var bytes, seconds float64
	before := int64(-1)
	for _, p := range packets {
		bytes += float64(p.bytes)
		if second := p.at / rateBin; second != before {
			before = second
			seconds++
		}
	}
	return bytes / seconds
}

// queueMeasures are what the traffic does to a queue.
func queueMeasures() []measure {
	const server = ", each side fed into the same server with a queue of 1,000 packets, whose rate puts the real side at 50, 80 and 95 % load in the seconds in which it sends; mean over the loads."
	return []measure{
		{
			Definition: Definition{"load", "queue loss", Distance, "Difference of the shares of packets that find the queue full" + server},
			compute: func(c *comparison) result {
				return c.queueResult(" %", func(s served) float64 { return 100 * s.loss }, func(a, b served) float64 { return math.Abs(a.loss - b.loss) })
			},
		},
		{
			Definition: Definition{"load", "queue delay", Distance, "Difference of log10 of the seconds of delay that 1 % of the packets exceed, 0.3 being twice as long" + server},
			compute: func(c *comparison) result {
				return c.queueResult(" s", func(s served) float64 { return s.delay }, func(a, b served) float64 { return math.Abs(math.Log10(a.delay / b.delay)) })
			},
		},
	}
}

// queueResult is the mean over the loads of a difference, with what the sides have in
// that unit.
func (c *comparison) queueResult(unit string, what func(s served) float64, difference func(a, b served) float64) result {
	q := c.queued.get(c.queues)
	if q.missing != "" {
		return missing("%s", q.missing)
	}
	r := result{real: q.nReal, synthetic: q.nSynthetic}
	var real, synthetic []string
	for i := range queueLoads {
		r.value += difference(q.real[i], q.synthetic[i]) / float64(len(queueLoads))
		real, synthetic = append(real, fmt.Sprintf("%.3g", what(q.real[i]))), append(synthetic, fmt.Sprintf("%.3g", what(q.synthetic[i])))
	}
	r.note = joinNotes(fmt.Sprintf("real %s%s, synthetic %s%s", strings.Join(real, ", "), unit, strings.Join(synthetic, ", "), unit), q.note)
	return r
}
