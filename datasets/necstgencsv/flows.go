package necstgencsv

import (
	"io"
	"iter"

	"github.com/necstgen/necstgen/datasets/flow"
)

// flowColumns are the columns of a flow table (raw/df_raw_flows_*.csv):
// packets, bytes, their standard deviation, the start in seconds since 1970, the
// standard deviations of header and payload length, the seconds since the flow
// before, and the rate and rolling sums over flows.
func flowColumns() []string {
	return []string{"flow_id_count", "length_total_sum", "length_total_std", "timestamps_min", "header_length_std", "payload_length_std",
		"time_diff", "rate", "rolling_rate_byte_sec", "rolling_rate_byte_min", "rolling_rate_packet_sec", "rolling_rate_packet_min"}
}

// WriteFlows writes a flow table, whose rows are those of one application
// (flow.Assembler's Table).
func WriteFlows(w io.Writer, rows iter.Seq2[flow.TableRow, error]) error {
	return writeNumbers(w, flowColumns(), flowValues(rows))
}

// flowValues are the values of a flow table's rows. A slice is valid until the next.
func flowValues(rows iter.Seq2[flow.TableRow, error]) iter.Seq2[[]float64, error] {
	return func(yield func([]float64, error) bool) {
		values := make([]float64, 0, len(flowColumns()))
		for r, err := range rows {
			if err == nil {
				values = append(values[:0], float64(r.Packets), float64(r.Length), r.LengthDeviation, seconds(r.Start), r.HeaderDeviation, r.PayloadDeviation,
					r.TimeDiff, r.Rate, r.BytesSecond, r.BytesMinute, r.FlowsSecond, r.FlowsMinute)
			}
			if !yield(values, err) {
				return
			}
		}
	}
}
