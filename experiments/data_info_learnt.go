package main

import (
	"fmt"
	"io"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/experiments/pipeline"
	"github.com/necstgen/necstgen/experiments/summary"
)

// learntInfo is a trace's summary and what run capture would learn of it.
type learntInfo struct {
	*summary.Trace
	Learnt  []flow.Count `json:"learnt"`   // each by a model of its own
	LeftOut []flow.Count `json:"left_out"` // too few flows, or no network addresses
}

// learntOf divides a trace as run capture does.
func learntOf(t *summary.Trace) learntInfo {
	info := learntInfo{t, []flow.Count{}, []flow.Count{}}
	learnt, left := t.Census.Divide(pipeline.OwnFlows, pipeline.PooledFlows)
	info.Learnt, info.LeftOut = append(info.Learnt, learnt...), append(info.LeftOut, left...)
	return info
}

// printLearnt prints what run capture would learn of the files, and how.
func printLearnt(w io.Writer, i learntInfo) error {
	if i.Devices != nil && len(i.Learnt) == 0 {
		return nil // a gateway's uplinks are an experiment of their own
	}
	if len(i.Learnt) > 0 {
		fmt.Fprintf(w, "\nrun capture data.path=%s learns, each by a model of its own:\n", i.Name)
		var rows [][]string
		for _, n := range i.Learnt {
			rows = append(rows, []string{n.Application.String(), output.Thousands(n.Flows), output.Thousands(n.Packets), "data.application=" + n.Application.String()})
		}
		if err := printTable(w, []string{"MODEL", "FLOWS", "PACKETS", "ALONE BY"}, rows); err != nil {
			return err
		}
	}
	for _, n := range i.LeftOut {
		if _, err := fmt.Fprintf(w, "not learnt: %s, %s flows, %s packets: %s\n", n.Application, output.Thousands(n.Flows), output.Thousands(n.Packets), n.LeftOut(pipeline.PooledFlows)); err != nil {
			return err
		}
	}
	return nil
}
