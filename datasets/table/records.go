package table

import (
	"fmt"
	"io"

	"github.com/necstgen/necstgen/datasets/flow"
)

// recordColumns are the columns of a table of flow records, in order. What the client
// sends is forward, what the server sends backward.
var recordColumns = []rowColumn[flow.Record]{
	written("flow_id", kindInt64, func(r *flow.Record) int64 { return r.ID }),
	writtenText("application", func(r *flow.Record) string { return r.Application.String() }),
	writtenText("client", func(r *flow.Record) string {
		if r.IsUplinks() {
			return fmt.Sprintf("%08x", r.Address)
		}
		return textAddr(r.Tuple.Src.Addr())
	}),
	writtenText("server", func(r *flow.Record) string {
		if r.IsUplinks() {
			return fmt.Sprintf("%016x", r.Gateway)
		}
		return textAddr(r.Tuple.Dst.Addr())
	}),
	written("client_port", kindUint16, func(r *flow.Record) uint16 { return r.Tuple.Src.Port() }),
	written("server_port", kindUint16, func(r *flow.Record) uint16 { return r.Tuple.Dst.Port() }),
	writtenText("transport", func(r *flow.Record) string { return flow.ProtocolName(r.Tuple.Proto) }),
	written("start", kindTime, func(r *flow.Record) int64 { return r.Start }),
	written("end", kindTime, func(r *flow.Record) int64 { return r.End }),
	each("packets_forward", flow.Forward, func(r *flow.Record) *[2]int64 { return &r.Packets }),
	each("packets_backward", flow.Backward, func(r *flow.Record) *[2]int64 { return &r.Packets }),
	each("bytes_forward", flow.Forward, func(r *flow.Record) *[2]int64 { return &r.Bytes }),
	each("bytes_backward", flow.Backward, func(r *flow.Record) *[2]int64 { return &r.Bytes }),
	each("payload_forward", flow.Forward, func(r *flow.Record) *[2]int64 { return &r.Payload }),
	each("payload_backward", flow.Backward, func(r *flow.Record) *[2]int64 { return &r.Payload }),
	written("first_number", kindInt64, func(r *flow.Record) int64 { return r.First }),
	written("last_number", kindInt64, func(r *flow.Record) int64 { return r.Last }),
	{"community_id", kindText, nil, func() gatherer[flow.Record] {
		return &uniqueGatherer[flow.Record]{get: func(r *flow.Record) string { return r.Tuple.CommunityID() }}
	}},
	writtenText("origin", func(r *flow.Record) string { return originOf(r).Name }),
	writtenText("generator", func(r *flow.Record) string { return originOf(r).Generator }),
	written("seed", kindInt64, func(r *flow.Record) int64 { return int64(originOf(r).Seed) }),
}

// originOf returns where a flow comes from, empty where that is unknown.
func originOf(r *flow.Record) flow.Origin {
	if r.Origin == nil {
		return flow.Origin{}
	}
	return *r.Origin
}

// written is a column of numbers that is only written.
func written[T integer](name string, k kind, get func(*flow.Record) T) rowColumn[flow.Record] {
	return rowColumn[flow.Record]{name, k, nil, func() gatherer[flow.Record] {
		return &valueGatherer[flow.Record, T]{get: get, time: k == kindTime}
	}}
}

// writtenText is a column of texts that is only written.
func writtenText(name string, get func(*flow.Record) string) rowColumn[flow.Record] {
	return rowColumn[flow.Record]{name, kindText, nil, func() gatherer[flow.Record] { return &textGatherer[flow.Record]{get: get} }}
}

// each is a column of counts of one direction.
func each(name string, dir flow.Direction, of func(*flow.Record) *[2]int64) rowColumn[flow.Record] {
	return written(name, kindInt64, func(r *flow.Record) int64 { return of(r)[dir] })
}

// RecordWriter writes a table of flow records, one by one. Close must be called, after an
// error too.
//
// It has a row for each flow: its number (as packet tables have it), the application that
// it was drawn as, the addresses and ports of client and server (of LoRaWAN uplinks the
// device and the gateway), the transport, the times of its first and last packet, packets
// and bytes of frames and payload each way, the numbers of its first and last packet (from
// 0, as packet tables have them; Wireshark counts from 1), its Community ID, and what it
// comes from: "generated" with the generator and the seed, or the name of a file.
type RecordWriter struct {
	pipe *batchPipe[*gatheredBatch[flow.Record]]
}

// NewRecordWriter starts a table of flow records. Nothing is complete before Close.
func NewRecordWriter(w io.Writer, format Format) (*RecordWriter, error) {
	pipe, err := newTable(w, format, fieldsOf(recordColumns), func() *gatheredBatch[flow.Record] { return newGathered(recordColumns) })
	if err != nil {
		return nil, err
	}
	return &RecordWriter{pipe}, nil
}

// Write adds a flow. It keeps nothing of r but its values. An error may belong to a flow
// before.
func (w *RecordWriter) Write(r *flow.Record) error {
	if w.pipe.closed {
		return errClosed
	}
	if w.pipe.filled.add(r); w.pipe.filled.n < recordRows {
		return nil
	}
	return w.pipe.pass()
}

// recordRows is the number of flows of a batch: few, because a table of flows stands beside
// others, and each holds four batches (with batchRows two tables held 450 MB).
const recordRows = 8 << 10

// Close writes what is left and ends the table. It does not close the file.
func (w *RecordWriter) Close() error { return w.pipe.close() }
