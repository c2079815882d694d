package flow_test

import (
	"cmp"
	"iter"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/sharedtest"
)

// seconds reads epoch seconds exactly as far as they are written.
func seconds(t *testing.T, text string) int64 {
	t.Helper()
	whole, fraction, _ := strings.Cut(text, ".")
	fraction = (fraction + "000000000")[:9]
	n, err := strconv.ParseInt(whole+fraction, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestRowsOnPublishedHTTP makes the flow table of the published packets and holds
// it against the published flow table: 717 of the 718 flows of the sample (the
// last is cut by the sample's end), algorithm.md section 3.
func TestRowsOnPublishedHTTP(t *testing.T) {
	dir := sharedtest.Path(t, "necstgen", "data", "raw")
	byID := map[string]*flow.Flow{}
	csvRows(t, filepath.Join(dir, "df_raw_HTTP.csv"), func(field func(string) string) {
		id := field("flow_id")
		f := byID[id]
		if f == nil {
			f = &flow.Flow{Application: flow.HTTP, ID: int64(number(t, id))}
			byID[id] = f
		}
		f.Packets = append(f.Packets, flow.Packet{
			Time: seconds(t, field("timestamps")), Length: int32(number(t, field("length_total"))),
			HeaderLength: int32(number(t, field("header_length"))), PayloadLength: int32(number(t, field("payload_length"))),
		})
	})
	var flows []*flow.Flow
	for _, f := range byID {
		flows = append(flows, f)
	}
	slices.SortFunc(flows, func(a, b *flow.Flow) int { return cmp.Compare(a.Start(), b.Start()) })
	var rows []flow.TableRow
	for row, err := range flow.Rows(all(flows)) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	if len(rows) != 718 {
		t.Fatalf("%d flows: want 718", len(rows))
	}
	at, equal := 0, 0
	csvRows(t, filepath.Join(dir, "df_raw_flows_HTTP.csv"), func(field func(string) string) {
		if at >= len(rows) {
			return
		}
		r := rows[at]
		at++
		good := true
		check := func(column string, got, tolerance float64) {
			text := field(column)
			if text == "" && math.IsNaN(got) {
				return
			}
			want := number(t, text)
			if !(math.Abs(got-want) <= tolerance*max(1, math.Abs(want))) {
				good = false
				t.Logf("row %d: %s %v: want %v", at-1, column, got, want)
			}
		}
		check("flow_id_count", float64(r.Packets), 0)
		check("length_total_sum", float64(r.Length), 0)
		check("length_total_std", r.LengthDeviation, 1e-9)
		check("timestamps_min", float64(r.Start)/1e9, 1e-15)
		check("header_length_std", r.HeaderDeviation, 1e-9)
		check("payload_length_std", r.PayloadDeviation, 1e-9)
		check("time_diff", r.TimeDiff, 3e-7)   // the published timestamps are rounded
		check("rate", r.Rate, 3e-7/r.TimeDiff) // and so is their difference
		check("rolling_rate_byte_sec", r.BytesSecond, 0)
		check("rolling_rate_byte_min", r.BytesMinute, 0)
		check("rolling_rate_packet_sec", r.FlowsSecond, 0)
		check("rolling_rate_packet_min", r.FlowsMinute, 0)
		if good {
			equal++
		}
	})
	if equal < 717 {
		t.Errorf("%d of %d rows are as published: want at least 717", equal, len(rows))
	}
}

func all(flows []*flow.Flow) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		for _, f := range flows {
			if !yield(f, nil) {
				return
			}
		}
	}
}
