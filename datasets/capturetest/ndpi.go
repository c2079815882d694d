package capturetest

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// recognised is how many flows of an application ndpiReader sees, and how many of
// them it gives each name.
type recognised struct {
	flows int
	names map[string]int
}

// fewFlows is the number below which a proportion of an application's flows says nothing.
const fewFlows = 20

// NDPI wants ndpiReader to name, of each application that it names in the training
// capture, at least 95 % of the proportion that it names there, by the names that it
// gives there. A name that it only guesses from the port counts in both alike.
func NDPI(t *testing.T, capture string, want Expect) {
	t.Helper()
	if want.Training == "" {
		t.Skip("no training capture to compare with")
	}
	tool(t, "ndpiReader")
	least := want.Named
	if least == 0 {
		least = 0.95
	}
	before, after := recognise(t, want.Training), recognise(t, capture)
	applications := make([]flow.Application, 0, len(before))
	for a := range before {
		applications = append(applications, a)
	}
	slices.Sort(applications)
	for _, a := range applications {
		was, is := before[a], after[a]
		named, still := 0, 0
		if is == nil || a == flow.Unknown {
			continue
		}
		for name, n := range was.names {
			named += n
			still += is.names[name]
		}
		if named*2 < was.flows || is.flows < fewFlows { // it does not know the application
			continue
		}
		usual, kept := float64(named)/float64(was.flows), float64(still)/float64(is.flows)
		t.Logf("ndpiReader: %v: named %.1f %% of %d flows, in the training capture %.1f %% of %d", a, 100*kept, is.flows, 100*usual, was.flows)
		if kept < least*usual {
			t.Errorf("ndpiReader names %.1f %% of %d flows of %v, %v; in the training capture %.1f %% of %d, %v", 100*kept, is.flows, a, is.names, 100*usual, was.flows, was.names)
		}
	}
}

// recognise runs ndpiReader and sorts its flows by the application that their
// packets have.
func recognise(t *testing.T, capture string) map[flow.Application]*recognised {
	t.Helper()
	table := filepath.Join(t.TempDir(), "ndpi.csv")
	output(t, "ndpiReader", "-i", capture, "-C", table)
	applications := make(map[flow.FiveTuple]flow.Application)
	var assembler flow.Assembler
	file, err := os.Open(capture)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for p := range assembler.Label(readable(file, capture)) {
		if tuple, _ := p.Tuple.Canonical(); p.Application != flow.Unknown && p.Tuple.Proto != 0 {
			applications[tuple] = p.Application
		}
	}
	rows, err := ndpiRows(table)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[flow.Application]*recognised)
	for _, row := range rows {
		tuple, _ := row.tuple.Canonical()
		a := applications[tuple]
		if out[a] == nil {
			out[a] = &recognised{names: make(map[string]int)}
		}
		if out[a].flows++; row.name != "Unknown" {
			out[a].names[row.name]++
		}
	}
	return out
}

// ndpiRow is one flow of ndpiReader's table.
type ndpiRow struct {
	tuple flow.FiveTuple
	name  string
}

func ndpiRows(name string) ([]ndpiRow, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	in := csv.NewReader(file)
	in.FieldsPerRecord, in.LazyQuotes = -1, true
	header, err := in.Read()
	if err != nil {
		return nil, err
	}
	column := make(map[string]int)
	for i, h := range header {
		column[strings.TrimPrefix(h, "#")] = i
	}
	for _, need := range []string{"protocol", "src_ip", "src_port", "dst_ip", "dst_port", "ndpi_proto"} {
		if _, ok := column[need]; !ok {
			return nil, fmt.Errorf("ndpiReader's table has no column %s", need)
		}
	}
	var rows []ndpiRow
	for {
		row, err := in.Read()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		if len(row) <= column["ndpi_proto"] {
			continue
		}
		at := func(address, port string) netip.AddrPort {
			a, _ := netip.ParseAddr(row[column[address]])
			n, _ := strconv.ParseUint(row[column[port]], 10, 16)
			return netip.AddrPortFrom(a, uint16(n))
		}
		proto, _ := strconv.ParseUint(row[column["protocol"]], 10, 8)
		rows = append(rows, ndpiRow{
			flow.FiveTuple{Proto: uint8(proto), Src: at("src_ip", "src_port"), Dst: at("dst_ip", "dst_port")}, row[column["ndpi_proto"]],
		})
	}
}
