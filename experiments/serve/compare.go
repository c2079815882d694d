package serve

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"

	"github.com/necstgen/necstgen/experiments/comparison"
	"github.com/necstgen/necstgen/experiments/run"
)

// compared is the most runs that are set side by side: more columns nobody reads.
const compared = 20

// compare answers with the runs of the query side by side.
func (s *Server) compare(w http.ResponseWriter, r *http.Request) {
	refs := r.URL.Query()["run"]
	slices.Sort(refs)
	refs = slices.Compact(refs)
	if len(refs) < 2 || len(refs) > compared {
		s.problem(w, r, http.StatusBadRequest, fmt.Errorf("%d runs are selected: want 2 to %d, by the boxes of the table", len(refs), compared))
		return
	}
	var runs []*run.Manifest
	var problems []error
	for _, ref := range refs {
		found, err := s.find(ref)
		problems = append(problems, err)
		runs = append(runs, found.Manifest)
	}
	if err := errors.Join(problems...); err != nil {
		s.problem(w, r, http.StatusNotFound, err)
		return
	}
	slices.SortStableFunc(runs, func(a, b *run.Manifest) int { return a.Started.Compare(b.Started) })
	var body bytes.Buffer
	c, err := comparison.Compare(runs)
	if err == nil {
		for i, m := range runs {
			c.Runs[i].Link = address(m)
		}
		err = c.Body(&body)
	}
	if err != nil {
		s.problem(w, r, http.StatusInternalServerError, err)
		return
	}
	s.send(w, r, http.StatusOK, document{Title: "Runs side by side", Content: "raw", Data: template.HTML(body.String())})
}
