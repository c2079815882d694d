package fidelity

import (
	"math"

	"github.com/necstgen/necstgen/datasets/flow"
)

// windowPackets is the number of consecutive packets that the window classifier sees.
const windowPackets = 5

// ofEachFlow makes rows of a function that has a row for each flow.
func ofEachFlow(values func(f *flow.Flow, c clock) []float64) func(s *sample) []row {
	return func(s *sample) []row {
		rows := make([]row, len(s.flows))
		for j, f := range s.flows {
			rows[j] = row{values(f, s.clock), j}
		}
		return rows
	}
}

// summaryColumns are what summary returns.
var summaryColumns = []string{"packets", "bytes", "duration", "share of the server's packets", "mean length", "deviation of length", "mean log gap"}

// summary is what a flow looks like as a whole: packets, bytes, duration in
// seconds, proportion of server packets, mean and standard deviation of the frame
// length, mean log10 gap (the least where there is no gap).
func summary(f *flow.Flow, c clock) []float64 {
	n := float64(len(f.Packets))
	var backward, sum, squares, gaps float64
	for i := range f.Packets {
		p := &f.Packets[i]
		backward += float64(p.Direction)
		sum += float64(p.Length)
		squares += float64(p.Length) * float64(p.Length)
		if i > 0 {
			gaps += c.logSeconds(gapBefore(f, i))
		}
	}
	meanGap := math.Log10(gapFloor)
	if len(f.Packets) > 1 {
		meanGap = gaps / (n - 1)
	}
	deviation := math.Sqrt(max(0, squares/n-sum/n*(sum/n)))
	duration := math.Pow(10, c.logSeconds(int64(f.Duration())))
	return []float64{n, sum, duration, backward / n, sum / n, deviation, meanGap}
}

// windowFieldNames are what windows have of each packet; of uplinks all, else the first
// five.
var windowFieldNames = []string{"length", "direction", "log gap", "header length", "flags", "spreading factor", "frequency", "SNR", "RSSI", "code rate", "step of the frame counter"}

// windowRows is one row of 5 values a packet, of uplinks 11, for every windowPackets
// packets in a row. A flow's first packet has the least gap.
func windowRows(s *sample) []row {
	var rows []row
	for j, f := range s.flows {
		if len(f.Packets) < windowPackets {
			continue
		}
		values, width := packetRows(s, f)
		for from := 0; from+windowPackets <= len(f.Packets); from++ {
			rows = append(rows, row{values[from*width : (from+windowPackets)*width], j})
		}
	}
	return rows
}

// packetRows is what windows have of the packets of a flow, one behind the other, and
// the number of values of each.
func packetRows(s *sample, f *flow.Flow) (values []float64, width int) {
	counters := make(map[uint32]uint32)
	for i := range f.Packets {
		p := &f.Packets[i]
		gap := math.Log10(gapFloor)
		if i > 0 {
			gap = s.clock.logSeconds(gapBefore(f, i))
		}
		values = append(values, float64(p.Length), float64(p.Direction), gap, float64(p.HeaderLength), float64(p.Flags))
		if r := p.Radio; s.uplinks && r != nil {
			values = windowFields(values, r, counters)
		} else if s.uplinks {
			values = append(values, make([]float64, uplinkFields)...)
		}
		if i == 0 {
			width = len(values)
		}
	}
	return values, width
}

// joinNotes puts two notes, which may be empty, into one.
func joinNotes(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}
