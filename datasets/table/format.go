// Package table keeps packets, flows and features as columns: in memory as
// record batches of 64 Ki rows, on disk as Parquet, Arrow IPC files or CSV. It
// is the one importer of Apache Arrow.
//
// [WritePackets] and [ReadPackets] keep packets, [WriteFlowPackets] and
// [ReadFlowPackets] whole flows with their packets, [WriteFlows] and [ReadFlows] a
// row for each flow, [WriteFeatures] and [ReadFeatures] rows of numbers. An [Export]
// writes packets and their features in one pass.
//
// Every function but ReadFlowPackets and those of a [Column] streams: what is held is one
// batch (one row group of Parquet), whatever the length of the table. What was written is
// read back exactly. [ReadColumns], [PacketColumns] and [FlowColumns] hold a whole table as
// columns, and [WriteColumns] writes one.
//
// A packet table has one row per packet; its columns stand in packetColumns.
// Addresses are text and empty where a packet has none, time is a UTC timestamp
// with nanoseconds, flags are the TCP flags byte, direction is 0 for client to
// server and 1 for server to client. The payload is not kept. A table of whole
// flows has one column more, from which they come back as they were.
package table

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Format is a file format of tables.
type Format string

// The formats. Parquet is compressed by Snappy, Arrow is an Arrow IPC file
// (Feather 2) compressed by Zstandard, CSV has a header line.
const (
	Parquet Format = "parquet"
	Arrow   Format = "arrow"
	CSV     Format = "csv"
)

// batchRows is the number of rows of a record batch.
const batchRows = 64 << 10

// UnmarshalText takes one of the three words; the error lists them.
func (f *Format) UnmarshalText(text []byte) error {
	switch got := Format(text); got {
	case Parquet, Arrow, CSV:
		*f = got
		return nil
	}
	return fmt.Errorf("table: unknown format %q: want parquet, arrow or csv", text)
}

// FormatOf returns the format of a file by the ending of its name: .parquet,
// .arrow, .feather, .ipc or .csv.
func FormatOf(path string) (Format, error) {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".parquet", ".pq":
		return Parquet, nil
	case ".arrow", ".feather", ".ipc":
		return Arrow, nil
	case ".csv":
		return CSV, nil
	default:
		return "", fmt.Errorf("table: %s: unknown ending %q: want .parquet, .arrow, .feather, .ipc or .csv", path, ext)
	}
}
