package radio

import (
	"math"

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

	levelRSSI, levelSNR levelStats // of the device
	meanFactor          float64    // of its spreading factors
}

// Add takes in an uplink; a packet without radio fields does not matter.
func (h *Past) Add(r *flow.Radio) {
	if r == nil {
		return
	}
	h.packets++
	h.rssi, h.snr, h.factor = r.RSSI, r.SNR, r.SpreadingFactor
	h.meanRSSI += (r.RSSI - h.meanRSSI) / float32(h.packets)
	h.meanSNR += (r.SNR - h.meanSNR) / float32(h.packets)
	h.step = (r.Counter - h.counter) & counterMask
	h.counter = r.Counter
}

const pastWidth = 6

// PastWidth returns how many numbers AppendPast adds.
func (m *Uplinks) PastWidth() int { return pastWidth }

// AppendPast adds what the network is told of the uplinks before to dst, as numbers
// of about unit size.
func (m *Uplinks) AppendPast(dst []float32, h *Past) []float32 {
	if h.packets == 0 {
		return append(dst, 0, 0, 0, 0, 0, 0)
	}
	step := float32(0)
	if m.Senders == nil && h.packets > 1 {
		step = float32(math.Log1p(float64(h.step)) / 5)
	}
	unit := func(of levelStats, v float32) float32 { return float32(max(-3, min(3, of.unit(float64(v))))) }
	return append(dst, unit(h.levelRSSI, h.rssi), unit(h.levelSNR, h.snr), unit(h.levelRSSI, h.meanRSSI), unit(h.levelSNR, h.meanSNR), (float32(h.factor)-9)/2, step)
}
