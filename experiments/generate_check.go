package main

import (
	"fmt"
	"slices"
)

// check refuses options that contradict each other or leave open what to do.
func (o *generateOptions) check(runs int) error {
	wrong := func(format string, args ...any) error {
		return usageError{fmt.Errorf("generate: "+format, args...)}
	}
	if !slices.Contains([]string{flowLevel, packetLevel, aggregateLevel}, o.level) {
		return wrong("--level %q: want %s, %s or %s", o.level, flowLevel, packetLevel, aggregateLevel)
	}
	follows := o.follow != "" || o.flowsFrom != ""
	switch {
	case o.follow != "" && o.flowsFrom != "":
		return wrong("--follow and --flows-from: want one of them")
	case follows && (o.level != flowLevel || o.from.file != ""):
		return wrong("--follow and --flows-from are of runs, at --level flow")
	case follows && len(o.weights) > 0:
		return wrong("--share: with --follow and --flows-from, each run has the flows that these give")
	case o.flowsFrom != "" && runs != 1:
		return wrong("--flows-from: want one run")
	}
	if err := o.checkShards(wrong); err != nil {
		return err
	}
	if err := o.checkMerge(wrong); err != nil {
		return err
	}
	switch {
	case o.from.file != "":
		return o.checkFrom(runs, wrong)
	case o.from != fromOptions{columns: o.from.columns} || o.from.columns != "lstm":
		return wrong("--application, --starts and --columns are of --from")
	case o.level != flowLevel:
		return o.checkLevel(runs, wrong)
	case o.labels != "":
		return wrong("--labels is of --level packet")
	case o.flows == 0 && o.packets == 0 && o.duration == 0 && !follows:
		return wrong("how much? want --flows N, --packets N or --duration TIME, or --follow")
	case o.necstgen != "" && (len(o.outs) > 0 || o.iface != ""):
		return wrong("--necstgen writes files of its own: want it without --out and --interface")
	case o.necstgen != "":
		return nil
	}
	return o.checkTargets(wrong)
}
