package output

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
)

// Kind is what a file holds, by its name.
type Kind struct {
	Capture pcap.WriterOptions // of a capture, which a file is that is neither of the others
	Table   table.Format       // of a table of packets; "": none
	Flows   FlowFormat         // of a file of flows; "": none
}

// FlowFormat is how a file holds flows: as a table.Format, or as one of these.
type FlowFormat string

// The formats of flows beside tables.
const (
	Zeek  FlowFormat = "zeek"  // Zeek's conn.log
	IPFIX FlowFormat = "ipfix" // a file of IPFIX messages
)

// IsCapture reports whether the file is a capture.
func (k Kind) IsCapture() bool { return k.Table == "" && k.Flows == "" }

// Unit returns what the file has rows or records of: "packets" or "flows".
func (k Kind) Unit() string {
	if k.Flows != "" {
		return "flows"
	}
	return "packets"
}

// Noun returns what the file is called: a capture, a table, a log or a file.
func (k Kind) Noun() string {
	switch {
	case k.IsCapture():
		return "capture"
	case k.Flows == Zeek:
		return "log"
	case k.Flows == IPFIX:
		return "file"
	}
	return "table"
}

// captureEndings are those of captures; tables have those of table.FormatOf.
var captureEndings = []string{"", ".pcap", ".cap", ".pcapng"}

// compressions are the endings of compressed captures, behind that of the capture.
var compressions = map[string]pcap.Compression{".gz": pcap.Gzip, ".zst": pcap.Zstd}

// flowsEnding stands before the ending of a table where it is of flows.
const flowsEnding = ".flows"

// KindOf returns what a file of that name holds: a table of packets where it ends in
// .parquet, .arrow, .feather, .ipc or .csv, and of flows with .flows before that; Zeek's
// conn.log where it ends in .log; flows as IPFIX where it ends in .ipfix; a pcapng capture
// where it ends in .pcapng; a pcap capture where it ends in .pcap or .cap or in nothing;
// captures compressed where .gz or .zst follows. Other endings are refused.
func KindOf(path string) (Kind, error) {
	if !isName(path) {
		return Kind{}, nil
	}
	if format, err := table.FormatOf(path); err == nil {
		stem := strings.TrimSuffix(path, filepath.Ext(path))
		if strings.EqualFold(filepath.Ext(stem), flowsEnding) {
			return Kind{Flows: FlowFormat(format)}, nil
		}
		return Kind{Table: format}, nil
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".log":
		return Kind{Flows: Zeek}, nil
	case ".ipfix":
		return Kind{Flows: IPFIX}, nil
	}
	var k Kind
	name := path
	for suffix, compression := range compressions {
		if short, ok := strings.CutSuffix(name, suffix); ok {
			name, k.Capture.Compression = short, compression
			break
		}
	}
	ending := strings.ToLower(filepath.Ext(name))
	if !slices.Contains(captureEndings, ending) {
		return Kind{}, fmt.Errorf("output: %s: unknown ending %s: want .pcap or .pcapng, also with .gz or .zst behind, .parquet, .arrow or .csv, or, of flows, .flows.parquet, .flows.csv, .log or .ipfix", path, filepath.Ext(name))
	}
	k.Capture.PCAPNG = ending == ".pcapng"
	return k, nil
}

// isName reports whether a path names a file, and not the standard output or a device.
func isName(path string) bool { return path != Standard && filepath.Dir(path) != "/dev" }

// Split cuts the ending off the name of a file of any kind, with that of a compression.
func Split(path string) (stem, ending string) {
	stem = path
	for suffix := range compressions {
		if short, ok := strings.CutSuffix(stem, suffix); ok {
			stem = short
			break
		}
	}
	stem = strings.TrimSuffix(stem, filepath.Ext(stem))
	if kind, err := KindOf(path); err == nil && kind.Flows != "" {
		stem = strings.TrimSuffix(stem, filepath.Ext(stem))
	}
	return stem, path[len(stem):]
}
