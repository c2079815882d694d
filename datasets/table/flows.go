package table

import (
	"io"
	"iter"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// flowColumns are the columns of a flow table: which flow it is (device is the
// gateway and device of LoRaWAN uplinks, which have no addresses), then the 12
// columns of algorithm.md section 3.
var flowColumns = slices.Concat(
	[]rowColumn[flow.TableRow]{number("flow_id", kindInt64, func(r *flow.TableRow) *int64 { return &r.ID })},
	tupleColumns(func(r *flow.TableRow) *flow.FiveTuple { return &r.Tuple }),
	[]rowColumn[flow.TableRow]{
		applicationColumn(func(r *flow.TableRow) *flow.Application { return &r.Application }),
		text("device", func(text string) (string, error) { return text, nil }, func(r *flow.TableRow, v string) { r.Device = v }, func(r *flow.TableRow) string { return r.Device }),
		number("flow_id_count", kindInt64, func(r *flow.TableRow) *int64 { return &r.Packets }),
		number("length_total_sum", kindInt64, func(r *flow.TableRow) *int64 { return &r.Length }),
		float("length_total_std", func(r *flow.TableRow) *float64 { return &r.LengthDeviation }),
		number("timestamps_min", kindTime, func(r *flow.TableRow) *int64 { return &r.Start }),
		float("header_length_std", func(r *flow.TableRow) *float64 { return &r.HeaderDeviation }),
		float("payload_length_std", func(r *flow.TableRow) *float64 { return &r.PayloadDeviation }),
		float("time_diff", func(r *flow.TableRow) *float64 { return &r.TimeDiff }),
		float("rate", func(r *flow.TableRow) *float64 { return &r.Rate }),
		float("rolling_rate_byte_sec", func(r *flow.TableRow) *float64 { return &r.BytesSecond }),
		float("rolling_rate_byte_min", func(r *flow.TableRow) *float64 { return &r.BytesMinute }),
		float("rolling_rate_packet_sec", func(r *flow.TableRow) *float64 { return &r.FlowsSecond }),
		float("rolling_rate_packet_min", func(r *flow.TableRow) *float64 { return &r.FlowsMinute }),
	})

// WriteFlows writes a flow table, as Assembler.Table gives it. Damaged rows
// (errors with a RecordNumber method) are left out; any other error ends the
// table after the rows before it, and is returned.
func WriteFlows(w io.Writer, format Format, rows iter.Seq2[flow.TableRow, error]) error {
	return writeRows(w, format, flowColumns, rows)
}

// ReadFlows reads a flow table; the ending of path gives its format. Any error
// is the last element and names the file. The stream can be read again.
func ReadFlows(path string) iter.Seq2[flow.TableRow, error] {
	return readRows(path, flowColumns, []string{"flow_id_count", "timestamps_min"})
}
