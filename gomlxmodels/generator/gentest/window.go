package gentest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// testWindows draws a request in parts that differ in From and Until: together they
// have the numbers and starts of the whole, of which first are the flows, and so has
// Starts. No part repeats the packets of another. The same is so for a schedule.
func testWindows(t *testing.T, l *Learned, g generator.Generator, request generator.Request, first []*flow.Flow) {
	t.Helper()
	planner, ok := g.(generator.Planner)
	if !ok {
		t.Errorf("%s draws no starts by themselves", l.Kind.Name)
		return
	}
	if l.noFlow {
		for _, err := range planner.Starts(context.Background(), request) {
			if !errors.Is(err, generator.ErrNoStarts) {
				t.Errorf("starts of a timeline without flows: error %v, want %v", err, generator.ErrNoStarts)
			}
		}
		return
	}
	testWindowsOf(t, planner, request, first)
	if l.Kind.Follows {
		r := generator.Request{Seed: request.Seed, Start: request.Start, Schedule: scheduled(false)}
		testWindowsOf(t, planner, r, collect(t, g, r))
	}
}

// testWindowsOf cuts one request in three.
func testWindowsOf(t *testing.T, g generator.Planner, whole generator.Request, flows []*flow.Flow) {
	t.Helper()
	var want, planned, got []int64
	for _, f := range flows {
		want = append(want, f.Start())
	}
	for at, err := range g.Starts(context.Background(), whole) {
		if err != nil {
			t.Fatal(err)
		}
		planned = append(planned, at)
	}
	if !slices.Equal(planned, want) {
		t.Errorf("starts %v, the flows' are %v", planned, want)
	}
	var parts [][]*flow.Flow
	borders := []int64{0, want[len(want)/3], want[2*len(want)/3], want[len(want)-1] + 1}
	resumes, err := g.Resumes(context.Background(), whole, borders[:3])
	if err != nil || len(resumes) != 3 {
		t.Fatalf("%d resumes of 3, error %v", len(resumes), err)
	}
	if bad := (&generator.Resume{}); whole.Schedule == nil && resumes[1] != nil {
		r := whole
		r.Resume = bad
		refuses(t, g, r, nil)
	}
	for i, from := range borders[:3] {
		r := whole
		r.From, r.Until = from, borders[i+1]
		part := collect(t, g, r)
		if r.Resume = resumes[i]; !same(part, collect(t, g, r)) {
			t.Errorf("the flows from %d ns on, resumed, are others", from)
		}
		for _, f := range part {
			if f.ID != int64(len(got)) || f.Packets[0].FlowID != f.ID {
				t.Errorf("flow %d has the number %d", len(got), f.ID)
			}
			got = append(got, f.Start())
		}
		parts = append(parts, part)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the parts have the starts %v, the whole %v", got, want)
	}
	for i, part := range parts[1:] {
		if len(part) > 4 && repeats(part, parts[i]) {
			t.Errorf("part %d has the packets of the one before it", i+1)
		}
	}
}

// repeats reports whether flow after flow has as many packets as those of before, at the
// same times since its start.
func repeats(part, before []*flow.Flow) bool {
	for i := range min(len(part), len(before)) {
		a, b := part[i], before[i]
		if len(a.Packets) != len(b.Packets) {
			return false
		}
		for j := range a.Packets {
			if a.Packets[j].Time-a.Start() != b.Packets[j].Time-b.Start() {
				return false
			}
		}
	}
	return true
}
