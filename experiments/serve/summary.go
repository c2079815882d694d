package serve

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/sweep"
)

// summary is what the finished points of a sweep have scored.
type summary struct {
	points   string // that it is of
	Best     *sweep.Best
	Verdicts []sweep.Verdict
	Figures  []template.HTML
	Unread   []string
}

// summarize returns what the finished points of a sweep have scored, from memory where no
// further one has finished: it reads every one of their runs.
func (s *Server) summarize(m *sweep.Manifest, all []sweep.State) *summary {
	var finished strings.Builder
	for _, p := range all {
		if p.Status == run.Finished {
			fmt.Fprintf(&finished, "%d=%s ", p.Index, p.Run)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if have := s.summaries[m.Dir]; have != nil && have.points == finished.String() {
		return have
	}
	made := &summary{points: finished.String()}
	s.summaries[m.Dir] = made
	if made.points == "" {
		return made
	}
	r, err := sweep.Summarize(m)
	if err != nil {
		made.Unread = []string{err.Error()}
		return made
	}
	made.Best, made.Verdicts, made.Unread = r.Best, r.Verdicts, r.Missing
	figures, err := r.Figures()
	if err != nil {
		made.Unread = append(made.Unread, err.Error())
	}
	for _, f := range figures {
		made.Figures = append(made.Figures, template.HTML(f.Element()))
	}
	return made
}
