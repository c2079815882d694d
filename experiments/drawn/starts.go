package drawn

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
)

// place gives flows their starts, whose times begin at 0: those of a table, or one after
// the other.
func place(flows []*flow.Flow, table string) error {
	if table == "" {
		sequential(flows)
		return nil
	}
	file, err := necstgencsv.OpenOutput(table)
	if errors.Is(err, necstgencsv.ErrNoOutput) || err == nil && !file.IsTable() {
		return fmt.Errorf("drawn: --starts %s is no table of flows: want columns like those of DF_GEN_FLOW_HTTP_FINAL.csv or df_raw_flows_HTTP.csv", table)
	} else if err != nil {
		return err
	}
	rows, _, err := file.Table()
	if err != nil {
		return err
	}
	if len(rows) < len(flows) {
		return fmt.Errorf("drawn: --starts %s has %d flows, and the file of packets %d: want a longer table, or --flows %d", table, len(rows), len(flows), len(rows))
	}
	slices.SortStableFunc(rows, func(a, b flow.TableRow) int { return cmp.Compare(a.Start, b.Start) })
	shift := int64(0)
	if rows[0].Start == 0 { // a generated table begins at 0
		shift = firstStart
	}
	for i, f := range flows {
		move(f, shift+rows[i].Start)
	}
	return nil
}

// sequential starts each flow when the one before it has ended, by the mean gap
// between packets of flows later.
func sequential(flows []*flow.Flow) {
	var sum, gaps int64
	for _, f := range flows {
		sum += int64(f.Duration())
		gaps += int64(len(f.Packets) - 1)
	}
	at := firstStart
	for _, f := range flows {
		move(f, at)
		at = f.Start() + int64(f.Duration()) + sum/max(1, gaps)
	}
}

// move lets a flow start at a time.
func move(f *flow.Flow, start int64) {
	shift := start - f.Start()
	for i := range f.Packets {
		f.Packets[i].Time += shift
	}
}
