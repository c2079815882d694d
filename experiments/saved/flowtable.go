package saved

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

func clock(nanoseconds int64) string { return time.Unix(0, nanoseconds).UTC().Format(time.RFC3339Nano) }

// The columns that a table of flows gives to the flow level: the number of packets,
// seconds since the flow before, and, where it has them, bytes of frames. The first is
// what generated tables call it (algorithm.md 10.2), the other what tables of observed
// flows do.
var (
	countColumns = []string{"count_total", "flow_id_count"}
	gapColumn    = "time_diff"
	bytesColumn  = "length_total_sum"
)

// mostScheduled is how many packets a flow of a table may have.
const mostScheduled = 1 << 24

// ReadFlowTable reads starts and sizes of flows from a table: one that --level aggregate
// wrote, or one of NeCSTGen's tables of generated or observed flows. Numbers of packets
// are rounded, to 1 at least (D30). What is left of a flow's bytes without the headers
// that t has on average is its payload.
func ReadFlowTable(path string, t generator.Traffic) (*Dynamics, error) {
	rows, err := table.ReadFeatures(path)
	if err != nil {
		return nil, fmt.Errorf("saved: %w", err)
	}
	count := slices.IndexFunc(rows.Names, func(name string) bool { return slices.Contains(countColumns, name) })
	gap, bytes := slices.Index(rows.Names, gapColumn), slices.Index(rows.Names, bytesColumn)
	if count < 0 || gap < 0 {
		return nil, fmt.Errorf("saved: %s: columns %s: want %s, and %s", path, strings.Join(rows.Names, ", "), strings.Join(countColumns, " or "), gapColumn)
	}
	d := &Dynamics{}
	after := 0.0 // seconds
	for row, err := range rows.Rows {
		if err != nil {
			return nil, fmt.Errorf("saved: %s: %w", path, err)
		}
		wrong := func(column int, want string) error {
			return fmt.Errorf("saved: %s: flow %d: %s = %v: want %s", path, len(d.Flows)+1, rows.Names[column], row[column], want)
		}
		f := generator.ScheduledFlow{Packets: int64(max(1, math.Round(row[count]))), Payload: -1, Client: -1, Server: -1}
		if !(row[count] >= 0 && row[count] <= mostScheduled) {
			return nil, wrong(count, fmt.Sprintf("0 to %d packets", mostScheduled))
		}
		if len(d.Flows) > 0 { // the gap before the first is not part of the table
			after += row[gap]
			if !(row[gap] >= 0 && after*1e9 <= float64(generator.MaxSpan)) {
				return nil, wrong(gap, "0 seconds or more, a century in all")
			}
		}
		f.After = int64(math.Round(after * 1e9))
		if bytes >= 0 && row[bytes] >= 0 && row[bytes] < math.MaxInt64/2 {
			f.Payload = int64(max(0, math.Round(row[bytes]-t.HeaderPerPacket()*float64(f.Packets))))
		}
		d.Flows = append(d.Flows, f)
	}
	if len(d.Flows) == 0 {
		return nil, fmt.Errorf("saved: %s: no flow: want at least one", path)
	}
	return d, nil
}
