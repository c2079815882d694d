package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/saved"
)

// The levels of generation.
const (
	flowLevel      = "flow"
	packetLevel    = "packet"
	aggregateLevel = "aggregate"
)

// mostDrawn is how many packets the packet level draws at most: some gigabytes.
const mostDrawn = 10_000_000

// check says what is wrong with an order, and fills in what is left out.
func (o *order) check(runs int) error {
	wrong := func(format string, args ...any) error {
		return usageError{fmt.Errorf("generate: "+format, args...)}
	}
	if !slices.Contains([]string{flowLevel, packetLevel, aggregateLevel}, o.level) {
		return wrong("--level %q: want %s, %s or %s", o.level, flowLevel, packetLevel, aggregateLevel)
	}
	if o.level != flowLevel {
		return o.checkLevel(runs, wrong)
	}
	switch {
	case o.labels != "":
		return wrong("--labels is of --level packet")
	case o.flows == 0 && o.packets == 0 && o.duration == 0:
		return wrong("how much? want --flows N, --packets N or --duration TIME")
	case o.necstgen != "" && (len(o.outs) > 0 || o.iface != ""):
		return wrong("--necstgen writes files of its own: want it without --out and --interface")
	case o.necstgen != "":
		return nil
	case len(o.outs) == 0 && o.iface == "":
		return wrong("where to? want --out FILE or --interface NAME")
	case o.iface == "" && o.speed != 1:
		return wrong("--speed is of --interface")
	}
	return o.checkOuts(wrong)
}

// checkOuts looks at the names of what is to be written.
func (o *order) checkOuts(wrong func(string, ...any) error) error {
	captures := 0
	for i, path := range o.outs {
		kind, err := output.KindOf(path)
		if err != nil {
			return usageError{err}
		}
		if path == "" {
			return wrong("--out: want the name of a file, or - for the standard output")
		}
		if slices.Contains(o.outs[:i], path) {
			return wrong("--out %s is given twice", path)
		}
		if kind.Table == "" {
			captures++
		}
		if path == output.Standard && (o.splitSize > 0 || o.splitTime > 0) {
			return wrong("--out -: the standard output cannot be split: want a file")
		}
	}
	if captures == 0 && (o.splitSize > 0 || o.splitTime > 0) {
		return wrong("--split-size and --split-time are of captures: want --out FILE.pcap too")
	}
	return nil
}

// checkLevel is check for the levels that write no frames.
func (o *order) checkLevel(runs int, wrong func(string, ...any) error) error {
	switch {
	case runs != 1:
		return wrong("--level %s: want one run", o.level)
	case o.iface != "" || o.necstgen != "" || o.splitSize > 0 || o.splitTime > 0 || len(o.shares) > 0 || o.settings != settings{}:
		return wrong("--level %s writes a table: want it with --out alone", o.level)
	case len(o.outs) != 1:
		return wrong("--level %s: want one --out FILE.csv or FILE.parquet", o.level)
	case o.level == aggregateLevel && o.labels != "":
		return wrong("--labels is of --level packet")
	case o.level == aggregateLevel && (o.packets > 0 || o.flows == 0 && o.duration == 0):
		return wrong("--level aggregate: want --flows N or --duration TIME")
	case o.level == packetLevel && (o.flows > 0 || o.duration > 0 || o.rateFactor > 0):
		return wrong("--level packet: its only size is --packets N")
	case o.level == packetLevel && o.packets > mostDrawn:
		return wrong("--level packet: --packets %d: it holds them in memory: want at most %s", o.packets, output.Thousands(mostDrawn))
	case o.level == packetLevel && o.labels == "":
		return wrong("--level packet: want --labels observed, chain, or a file of labels")
	case o.level == packetLevel && o.labels == "chain" && o.packets == 0:
		return wrong("--labels chain: how many? want --packets N")
	}
	if _, err := tableKind(o.outs[0]); err != nil {
		return usageError{err}
	}
	return nil
}

// amount is what to ask of the models. Without a seed it is another one than the
// run's own, so as not to draw the same flows again.
func (c *command) amount(o *order, m *run.Manifest) (a saved.Amount, err error) {
	a = saved.Amount{Flows: int(o.flows), Packets: int64(o.packets), Duration: time.Duration(o.duration), RateFactor: float64(o.rateFactor)}
	if a.RateFactor == 0 {
		a.RateFactor = m.Config.Generate.RateFactor
	}
	start := m.Config.Generate.Start
	if o.start != "" {
		if start, err = time.Parse(time.RFC3339Nano, o.start); err != nil {
			return a, usageError{fmt.Errorf("generate: --start %q: want a time like 2026-01-31T12:00:00Z", o.start)}
		}
	}
	if !start.IsZero() {
		a.Start = start.UnixNano()
	}
	a.Seed, err = c.seedOf(m.Config.Seed + 1)
	return a, err
}
