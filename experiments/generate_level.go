package main

import "github.com/necstgen/necstgen/experiments/output"

// The levels of generation.
const (
	flowLevel      = "flow"
	packetLevel    = "packet"
	aggregateLevel = "aggregate"
)

// maxDrawn is how many packets the packet level draws at most: they are held in memory,
// some gigabytes.
const maxDrawn = 10_000_000

// checkLevel is check for the levels that write tables and no frames.
func (o *generateOptions) checkLevel(runs int, wrong func(string, ...any) error) error {
	switch {
	case runs != 1:
		return wrong("--level %s: want one run", o.level)
	case o.iface != "" || o.necstgen != "" || o.splitSize > 0 || o.splitTime > 0 || len(o.weights) > 0 || o.overrides != frameOverrides{}:
		return wrong("--level %s writes a table: want it with --out alone", o.level)
	case len(o.outs) != 1:
		return wrong("--level %s: want one --out FILE.csv or FILE.parquet", o.level)
	case o.level == aggregateLevel && o.labels != "":
		return wrong("--labels is of --level packet")
	case o.level == aggregateLevel && (o.packets > 0 || o.flows == 0 && o.duration == 0):
		return wrong("--level aggregate: want --flows N or --duration TIME")
	case o.level == packetLevel && (o.flows > 0 || o.duration > 0 || o.rateFactor > 0):
		return wrong("--level packet: its only size is --packets N")
	case o.level == packetLevel && o.packets > maxDrawn:
		return wrong("--level packet: --packets %d: it holds them in memory: want at most %s", o.packets, output.Thousands(maxDrawn))
	case o.level == packetLevel && o.labels == "":
		return wrong("--level packet: want --labels observed, chain, or a file of labels")
	case o.level == packetLevel && o.labels == "chain" && o.packets == 0:
		return wrong("--labels chain: how many? want --packets N")
	}
	if _, err := output.TableFormat(o.outs[0]); err != nil {
		return usageError{err}
	}
	return nil
}
