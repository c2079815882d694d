package radio

import (
	"math"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Past is what is kept of a device's uplinks so far.
type Past struct {
	packets           int
	key               int64   // settings of the last
	rssi, snr         float32 // of the last
	meanRSSI, meanSNR float32
	factor            uint8
	joins             bool
	counter, step     uint32
	address           uint32
	gateway           uint64

	levels     levels  // of the device
	meanFactor float64 // of its spreading factors

	plan  []send               // of a segment of a timeline: who sends
	heard map[int32]flow.Radio // the last uplink in it, by device
}

// Planned returns the gap before the next packet, unplanned where it is drawn, and
// whether it is its segment's last; ok where there is a plan.
func (h *Past) Planned() (gap time.Duration, last, ok bool) {
	if h.plan == nil {
		return 0, false, false
	}
	return h.plan[h.packets].gap, h.packets == len(h.plan)-1, true
}

// Add takes in an uplink; a packet without radio fields does not matter.
func (h *Past) Add(r *flow.Radio) {
	if r == nil {
		return
	}
	if h.plan != nil {
		h.heard[h.plan[h.packets].device] = *r
	}
	h.packets++
	h.rssi, h.snr, h.factor = r.RSSI, r.SNR, r.SpreadingFactor
	h.meanRSSI += (r.RSSI - h.meanRSSI) / float32(h.packets)
	h.meanSNR += (r.SNR - h.meanSNR) / float32(h.packets)
	h.step = (r.Counter - h.counter) & counterMask
	h.counter = r.Counter
}

// The numbers that AppendPast adds: of a device, and of the next sender on a timeline.
const (
	pastWidth   = 6
	senderWidth = 8
)

// PastWidth returns how many numbers AppendPast adds.
func (m *Uplinks) PastWidth() int {
	if m.Senders != nil {
		return senderWidth
	}
	return pastWidth
}

// AppendPast adds what the network is told of the uplinks before to dst, as numbers
// of about unit size.
func (m *Uplinks) AppendPast(dst []float32, h *Past) []float32 {
	if m.Senders != nil {
		return m.Senders.appendPast(dst, h)
	}
	if h.packets == 0 {
		return append(dst, 0, 0, 0, 0, 0, 0)
	}
	step := float32(0)
	if h.packets > 1 {
		step = float32(math.Log1p(float64(h.step)) / 5)
	}
	return append(dst, bounded(h.levels.RSSI, h.rssi), bounded(h.levels.SNR, h.snr), bounded(h.levels.RSSI, h.meanRSSI), bounded(h.levels.SNR, h.meanSNR), (float32(h.factor)-9)/2, step)
}

// bounded returns a level in standard deviations from the mean, three at most.
func bounded(of levelStats, v float32) float32 {
	return float32(max(-3, min(3, of.unit(float64(v)))))
}

// appendPast adds what the network is told of the device that sends next: its levels
// and their deviations, its spreading factor, how much it sends, and the levels of its
// last uplink in the segment.
func (d *senders) appendPast(dst []float32, h *Past) []float32 {
	var rssi, snr float32
	next := h.plan[h.packets]
	s := d.List[next.sender]
	if last, heard := h.heard[next.device]; heard {
		of := s.on(last.Frequency)
		rssi, snr = bounded(of.RSSI, last.RSSI), bounded(of.SNR, last.SNR)
	}
	factor := float32(splitSettings(s.Habits[0].Settings).factor)
	return append(dst, float32(timelineRSSI.unit(s.Levels.RSSI.Mean)), float32(timelineSNR.unit(s.Levels.SNR.Mean)), float32(s.Levels.RSSI.Deviation-3)/3, float32(s.Levels.SNR.Deviation-3)/3,
		(factor-9)/2, float32(math.Log10(float64(s.Uplinks)))-1, rssi, snr)
}
