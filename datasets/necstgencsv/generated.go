package necstgencsv

import (
	"fmt"
	"io"
	"iter"
	"math"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Output names a file of generated packets (algorithm.md 9.3).
type Output string

// The outputs of packets. Columns that end in _lstm are the recurrent network's
// answers, those in _vae the decoded features: empty where a generator draws packets
// without an autoencoder.
const (
	Connected    Output = "connected"     // 12 columns, with flags and flow_id
	NotConnected Output = "not-connected" // 11: no flags
	NoFlow       Output = "no-flow"       // 10: neither flags nor flow_id
)

// Columns are the names of the output's columns in order, nil for an unknown one.
func (o Output) Columns() []string {
	columns := []string{"length_total_lstm", "length_total_vae", "direction"}
	if o == Connected {
		columns = append(columns, "flags")
	}
	columns = append(columns, "timesteps_lstm", "timesteps_vae", "time_diff_lstm", "time_diff_vae",
		"header_length_lstm", "header_length_vae", "payload_length_all_vae")
	switch o {
	case Connected, NotConnected:
		return append(columns, "flow_id")
	case NoFlow:
		return columns
	}
	return nil
}

// GeneratedFlowColumns are the columns of generated flows: packets, seconds
// since the flow before, and their running sum.
func GeneratedFlowColumns() []string { return []string{"count_total", "time_diff", "timesteps"} }

// WriteGenerated writes flows as a file of generated packets: flow after flow,
// numbered from 0, with gaps and their running sum inside each; in NoFlow one
// running sum over all packets, which must be in time order. The _lstm columns are the
// packets, the _vae columns their Decoded, empty where a packet has none; gaps in those
// are since the packet before in the traffic, of whatever flow, as the features are
// (algorithm.md section 3).
func WriteGenerated(w io.Writer, output Output, flows iter.Seq2[*flow.Flow, error]) error {
	columns := output.Columns()
	if columns == nil {
		return fmt.Errorf("necstgencsv: unknown output %q: want %s, %s or %s", output, Connected, NotConnected, NoFlow)
	}
	return writeNumbers(w, columns, func(yield func([]float64, error) bool) {
		rows := generatedRows{output: output, row: make([]float64, 0, len(columns))}
		for f, err := range flows {
			if err != nil {
				if !yield(nil, err) {
					return
				}
				continue
			}
			if output != NoFlow {
				rows.last, rows.sum, rows.decodedSum = f.Start(), 0, 0
			}
			for i := range f.Packets {
				if !yield(rows.next(&f.Packets[i]), nil) {
					return
				}
			}
			rows.flows++
		}
	})
}

// generatedRows makes rows of packets.
type generatedRows struct {
	output     Output
	row        []float64
	flows      int   // before this one
	begun      bool  // there was a packet
	last, sum  int64 // time of the packet before, and the gaps up to it, nanoseconds
	decodedSum float64
}

// next returns the row of the next packet, valid until the one behind it.
func (g *generatedRows) next(p *flow.Packet) []float64 {
	if !g.begun {
		g.begun, g.last = true, p.Time
	}
	gap := max(0, p.Time-g.last)
	g.last, g.sum = p.Time, g.sum+gap
	d := p.Decoded
	if d == nil {
		none := math.NaN()
		d = &flow.Decoded{Length: none, HeaderLength: none, PayloadLength: none, Gap: none}
	}
	g.decodedSum += d.Gap
	row := append(g.row[:0], float64(p.Length), d.Length, float64(p.Direction))
	if g.output == Connected {
		row = append(row, float64(p.Flags))
	}
	row = append(row, seconds(g.sum), g.decodedSum, seconds(gap), d.Gap, float64(p.HeaderLength), d.HeaderLength, d.PayloadLength)
	if g.output != NoFlow {
		row = append(row, float64(g.flows))
	}
	return row
}

// WriteGeneratedFlows writes one row per flow, in start order.
func WriteGeneratedFlows(w io.Writer, flows iter.Seq2[*flow.Flow, error]) error {
	return writeNumbers(w, GeneratedFlowColumns(), func(yield func([]float64, error) bool) {
		row := make([]float64, 3)
		var last, sum int64
		first := true
		for f, err := range flows {
			if err != nil {
				if !yield(nil, err) {
					return
				}
				continue
			}
			gap := max(0, f.Start()-last)
			if first {
				gap, first = 0, false
			}
			last = f.Start()
			sum += gap
			row[0], row[1], row[2] = float64(len(f.Packets)), seconds(gap), seconds(sum)
			if !yield(row, nil) {
				return
			}
		}
	})
}
