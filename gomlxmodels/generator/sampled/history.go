package sampled

import (
	"math"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/aggregate"
	"github.com/necstgen/necstgen/gomlxmodels/generator/radio"
)

// history is what the network is told of the packets so far, as numbers of
// about unit size; its recurrent state keeps the rest.
type history struct {
	packets        int
	gap, gapBefore float32 // log10 seconds before the last two packets
	turn           float32 // log10 seconds of the last change of direction
	answers        flow.Answers
	elapsed        time.Duration
	payload        int32
	first          [2]int32 // payload of each direction's first packet that has any
	bytes          [2]int64 // payload by direction
	direction      flow.Direction
	protocol       uint8
	sinceTurn      time.Duration
	packetsInTurn  int
	flags          [2]flow.TCPFlags // sent so far, by direction
	last           flow.TCPFlags    // of the packet before
	unanswered     [2]int64         // payload by direction since the other side's last packet
	owed           owed
	target         targets
	radio          radio.Past // of uplinks
}

// historyWidth is the number of values that append gives.
const historyWidth = 22 + aggregate.TargetCount

// seen returns 1 if that side has sent the flag. A recurrent state has to learn to
// keep it; told, it ends connections properly (without that it closes 87 % of them).
func (h *history) seen(d flow.Direction, flag flow.TCPFlags) float32 {
	if h.flags[d]&flag != 0 {
		return 1
	}
	return 0
}

// unitGap maps log10 seconds 1e-9..1e3 to 0..1.3.
func unitGap(log float32) float32 { return (log + 9) / 9 }

// log10Of returns log10(1 + x), to 1e-6. It is taken a dozen times a packet, where
// math.Log10 takes ten times as long: the exponent of the number, and for its
// mantissa m the series log m = 2 (t + t^3/3 + t^5/5 + ...) of t = (m-1)/(m+1).
func log10Of(x int64) float32 {
	bits := math.Float32bits(1 + float32(x))
	exponent := int32(bits>>23) - 127
	m := math.Float32frombits(bits&(1<<23-1) | 127<<23)
	if m > math.Sqrt2 {
		m, exponent = m/2, exponent+1
	}
	t := (m - 1) / (m + 1)
	square := t * t
	series := t * (2 + square*(2./3+square*(2./5+square*(2./7))))
	return float32(exponent)*(math.Ln2/math.Ln10) + series/math.Ln10
}

// logTime returns log10 of a time in seconds, of a nanosecond for none.
func logTime(t time.Duration) float32 { return log10Of(max(0, int64(t)-1)) - 9 }

// firstGap returns the gap before the first answer in a direction, in so small a unit that
// training's jitter leaves it exact to 12 %.
func (h *history) firstGap(d flow.Direction) float32 {
	first := h.answers.First(d)
	if first == 0 {
		return unknownGap
	}
	return logTime(first) + 2
}

// unknownGap stands for a first gap that has not come yet.
const unknownGap = -5

// append adds the values for the next packet to dst. The last two say what kind of flow
// this is when a long one's state has forgotten it; they are in so small a unit that
// training's jitter leaves similar payloads apart.
func (h *history) append(dst []float32) []float32 {
	log := func(x int64, unit float32) float32 { return log10Of(x) * (math.Ln10 / unit) }
	elapsed := logTime(h.elapsed)
	packets, bytes := log10Of(int64(h.packets)), [2]float32{log10Of(h.bytes[0]), log10Of(h.bytes[1])}
	left := func(i int, soFar float32) float32 { return max(-1, min(1, (float32(h.target[i])-soFar)/2)) }
	return append(dst,
		left(0, packets), left(1, bytes[0]), left(2, bytes[1]), left(3, elapsed),
		unitGap(h.gap), unitGap(h.gapBefore), unitGap(h.turn), h.firstGap(flow.Forward), h.firstGap(flow.Backward),
		unitGap(elapsed), log(int64(h.payload), 8), packets*(math.Ln10/5),
		bytes[0]*(math.Ln10/15), bytes[1]*(math.Ln10/15), log(int64(h.packetsInTurn), 5),
		h.seen(flow.Forward, flow.SYN), h.seen(flow.Backward, flow.SYN), h.seen(flow.Forward, flow.FIN), h.seen(flow.Backward, flow.FIN),
		max(h.seen(flow.Forward, flow.RST), h.seen(flow.Backward, flow.RST)),
		log(h.unanswered[0], 10), log(h.unanswered[1], 10), log(h.owed[0], 5), log(h.owed[1], 5), log(int64(h.first[0]), 1)-4, log(int64(h.first[1]), 1)-4)
}

// targets is what the aggregate level drew for the whole flow and the packets
// add up to, as log10: packets, payload both ways, seconds. What is still to come of each is told in
// units of two decades, two at most either way: without it a flow's totals drift
// from what was drawn for it.
type targets = [aggregate.TargetCount]float64

// begin returns the history before a flow's first packet.
func begin(t targets, r radio.Past) history {
	return history{gap: -9, gapBefore: -9, turn: -9, target: t, radio: r}
}

// add takes in a packet and the gap before it.
func (h *history) add(p *flow.Packet, gap time.Duration) {
	h.gapBefore, h.gap = h.gap, logTime(gap)
	if h.packets == 0 {
		h.gap = -9
	}
	h.elapsed += gap
	h.sinceTurn += gap
	if h.packets > 0 && p.Direction != h.direction {
		h.turn = logTime(h.sinceTurn)
		h.sinceTurn, h.packetsInTurn = 0, 0
	}
	h.answers.Add(p.Direction, gap)
	h.direction, h.protocol = p.Direction, p.Tuple.Proto
	h.payload = p.PayloadLength
	side := p.Direction & 1
	if h.first[side] == 0 {
		h.first[side] = p.PayloadLength
	}
	h.bytes[side] += int64(p.PayloadLength)
	h.unanswered[side] += int64(p.PayloadLength)
	h.unanswered[1-side] = 0
	h.owed.add(p)
	h.flags[side] |= p.Flags
	h.last = p.Flags
	h.packets++
	h.packetsInTurn++
}

// beforeFlow is no state of a connection that has sent a packet.
const beforeFlow = 1 << 16

// connection returns what the grammar knows of a flow: its protocol and which of SYN,
// FIN, RST and ACK each side has sent, beforeFlow before the first packet.
func (h *history) connection() int {
	if h.packets == 0 {
		return beforeFlow
	}
	return sent(flow.Forward, h.flags[0]) | sent(flow.Backward, h.flags[1]) | int(h.protocol)<<8
}

// before returns the step of the last packet, 0 before the first.
func (h *history) before() int {
	if h.packets == 0 {
		return 0
	}
	return step(h.direction, h.last)
}

// sent returns what flags that one side has sent are of a connection.
func sent(d flow.Direction, f flow.TCPFlags) int {
	return (int(f&(flow.FIN|flow.SYN|flow.RST)) | int(f&flow.ACK)>>1) << (4 * (d & 1))
}

// step is the direction and flags of a packet.
func step(d flow.Direction, f flow.TCPFlags) int { return int(d&1) | int(f)<<1 }

// behind returns the connection behind a packet p, with the steps of p and of the packet
// before it, which is 0 for a first packet.
func behind(connection, before int, p *flow.Packet) int {
	return connection&0xff | sent(p.Direction, p.Flags) | int(p.Tuple.Proto)<<8 | step(p.Direction, p.Flags)<<16 | before<<32
}
