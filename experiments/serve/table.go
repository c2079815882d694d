package serve

import (
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/listing"
	"github.com/necstgen/necstgen/experiments/run"
)

// tableData is what the page of all runs shows.
type tableData struct {
	Query       map[string]string // the conditions as they were written
	Filtered    bool
	Problems    []string // of the conditions
	Experiments []string
	Statuses    []run.Status
	Keys        []string // of settings
	Measures    []string // names of scores
	Columns     []column
	Rows        []row
	Total       int // runs there are
	Broken      []run.Broken
}

// column is the head of a column.
type column struct {
	Name   string
	Link   string // orders the table by the column
	Sorted string // "ascending", "descending" or "none", as ARIA has it
	Number bool
}

// row is a run in the table.
type row struct {
	listing.Run
	Folder string // experiment/id
	Work   *work  // nil: no stage is under way
	Values []*float64
}

// conditions are the names of the query's conditions.
var conditions = []string{"text", "experiment", "status", "tag", "setting", "score"}

// table answers with all runs that the conditions of the query hold for.
func (s *Server) table(w http.ResponseWriter, r *http.Request) {
	runs, broken, err := s.list.List()
	if err != nil {
		s.problem(w, r, http.StatusInternalServerError, err)
		return
	}
	query := r.URL.Query()
	f := filter(query)
	t := tableData{Query: map[string]string{}, Filtered: f.Some(), Statuses: listing.Statuses, Keys: config.Keys(), Total: len(runs)}
	for _, d := range fidelity.Definitions() {
		t.Measures = append(t.Measures, d.Level+"/"+d.Name)
	}
	for _, name := range conditions {
		t.Query[name] = query.Get(name)
	}
	for _, run := range runs {
		t.Experiments = append(t.Experiments, run.Experiment)
	}
	slices.Sort(t.Experiments)
	t.Experiments = slices.Compact(t.Experiments)
	for _, problem := range f.Check() {
		t.Problems = append(t.Problems, problem.Error())
	}
	t.columns(query, f)
	order, descending := query.Get("sort"), query.Get("order") == "descending"
	if order != "" && !listing.Sort(runs, order, descending) {
		t.Problems = append(t.Problems, "sort: there is no order "+order)
	}
	if !t.Filtered { // of a folder that cannot be read nobody knows whether the conditions hold
		t.Broken = broken
	}
	every := 5
	if len(t.Problems) > 0 {
		runs = nil
	}
	for _, one := range runs {
		if !f.Lets(one) {
			continue
		}
		item := row{Run: one, Folder: folder(one.Manifest)}
		if one.Status == run.Running {
			item.Work, every = s.work(one.Manifest), 2
		}
		for _, d := range f.Columns() {
			item.Values = append(item.Values, one.Score(d))
		}
		t.Rows = append(t.Rows, item)
	}
	s.send(w, r, http.StatusOK, document{Title: "Runs", Every: every, Content: "table", Data: t})
}

// filter reads the conditions of a query. Several tags and settings have spaces between
// them, several scores commas, of which no name has one.
func filter(query url.Values) *listing.Filter {
	f := &listing.Filter{Text: strings.TrimSpace(query.Get("text")), Experiment: query.Get("experiment"), Status: query.Get("status"),
		Tags: strings.Fields(query.Get("tag")), Settings: strings.Fields(query.Get("setting"))}
	for score := range strings.SplitSeq(query.Get("score"), ",") {
		if score = strings.TrimSpace(score); score != "" {
			f.Scores = append(f.Scores, score)
		}
	}
	return f
}

// columns makes the heads of the table, each a link that orders it by the column, in the
// other direction where it is so already.
func (t *tableData) columns(query url.Values, f *listing.Filter) {
	sorted, descending := query.Get("sort"), query.Get("order") == "descending"
	if sorted == "" {
		sorted, descending = "started", true
	}
	add := func(key, name string, number bool) {
		c := column{Name: name, Sorted: "none", Number: number}
		down := key == "started" // the newest first
		if key == sorted {
			c.Sorted, down = map[bool]string{true: "descending", false: "ascending"}[descending], !descending
		}
		q := url.Values{}
		for _, name := range conditions {
			if query.Get(name) != "" {
				q.Set(name, query.Get(name))
			}
		}
		q.Set("sort", key)
		if down {
			q.Set("order", "descending")
		}
		c.Link = "/?" + q.Encode()
		t.Columns = append(t.Columns, c)
	}
	for _, key := range listing.Orders {
		add(key, key, key == "took")
	}
	for _, d := range f.Columns() {
		add(d.Level+"/"+d.Name, d.Name, true)
	}
}

// folder returns experiment/id of a run, by the names of its folders.
func folder(m *run.Manifest) string {
	return filepath.Base(filepath.Dir(m.Dir)) + "/" + filepath.Base(m.Dir)
}

// find returns the run in the folder experiment/id. Only folders that a list of the runs
// has are found, so nothing of a request becomes a path.
func (s *Server) find(ref string) (listing.Run, error) {
	runs, broken, err := s.list.List()
	if err != nil {
		return listing.Run{}, err
	}
	for _, r := range runs {
		if folder(r.Manifest) == ref {
			return r, nil
		}
	}
	for _, b := range broken {
		if folder(&run.Manifest{Dir: b.Dir}) == ref {
			return listing.Run{}, b.Err
		}
	}
	return listing.Run{}, errors.New("there is no run " + ref + " any more, or there never was")
}
