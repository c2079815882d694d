package main

import (
	"fmt"
	"io"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/experiments/pipeline"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/runner"
	"github.com/necstgen/necstgen/experiments/summary"
)

// learntInfo is a trace's summary and what run capture would learn of it.
type learntInfo struct {
	*summary.Trace
	Learnt  []flow.Count `json:"learnt"`   // each by a model of its own
	LeftOut []flow.Count `json:"left_out"` // too few flows, or no network addresses

	// Seconds is about how long that takes here, at least and at most, by the runs that
	// are there; nil: none says.
	Seconds *[2]float64 `json:"seconds_to_learn,omitempty"`
}

// learntOf divides a trace as run capture does, at the pace of earlier runs; nil: there are
// none.
func learntOf(t *summary.Trace, pace *runner.Pace) learntInfo {
	info := learntInfo{Trace: t, Learnt: []flow.Count{}, LeftOut: []flow.Count{}}
	learnt, left := t.Census.Divide(pipeline.OwnFlows, pipeline.PooledFlows)
	info.Learnt, info.LeftOut = append(info.Learnt, learnt...), append(info.LeftOut, left...)
	if pace != nil && len(learnt) > 0 {
		least, most := pace.Seconds(learnt)
		info.Seconds = &[2]float64{least, most}
	}
	return info
}

// howLong says how long run capture would take.
func howLong(seconds *[2]float64) string {
	if seconds == nil {
		return "how long that takes here is known when a run has finished, such as of the quickstart"
	}
	least, most := run.Seconds(seconds[0]), run.Seconds(seconds[1])
	if least == most {
		return "that takes about " + most + " here, at the pace of earlier runs"
	}
	return "that takes between " + least + " and " + most + " here, at the pace of earlier runs"
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
		if _, err := fmt.Fprintln(w, howLong(i.Seconds)); err != nil {
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
