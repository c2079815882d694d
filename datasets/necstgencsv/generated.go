package necstgencsv

import (
	"fmt"
	"io"
	"iter"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Output names a file of generated packets (algorithm.md 9.3).
type Output string

// The outputs of packets. Columns that end in _lstm are the recurrent network's
// answers, those in _vae the decoded features.
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
// running sum over all packets, which must be in time order. There is one value
// of each quantity, so it stands in both the _lstm and the _vae column.
func WriteGenerated(w io.Writer, output Output, flows iter.Seq2[*flow.Flow, error]) error {
	columns := output.Columns()
	if columns == nil {
		return fmt.Errorf("necstgencsv: unknown output %q: want %s, %s or %s", output, Connected, NotConnected, NoFlow)
	}
	return writeNumbers(w, columns, func(yield func([]float64, error) bool) {
		row := make([]float64, 0, len(columns))
		var id, last, sum int64
		first := true
		for f, err := range flows {
			if err != nil {
				if !yield(nil, err) {
					return
				}
				continue
			}
			if output != NoFlow {
				first, sum = true, 0
			}
			for i := range f.Packets {
				p := &f.Packets[i]
				gap := max(0, p.Time-last)
				if first {
					gap, first = 0, false
				}
				last = p.Time
				sum += gap
				row = generatedRow(row[:0], output, p, gap, sum, id)
				if !yield(row, nil) {
					return
				}
			}
			id++
		}
	})
}

func generatedRow(row []float64, output Output, p *flow.Packet, gap, sum, id int64) []float64 {
	length, header := float64(p.Length), float64(p.HeaderLength)
	row = append(row, length, length, float64(p.Direction))
	if output == Connected {
		row = append(row, float64(p.Flags))
	}
	row = append(row, seconds(sum), seconds(sum), seconds(gap), seconds(gap), header, header, float64(p.PayloadLength))
	if output != NoFlow {
		row = append(row, float64(id))
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
