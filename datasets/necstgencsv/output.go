package necstgencsv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/table"
)

// OutputFile is a file of what a generator has drawn, CSV, Parquet or Arrow: packets
// of flows, packets of one timeline, uplinks, or a table of flows. Its columns are
// those of NeCSTGen's output files (algorithm.md 9.3 and 10.2) or of a flow table
// (section 3). NetShare's layouts are recognised as well: NetFlow records are a table of
// flows, and packets have addresses and times of their own.
type OutputFile struct {
	Name string

	kind   outputKind
	file   *numbers
	suffix columnSuffix
	native iter.Seq2[flow.TableRow, error] // the rows of a table that package table reads: its own flow tables, and NetFlow
}

// outputKind is what the rows of an OutputFile are.
type outputKind int

const (
	otherKind outputKind = iota
	packetKind
	uplinkKind
	addressedKind // packets in NetShare's layout
	flowKind
)

// kindOf returns what a table with such columns holds.
func kindOf(columns []string) outputKind {
	has := func(names ...string) bool { return hasAll(columns, names) }
	switch {
	case has("length_total_lstm", "spreading_factor_lstm"):
		return uplinkKind
	case has("length_total_lstm", "direction"):
		return packetKind
	case has(table.NetShareColumns...):
		return addressedKind
	case has("count_total", "time_diff"), has("flow_id_count", "timestamps_min"), has("flow_id_count", "time_diff"), isNetFlow(columns):
		return flowKind
	}
	return otherKind
}

// isNetFlow reports whether columns are those of NetFlow records in NetShare's layout.
func isNetFlow(columns []string) bool { return hasAll(columns, table.NetFlowColumns) }

// hasAll reports whether all names are among the columns.
func hasAll(columns, names []string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(columns, n) })
}

// ErrNoOutput is the error of OpenOutput for any other file.
var ErrNoOutput = errors.New("neither generated packets nor a table of flows")

// OpenOutput recognises a file of generated traffic by its columns. Every other file,
// and what is no regular file, is ErrNoOutput.
func OpenOutput(path string) (*OutputFile, error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("necstgencsv: %s: %w", path, ErrNoOutput)
	}
	binary, err := isBinary(path)
	if err != nil {
		return nil, fmt.Errorf("necstgencsv: %w", err)
	}
	var columns []string
	if binary {
		columns, err = table.Columns(path)
	} else {
		columns, err = csvColumns(path)
	}
	kind := kindOf(columns)
	if err != nil || kind == otherKind {
		return nil, fmt.Errorf("necstgencsv: %s: %w", path, ErrNoOutput)
	}
	o := &OutputFile{Name: path, kind: kind, suffix: networkColumns}
	switch {
	case kind == flowKind && slices.Contains(columns, "ip_src"):
		o.native = table.ReadFlows(path)
	case kind == addressedKind: // Flows reads it
	case isNetFlow(columns):
		o.native = table.ReadNetFlow(path)
	default:
		o.file, err = openNumbers(path, binary)
	}
	return o, err
}

// isBinary reports whether a file is Parquet or Arrow, by its first bytes.
func isBinary(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, 6)
	n, err := io.ReadFull(f, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return bytes.HasPrefix(head[:n], []byte("PAR1")) || bytes.HasPrefix(head[:n], []byte("ARROW1")), err
}

// columnSuffix is the ending of the columns that are read.
type columnSuffix string

const (
	networkColumns columnSuffix = "_lstm"
	decodedColumns columnSuffix = "_vae"
)

// Decoded makes Flows read the columns that end in _vae, the features that the
// auto-encoder has decoded, in place of those that end in _lstm, the answers of the
// recurrent network. Files of NeCSTGen's authors with flags have these columns shifted
// by one (D29): they hold other features than their names say.
func (o *OutputFile) Decoded() { o.suffix = decodedColumns }

// IsTable reports whether the rows are flows, so that Table reads them. Otherwise
// Flows does.
func (o *OutputFile) IsTable() bool { return o.kind == flowKind }

// Flows reads generated packets as flows, in the order in which their labels come.
// Times begin at 0 in each flow, because no output says when a flow starts; the gap
// before its first packet is left out (algorithm.md 10.3). A file without labels, or
// with one alone, is one flow, a timeline. Tuples are empty but for the protocol,
// which is TCP where there are flags. Damaged rows are left out and listed. Packets with
// addresses make flows by these, as those of a capture do.
func (o *OutputFile) Flows() (flows []*flow.Flow, damaged []error, err error) {
	if o.HasAddresses() {
		return flow.Collect(new(flow.Assembler).Flows(table.ReadNetSharePackets(o.Name)))
	}
	byLabel := make(map[int64]*flow.Flow)
	for p, err := range o.packets() {
		if err != nil {
			if !isRow(err) {
				return nil, damaged, err
			}
			damaged = append(damaged, err)
			continue
		}
		f := byLabel[p.FlowID]
		if f == nil {
			f = &flow.Flow{ID: p.FlowID, Tuple: p.Tuple, Application: o.Application()}
			byLabel[p.FlowID] = f
			flows = append(flows, f)
		}
		p.Application = f.Application
		f.Packets = append(f.Packets, p)
	}
	if len(flows) == 0 {
		return nil, damaged, errors.Join(fmt.Errorf("necstgencsv: %s: no packet that could be read", o.Name), errors.Join(damaged[:min(3, len(damaged))]...))
	}
	return flows, damaged, nil
}

// packets are those of the file, whatever they are.
func (o *OutputFile) packets() iter.Seq2[flow.Packet, error] {
	if o.kind == uplinkKind {
		return generatedUplinks(o.file, o.suffix, portOf(o.Name))
	}
	return generatedPackets(o.file, o.suffix)
}

// HasFlags reports whether packets have TCP flags, HasLabels whether they say which
// flow they are of, and HasUplinks whether they are LoRaWAN uplinks.
func (o *OutputFile) HasFlags() bool   { return o.kind == packetKind && o.file.has("flags") }
func (o *OutputFile) HasLabels() bool  { return o.kind == packetKind && o.file.has("flow_id") }
func (o *OutputFile) HasUplinks() bool { return o.kind == uplinkKind }

// HasAddresses reports whether packets have addresses, ports and times, but nothing of
// what their headers say beside these: NetShare's.
func (o *OutputFile) HasAddresses() bool { return o.kind == addressedKind }

// Application returns the application that the file's name says it is of, as in
// DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv; Unknown where it says none.
func (o *OutputFile) Application() flow.Application { return applicationOf(o.Name) }

// Table reads a table of flows: how many packets each has (rounded, at least 1) and
// when it starts, in nanoseconds; bytes where the file has them, otherwise 0. Starts
// of generated tables are sums of the times between them, from 0. Damaged rows are
// left out and listed.
func (o *OutputFile) Table() (rows []flow.TableRow, damaged []error, err error) {
	for row, err := range o.tableRows() {
		switch {
		case err == nil:
			rows = append(rows, row)
		case flow.IsRecordError(err):
			damaged = append(damaged, err)
		default:
			return nil, damaged, err
		}
	}
	if len(rows) == 0 {
		return nil, damaged, fmt.Errorf("necstgencsv: %s: no flow that could be read", o.Name)
	}
	return rows, damaged, nil
}
