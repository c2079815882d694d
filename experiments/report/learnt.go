package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"path"
	"strconv"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/artifact"
)

// labelsTable is the table of the synthetic flows, which names the application of each.
const labelsTable = "generated.flows.csv"

// amount is how much of a capture is of one application.
type amount struct{ flows, packets int64 }

// learnt is the table of a run of several applications: how much of the real and of the
// synthetic packets each is, and its verdict. It has no rows for a run of one application,
// and where a file is missing.
func (a *Data) learnt() Table {
	apps := a.Manifest.Config.Data.Application
	if len(apps) < 2 {
		return Table{}
	}
	real := make(map[string]amount)
	for _, app := range apps {
		name := path.Join(artifact.Folder(app, apps), generator.TrafficName)
		var t generator.Traffic
		if err := readJSON(a.Manifest, name, &t); err != nil {
			a.miss(name, err)
			return Table{}
		}
		real[app.String()] = amount{t.Flows, t.Packets}
	}
	in, err := a.Manifest.Open(labelsTable)
	if err != nil {
		a.miss(labelsTable, err)
		return Table{}
	}
	defer in.Close()
	synthetic, err := amountsOf(in)
	if err != nil {
		a.miss(labelsTable, err)
		return Table{}
	}
	return a.shares(apps, real, synthetic)
}

// amountsOf adds up the rows of a table of flows by application.
func amountsOf(r io.Reader) (map[string]amount, error) {
	rows := csv.NewReader(r)
	head, err := rows.Read()
	if err != nil {
		return nil, err
	}
	column := make(map[string]int)
	for i, name := range head {
		column[name] = i
	}
	names := [...]string{"application", "packets_forward", "packets_backward"}
	var at [len(names)]int
	for i, name := range names {
		var ok bool
		if at[i], ok = column[name]; !ok {
			return nil, fmt.Errorf("it has no column %s", name)
		}
	}
	found := make(map[string]amount)
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		sum := found[row[at[0]]]
		sum.flows++
		for _, i := range at[1:] {
			n, err := strconv.ParseInt(row[i], 10, 64)
			if err != nil {
				return nil, err
			}
			sum.packets += n
		}
		found[row[at[0]]] = sum
	}
}

// shares makes the table of what learnt has read.
func (a *Data) shares(apps flow.Applications, real, synthetic map[string]amount) Table {
	t := Table{Heads: []string{"application", "real flows", "packets", "% of all", "synthetic flows", "packets", "% of all", "verdict"},
		Right: []bool{false, true, true, true, true, true, true, false}}
	var all, drawn int64
	for _, app := range apps {
		all, drawn = all+real[app.String()].packets, drawn+synthetic[app.String()].packets
	}
	percent := func(n, of int64) string { return fmt.Sprintf("%.1f", 100*float64(n)/float64(max(1, of))) }
	verdicts := make(map[string]string)
	for _, name := range applications(a.Scores) {
		verdicts[name] = VerdictOf(a.Scores, name).Headline
	}
	for _, app := range apps {
		name := app.String()
		verdict := verdicts[name]
		if verdict == "" {
			verdict = "too few flows held out for scores of its own"
		}
		r, s := real[name], synthetic[name]
		t.Rows = append(t.Rows, []string{name, thousands(r.flows), thousands(r.packets), percent(r.packets, all),
			thousands(s.flows), thousands(s.packets), percent(s.packets, drawn), verdict})
	}
	return t
}
