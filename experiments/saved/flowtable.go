package saved

import (
	"errors"
	"fmt"
	"time"

	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

func clock(nanoseconds int64) string { return time.Unix(0, nanoseconds).UTC().Format(time.RFC3339Nano) }

// ReadFlowTable reads starts and sizes of flows from a table: one that --level aggregate
// or data import --flows wrote, or one of NeCSTGen's tables of generated or observed
// flows. What is left of a flow's bytes without the headers that t has on average is its
// payload. A row that cannot be read is an error.
func ReadFlowTable(path string, t generator.Traffic) (*Dynamics, error) {
	file, err := necstgencsv.OpenOutput(path)
	if errors.Is(err, necstgencsv.ErrNoOutput) || err == nil && !file.IsTable() {
		return nil, fmt.Errorf("saved: %s is no table of flows: want count_total or flow_id_count, and time_diff or timestamps_min", path)
	}
	if err != nil {
		return nil, fmt.Errorf("saved: %w", err)
	}
	rows, damaged, err := file.Table()
	if err == nil && len(damaged) > 0 {
		err = damaged[0]
	}
	if err != nil {
		return nil, fmt.Errorf("saved: %w", err)
	}
	d := &Dynamics{}
	for i := range rows {
		f := generator.ScheduledFlow{After: rows[i].Start - rows[0].Start, Packets: rows[i].Packets, Payload: -1, Client: -1, Server: -1}
		if f.After < 0 || f.After > generator.MaxSpan {
			return nil, fmt.Errorf("saved: %s: flow %d starts %s after the first: want flows in the order of their starts, within a century", path, i+1, time.Duration(f.After))
		}
		if rows[i].Length > 0 {
			f.Payload = max(0, rows[i].Length-int64(t.HeaderPerPacket()*float64(f.Packets)))
		}
		d.Flows = append(d.Flows, f)
	}
	return d, nil
}
