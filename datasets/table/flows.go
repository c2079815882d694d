package table

import (
	"io"
	"iter"

	"github.com/necstgen/necstgen/datasets/flow"
)

// flowFields are the columns of a flow table: which flow it is (device is the
// gateway and device of LoRaWAN uplinks, which have no addresses), then the 12
// columns of algorithm.md section 3.
var flowFields = []field{
	{"flow_id", kindInt64}, {"ip_src", kindText}, {"ip_dst", kindText}, {"sport", kindUint16}, {"dport", kindUint16},
	{"protocol", kindUint8}, {"application", kindText}, {"device", kindText},
	{"flow_id_count", kindInt64}, {"length_total_sum", kindInt64}, {"length_total_std", kindFloat64}, {"timestamps_min", kindTime},
	{"header_length_std", kindFloat64}, {"payload_length_std", kindFloat64}, {"time_diff", kindFloat64}, {"rate", kindFloat64},
	{"rolling_rate_byte_sec", kindFloat64}, {"rolling_rate_byte_min", kindFloat64},
	{"rolling_rate_packet_sec", kindFloat64}, {"rolling_rate_packet_min", kindFloat64},
}

// flowBatch is a flow table's rows as columns.
type flowBatch struct {
	id, packets, length            []int64
	start                          times
	src, dst, application, device  interner
	sport, dport                   []uint16
	protocol                       []uint8
	lengthStd, headerStd, bytesStd []float64
	dynamics                       [6][]float64
}

func (b *flowBatch) add(r *flow.TableRow) {
	b.id, b.packets, b.length = append(b.id, r.ID), append(b.packets, r.Packets), append(b.length, r.Length)
	b.start = append(b.start, r.Start)
	b.src.add(textAddr(r.Tuple.Src.Addr()))
	b.dst.add(textAddr(r.Tuple.Dst.Addr()))
	b.application.add(r.Application.String())
	b.device.add(r.Device)
	b.sport, b.dport = append(b.sport, r.Tuple.Src.Port()), append(b.dport, r.Tuple.Dst.Port())
	b.protocol = append(b.protocol, r.Tuple.Proto)
	b.lengthStd = append(b.lengthStd, r.LengthDeviation)
	b.headerStd = append(b.headerStd, r.HeaderDeviation)
	b.bytesStd = append(b.bytesStd, r.PayloadDeviation)
	for i, v := range [6]float64{r.TimeDiff, r.Rate, r.BytesSecond, r.BytesMinute, r.FlowsSecond, r.FlowsMinute} {
		b.dynamics[i] = append(b.dynamics[i], v)
	}
}

func (b *flowBatch) rows() int { return len(b.id) }

func (b *flowBatch) reset() { *b = flowBatch{} }

func (b *flowBatch) columns() []column {
	values := []any{b.id, b.src.words, b.dst.words, b.sport, b.dport, b.protocol, b.application.words, b.device.words,
		b.packets, b.length, b.lengthStd, b.start, b.headerStd, b.bytesStd}
	for i := range b.dynamics {
		values = append(values, b.dynamics[i])
	}
	columns := make([]column, len(values))
	for i := range values {
		columns[i] = column{flowFields[i].name, values[i]}
	}
	return columns
}

// WriteFlows writes a flow table, as Assembler.Table gives it. Damaged rows
// (errors with a RecordNumber method) are left out; any other error ends the
// table after the rows before it, and is returned.
func WriteFlows(w io.Writer, format Format, rows iter.Seq2[flow.TableRow, error]) error {
	out, err := newTable(w, format, flowFields, func() *flowBatch { return new(flowBatch) })
	if err != nil {
		return err
	}
	return writeAll(rows, func(row *flow.TableRow) error {
		if out.filled.add(row); out.filled.rows() < BatchRows {
			return nil
		}
		return out.pass()
	}, out.close)
}

// ReadFlows reads a flow table; the ending of path tells its format. Any error
// is the last element and names the file. The stream can be read again.
func ReadFlows(path string) iter.Seq2[flow.TableRow, error] {
	return readRows(path, flowFields, []string{"flow_id_count", "timestamps_min"}, flowSetters)
}

// flowSetters are the setters by column name.
var flowSetters = newFlowSetters()

func newFlowSetters() map[string]setter[flow.TableRow] {
	m := map[string]setter[flow.TableRow]{
		"flow_id":                 number(func(r *flow.TableRow, v int64) { r.ID = v }),
		"device":                  text(asText, func(r *flow.TableRow, v string) { r.Device = v }),
		"flow_id_count":           number(func(r *flow.TableRow, v int64) { r.Packets = v }),
		"length_total_sum":        number(func(r *flow.TableRow, v int64) { r.Length = v }),
		"length_total_std":        float(func(r *flow.TableRow, v float64) { r.LengthDeviation = v }),
		"timestamps_min":          number(func(r *flow.TableRow, v int64) { r.Start = v }),
		"header_length_std":       float(func(r *flow.TableRow, v float64) { r.HeaderDeviation = v }),
		"payload_length_std":      float(func(r *flow.TableRow, v float64) { r.PayloadDeviation = v }),
		"time_diff":               float(func(r *flow.TableRow, v float64) { r.TimeDiff = v }),
		"rate":                    float(func(r *flow.TableRow, v float64) { r.Rate = v }),
		"rolling_rate_byte_sec":   float(func(r *flow.TableRow, v float64) { r.BytesSecond = v }),
		"rolling_rate_byte_min":   float(func(r *flow.TableRow, v float64) { r.BytesMinute = v }),
		"rolling_rate_packet_sec": float(func(r *flow.TableRow, v float64) { r.FlowsSecond = v }),
		"rolling_rate_packet_min": float(func(r *flow.TableRow, v float64) { r.FlowsMinute = v }),
	}
	addTupleSetters(m, func(r *flow.TableRow) (*flow.FiveTuple, *flow.Application) { return &r.Tuple, &r.Application })
	return m
}
