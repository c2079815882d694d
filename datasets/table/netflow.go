package table

import (
	"fmt"
	"iter"
	"math"

	"github.com/necstgen/necstgen/datasets/flow"
)

// NetFlowColumns are the columns by which NetShare's layout of NetFlow records is
// recognised: the start in microseconds since 1970-01-01 UTC, packets and bytes.
var NetFlowColumns = []string{"ts", "pkt", "byt"}

// netFlow is a row of NetFlow records. Generators write its numbers with decimals.
type netFlow struct{ start, packets, bytes float64 }

var netFlowColumns = []rowColumn[netFlow]{
	float("ts", func(r *netFlow) *float64 { return &r.start }),
	float("pkt", func(r *netFlow) *float64 { return &r.packets }),
	float("byt", func(r *netFlow) *float64 { return &r.bytes }),
}

// ReadNetFlow reads NetFlow records in the layout of NetShare (Yin et al., SIGCOMM
// 2022: srcip, dstip, srcport, dstport, proto, ts, td, pkt, byt and more) as a table of
// flows; the ending of path gives its format. Packets are rounded and at least 1. The
// rows have an ID, a start, packets and bytes, and neither addresses nor an application.
// Any error is the last element and names the file and the row. The stream can be read
// again.
func ReadNetFlow(path string) iter.Seq2[flow.TableRow, error] {
	return func(yield func(flow.TableRow, error) bool) {
		var id int64
		for n, err := range readRows(path, netFlowColumns, NetFlowColumns) {
			var row flow.TableRow
			if err == nil {
				if row, err = n.row(id); err != nil {
					err = fmt.Errorf("table: %s: row %d: %w", path, id+1, err)
				}
			}
			if !yield(row, err) || err != nil {
				return
			}
			id++
		}
	}
}

// row returns the record as a row of a table of flows. It refuses numbers that no flow has.
func (n netFlow) row(id int64) (flow.TableRow, error) {
	if err := within(bounded{"ts", n.start, 0, mostMicroseconds}, bounded{"pkt", n.packets, 0, 1e12}, bounded{"byt", n.bytes, 0, 1 << 53}); err != nil {
		return flow.TableRow{}, err
	}
	return flow.TableRow{
		ID:      id,
		Packets: int64(max(1, math.Round(n.packets))),
		Length:  int64(math.Round(n.bytes)),
		Start:   fromMicroseconds(n.start),
	}, nil
}
