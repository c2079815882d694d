package main

import (
	"fmt"
	"slices"

	"github.com/necstgen/necstgen/experiments/output"
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

// checkTargets refuses options that leave open where the packets go.
func (o *generateOptions) checkTargets(wrong func(string, ...any) error) error {
	switch {
	case len(o.outs) == 0 && o.iface == "":
		return wrong("where to? want --out FILE or --interface NAME")
	case o.iface == "" && o.speed != 1:
		return wrong("--speed is of --interface")
	}
	return o.checkOuts(wrong)
}

// checkOuts refuses names of files from which it does not follow what to write.
func (o *generateOptions) checkOuts(wrong func(string, ...any) error) error {
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
