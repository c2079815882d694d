package necstgencsv

import (
	"fmt"
	"io"
	"iter"
	"math"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Generated reads a CSV file of generated packets of any output, as OutputFile.Flows
// does, in the order of its rows. A row that cannot be read is a *RowError in the
// stream, and reading goes on.
func Generated(r io.Reader, name string) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		n, err := csvNumbers(r, name)
		if err != nil {
			yield(flow.Packet{}, err)
			return
		}
		generatedPackets(n, networkColumns)(yield)
	}
}

// generatedPackets reads the packets of a table. Lengths are rounded, and a header is
// cut to its packet's length (D30). It is no shorter than those of Ethernet, IPv4 and
// the transport: NeCSTGen counts the UDP header of Google Home as payload (D09).
func generatedPackets(n *numbers, suffix columnSuffix) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		columns := [...]string{"length_total" + string(suffix), "direction", "time_diff" + string(suffix), "header_length" + string(suffix)}
		if err := n.require(columns[:]...); err != nil {
			yield(flow.Packet{}, err)
			return
		}
		times := make(map[int64]int64) // of the last packet of each flow
		var number int64
		for row, err := range n.rows {
			p := flow.Packet{Number: number}
			if err == nil {
				if err = readPacket(n, row, columns, &p); err == nil {
					last, begun := times[p.FlowID]
					p.Time, err = after(last, p.Time, begun)
				}
				if err == nil {
					times[p.FlowID] = p.Time
				} else {
					err = n.wrong(number, err)
				}
			}
			number++
			if !yield(p, err) || err != nil && !isRow(err) {
				return
			}
		}
	}
}

// after adds a gap to a time, both in nanoseconds; the first of a flow or file is 0.
func after(last, gap int64, begun bool) (int64, error) {
	switch {
	case !begun:
		return 0, nil
	case last > maxSeconds*1e9-gap:
		return 0, fmt.Errorf("the gaps up to here are more than %d seconds, which no time stamp can hold", maxSeconds)
	}
	return last + gap, nil
}

// Bytes of the headers of Ethernet, IPv4 and transport without options.
const (
	leastTCPHeader = 54
	leastUDPHeader = 42
)

// mostGap is the longest time between packets that is believed, in seconds.
const mostGap = 1e9

// readPacket reads a row; the packet's Time is the gap before it. The columns are
// length, direction, gap and header.
func readPacket(n *numbers, row []float64, columns [4]string, p *flow.Packet) error {
	var values [6]float64
	for i, most := range [...]float64{1e9, 1e9, mostGap, 1e9, math.MaxUint8, 1 << 53} {
		column := [...]string{columns[0], columns[1], columns[2], columns[3], "flags", "flow_id"}[i]
		var err error
		if values[i], err = n.within(row, column, 0, most); err != nil {
			return err
		}
	}
	length := int32(math.Round(min(values[0], math.MaxUint16)))
	least := int32(leastUDPHeader)
	p.FlowID, p.Time = int64(values[5]), int64(math.Round(values[2]*1e9))
	if n.has("flags") {
		p.Flags, p.Tuple.Proto = flow.TCPFlags(values[4]), flow.TCP
		least = leastTCPHeader
	}
	header := min(length, max(least, int32(math.Round(min(values[3], math.MaxUint16)))))
	p.Length, p.Captured, p.HeaderLength, p.PayloadLength = length, length, header, length-header
	if values[1] >= 0.5 {
		p.Direction = flow.Backward
	}
	return nil
}

// tableRows reads a table of flows.
func (o *OutputFile) tableRows() iter.Seq2[flow.TableRow, error] {
	if o.native != nil {
		return o.native
	}
	count, gap, bytes := "count_total", "time_diff", ""
	if o.file.has("flow_id_count") {
		count, bytes = "flow_id_count", "length_total_sum"
		if o.file.has("timestamps_min") {
			gap = ""
		}
	}
	return func(yield func(flow.TableRow, error) bool) {
		n := o.file
		var start, number int64
		for row, err := range n.rows {
			r := flow.TableRow{ID: number, Application: o.Application()}
			if err == nil {
				if err = readFlow(n, row, count, gap, bytes, &r); err == nil && gap != "" {
					if r.Start, err = after(start, r.Start, number > 0); err == nil {
						start = r.Start
					}
				}
				if err != nil {
					err = n.wrong(number, err)
				}
			}
			number++
			if !yield(r, err) || err != nil && !isRow(err) {
				return
			}
		}
	}
}

// mostPackets is the largest number of packets of a flow that is believed.
const mostPackets = 1e12

// readFlow reads a row of a table of flows. Where gap names a column, the row's Start
// is the time since the flow before it.
func readFlow(n *numbers, row []float64, count, gap, bytes string, r *flow.TableRow) error {
	packets := n.at(row, count)
	if math.IsNaN(packets) || packets > mostPackets || packets < -mostPackets {
		return fmt.Errorf("column %s: %v is no number of packets", count, packets)
	}
	r.Packets = int64(max(1, math.Round(packets)))
	column, least := gap, 0.0
	if gap == "" {
		column, least = "timestamps_min", -maxSeconds
	}
	at, err := n.within(row, column, least, maxSeconds)
	if err != nil {
		return err
	}
	r.Start = int64(math.Round(at * 1e9))
	length, err := n.within(row, bytes, 0, 1<<53)
	r.Length = int64(length)
	return err
}
