package main

import (
	"slices"

	"github.com/necstgen/necstgen/experiments/output"
)

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
		if kind.IsCapture() {
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
