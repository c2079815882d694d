package table

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// previousStart is the column that a table of whole flows has beside those of a
// packet table: the Before of the packet's flow.
const previousStart = "previous_start"

// flowPacketColumns are the columns of a table of whole flows, in order.
var flowPacketColumns = append(slices.Clip(packetColumns), rowColumn[flow.Packet]{name: previousStart, kind: kindTime})

// flowPacketBatch is up to batchRows rows of a table of whole flows as columns.
type flowPacketBatch struct {
	packetBatch
	before [batchRows]int64
}

func (b *flowPacketBatch) columns() []column {
	return append(b.packetBatch.columns(), column{previousStart, timeColumn(b.before[:b.n])})
}

// WriteFlowPackets writes the packets of flows in time order, as WritePackets of
// flow.Packets does, and one column more: previous_start, the flow's Before. From
// that table, ReadFlowPackets gives the flows again. Each flow needs packets, an ID
// of its own, and that ID as FlowID of all its packets; others are refused before
// anything is written.
func WriteFlowPackets(w io.Writer, format Format, flows []*flow.Flow) error {
	before := make(map[int64]int64, len(flows))
	for i, f := range flows {
		if _, ok := before[f.ID]; ok {
			return fmt.Errorf("table: flow %d of %d: its ID %d is another flow's too: want one of its own", i, len(flows), f.ID)
		}
		if len(f.Packets) == 0 {
			return fmt.Errorf("table: flow %d has no packets: want at least one", f.ID)
		}
		for j := range f.Packets {
			if id := f.Packets[j].FlowID; id != f.ID {
				return fmt.Errorf("table: flow %d: packet %d has flow ID %d: want the flow's", f.ID, j, id)
			}
		}
		before[f.ID] = f.Before
	}
	out, err := newTable(w, format, fieldsOf(flowPacketColumns), func() *flowPacketBatch { return new(flowPacketBatch) })
	if err != nil {
		return err
	}
	return writeAll(flow.Packets(flows), func(p *flow.Packet) error {
		b := out.filled
		b.before[b.n] = before[p.FlowID]
		if b.add(p); b.n < batchRows {
			return nil
		}
		return out.pass()
	}, out.close)
}

// ReadFlowPackets reads a packet table that has flow IDs as flows, in the order of
// their starts and, where they start together, of their first rows: flows that
// WriteFlowPackets was given in that order come back in it. A flow's Tuple and
// Application are those of its packets (the tuple of the first one, turned round
// if the server sent it), its Before that of the column previous_start, or its own
// start in a table without that column. The ending of path gives the format; an
// error names the file.
func ReadFlowPackets(path string, keep func(id int64) bool) ([]*flow.Flow, error) {
	var flows []*flow.Flow
	byID := make(map[int64]*flow.Flow)
	for batch, err := range readBatches(path, flowPacketColumns, []string{"time", "length", "flow_id"}) {
		if err != nil {
			return nil, err
		}
		before, err := beforeOf(batch)
		if err != nil {
			return nil, fmt.Errorf("table: %s: %w", path, err)
		}
		for i := range batch.rows {
			p := &batch.rows[i]
			if keep != nil && !keep(p.FlowID) {
				continue
			}
			f := byID[p.FlowID]
			if f == nil {
				f = &flow.Flow{ID: p.FlowID, Tuple: p.Tuple, Before: before[i]}
				if p.Direction == flow.Backward {
					f.Tuple = p.Tuple.Reverse()
				}
				byID[p.FlowID] = f
				flows = append(flows, f)
			}
			if f.Application == flow.Unknown {
				f.Application = p.Application
			}
			f.Packets = append(f.Packets, *p)
		}
	}
	slices.SortStableFunc(flows, func(a, b *flow.Flow) int { return cmp.Compare(a.Start(), b.Start()) })
	return flows, nil
}

// beforeOf returns for each row of a batch the Before of the flow that it begins,
// if it begins one: the row's own time where the table lacks the column.
func beforeOf(batch rowBatch[flow.Packet]) ([]int64, error) {
	for _, c := range batch.columns {
		if c.name == previousStart {
			return ints[int64](c)
		}
	}
	own := make([]int64, len(batch.rows))
	for i := range own {
		own[i] = batch.rows[i].Time
	}
	return own, nil
}
