package fidelity

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/fidelity/classifier"
)

// adversary is a classifier two-sample test: what it looks at, and how it learns to tell
// real from synthetic by that.
type adversary struct {
	name    string
	meaning string // completes "AUC of <learner> that tries to tell real from synthetic <unit> by "
	unit    string // of a row: "flows"
	forest  bool   // a random forest; else boosted trees
	columns []string
	rows    func(s *sample) []row
	most    func(c Config) int // rows a side; nil: all
	flows   bool
	uplinks bool
	needs   Lacks
	whole   bool     // rows are of all flows, by their starts, in place of the compared ones
	hosts   bool     // it looks at what hosts do, which baselines do not make and uplinks do not have
	told    []string // parts of names of columns that are above 1 in some row where the source tells them
}

// adversaries are all of them, in the order of Definitions.
func adversaries() []adversary {
	windows := func(c Config) int { return c.MaxWindows }
	fewer := func(c Config) int { return c.MaxWindows / 2 } // boosted trees take twice as long
	return []adversary{
		{name: "C2ST flow", unit: "flows", forest: true, flows: true,
			meaning: "packets, bytes, duration, packets from the server, mean and standard deviation of length, mean log gap",
			columns: summaryColumns, rows: ofEachFlow(summary)},
		{name: "C2ST window", unit: "windows", forest: true, most: windows,
			meaning: "length, direction, log gap, header length and flags of each of 5 consecutive packets, of LoRaWAN uplinks also by spreading factor, frequency, SNR, RSSI, code rate and step of the frame counter",
			rows:    windowRows},
		{name: "C2ST uplink", unit: "uplinks", forest: true, uplinks: true, most: windows,
			meaning: "length, log gap, spreading factor, frequency, SNR, RSSI, port and message type",
			columns: uplinkColumns, rows: uplinkRows},
		{name: "boosted flow", unit: "flows", flows: true,
			meaning: "what the forest sees, and packets, payload and lengths in each direction, turns, quartiles of the gaps, and flags",
			columns: profileColumns, rows: ofEachFlow(profile)},
		{name: "boosted window", unit: "windows", most: fewer,
			meaning: "what the forest sees of 5 consecutive packets",
			rows:    windowRows},
		{name: "gaps", unit: "flows", flows: true,
			meaning: "the gaps alone: number, mean, deviation and quartiles, by the directions before and behind",
			columns: gapColumns, rows: ofEachFlow(gapValues)},
		{name: "first packets", unit: "flows", flows: true,
			meaning: "length, direction, log gap and flags of the first 10 packets",
			columns: firstColumns, rows: ofEachFlow(firstValues)},
		{name: "header fields", unit: "flows", flows: true, needs: NoAddresses, hosts: true,
			meaning: "receive windows, time to live, segment size, header lengths and ports",
			columns: headerColumns, rows: ofEachFlow(headerValues), told: []string{"to live", "receive window"}},
		{name: "sessions", unit: "sessions", flows: true, needs: NoAddresses | NoStarts, whole: true, hosts: true,
			meaning: "the flows of one client until 10 s pass without a new one: number, servers, ports, times between starts, overlap, packets and bytes",
			columns: sessionColumns, rows: sessionRows},
	}
}

// classifierMeasures are the classifier two-sample tests (C2ST).
func classifierMeasures() []measure {
	var list []measure
	for _, a := range adversaries() {
		list = append(list, measure{Definition: Definition{"classifier", a.name, Classifier,
			"AUC of " + a.learnerName() + " that tries to tell real from synthetic " + a.unit + " by " + a.meaning + "."},
			flows: a.flows, uplinks: a.uplinks, needs: a.needs, hosts: a.hosts, all: a.whole, compute: a.classify})
	}
	return append(list, recurrentMeasure())
}

func (a *adversary) learnerName() string {
	if a.forest {
		return "a random forest"
	}
	return "boosted trees"
}

