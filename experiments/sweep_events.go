package main

import (
	"fmt"
	"time"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/sweep"
)

// sweepEvents says what ends while a sweep runs, a line each.
type sweepEvents struct {
	c        *command
	terminal *run.Terminal
	began    time.Time
	made     int // points
	kept     int // points that had finished before
	total    int // points that are to be run
}

// observe says one end.
func (s *sweepEvents) observe(e sweep.Event) {
	s.total = e.Total
	switch {
	case e.Kept:
		s.kept++
	case e.Group == nil:
		s.made++
		s.terminal.Printf("%*d of %d%s  %s\n", len(fmt.Sprint(e.Total)), e.Done, e.Total, s.left(e), s.c.describePoint(e.State))
	case e.Err == nil:
		s.terminal.Printf("%s\n", describeGroup(*e.Group))
	default:
		s.terminal.Printf("%s: failed: %s\n", describeGroup(*e.Group), firstLine(e.Err.Error()))
	}
}

// left says how long the other points take if they take as long as those made so far.
func (s *sweepEvents) left(e sweep.Event) string {
	if e.Done == e.Total {
		return ""
	}
	return ", " + run.Seconds(time.Since(s.began).Seconds()/float64(s.made)*float64(e.Total-e.Done)) + " left"
}

// end says how many points were not run.
func (s *sweepEvents) end() {
	if s.kept > 0 {
		s.terminal.Printf("finished before and not computed again: %d of %d points\n", s.kept, s.total)
	}
}