// learner has as many rounds of boosting as a quarter of the trees of a forest: of 50
// rounds for 200 trees, 50 more move the AUC of the quickstart's flows by 0.01 and less.
func (a *adversary) learner(c Config) classifier.Learner {
	if a.forest {
		return classifier.Forest{Trees: c.Trees}
	}
	return classifier.Boosting{Rounds: max(1, c.Trees/4)}
}

// row is what a classifier sees of a flow, window or session, and the flow or client
// that it is from: rows of one stay in one fold.
type row struct {
	values []float64
	flow   int
}

// classify is the cross-validated AUC on as many rows of either side, drawn at random.
func (a *adversary) classify(c *comparison) result {
	switch {
	case a.hosts && c.real.radio != nil:
		return notApplicable("the traffic is LoRaWAN uplinks")
	}
	one, other := c.real, c.synthetic
	if a.whole {
		one, other = c.whole.sample(), c.generated.sample()
	}
	if len(other.flows) == 0 {
		return missing("the synthetic side has no flow in the real one's time")
	}
	real, synthetic := a.rows(one), a.rows(other)
	a.leaveOut(real, synthetic)
	n := min(len(real), len(synthetic))
	if a.most != nil {
		n = min(n, a.most(c.cfg))
	}
	if n < 2*c.cfg.Folds {
		return missing("%d real and %d synthetic rows: want at least %d of each", len(real), len(synthetic), 2*c.cfg.Folds)
	}
	src := c.source(a.name)
	rng := rand.New(src)
	var x [][]float64
	var y []bool
	var flows []int
	for side, rows := range [][]row{real, synthetic} {
		rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		for _, r := range rows[:n] {
			x, y = append(x, r.values), append(y, side == 1)
			flows = append(flows, 2*r.flow+side)
		}
	}
	groups, note := foldGroups(x, flows, c.cfg.Folds)
	found, err := classifier.CrossValidate(a.learner(c.cfg), c.cfg.Folds, x, y, groups, src)
	if err != nil {
		return missing("%v", err)
	}
	if a.most != nil && n == a.most(c.cfg) && n < min(len(real), len(synthetic)) {
		note = joinNotes(note, fmt.Sprintf("on a random part, %d of %d held-out and %d of %d synthetic %s", n, len(real), n, len(synthetic), a.unit))
	}
	r := result{value: found.AUC, real: n, synthetic: n, note: note, interval: func() [2]float64 { return found.Interval(src) }}
	if found.AUC < 0.5 {
		r.value = 0.5
		r.note = joinNotes(fmt.Sprintf("measured %.3f", found.AUC), note)
	} else {
		r.looksAt = mostUsed(found.Importance, a.names(len(found.Importance)))
	}
	return r
}

// leaveOut makes the columns 0 on both sides that the source of one does not tell: published
// packets of NeCSTGen have no time to live, which alone would tell any capture from them.
func (a *adversary) leaveOut(real, synthetic []row) {
	for _, part := range a.told {
		var columns []int
		for i, name := range a.columns {
			if strings.Contains(name, part) {
				columns = append(columns, i)
			}
		}
		if tells(real, columns) && tells(synthetic, columns) {
			continue
		}
		for _, r := range slices.Concat(real, synthetic) {
			for _, i := range columns {
				r.values[i] = 0
			}
		}
	}
}

// tells reports whether one of the columns is above 1 in any row: the number of different
// values is 1 where there is none to tell.
func tells(rows []row, columns []int) bool {
	return slices.ContainsFunc(rows, func(r row) bool {
		return slices.ContainsFunc(columns, func(i int) bool { return r.values[i] > 1 })
	})
}

// names are those of the columns of a row.
func (a *adversary) names(columns int) []string {
	if a.columns == nil { // windows: as wide as their packets are
		return packetColumns(windowPackets, windowFieldNames[:columns/windowPackets])
	}
	return a.columns
}

// mostUsed names the columns that gained most, three at most, in that order.
func mostUsed(gains []float64, columns []string) []string {
	order := make([]int, len(gains))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(gains[j], gains[i]) })
	var names []string
	for _, i := range order[:min(3, len(order))] {
		if gains[i] > 0 {
			names = append(names, columns[i])
		}
	}
	return names
}
