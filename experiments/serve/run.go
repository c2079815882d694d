package serve

import (
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/disk"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/listing"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
)

// runData is what the page of a run shows.
type runData struct {
	listing.Run
	Folder   string // experiment/id
	Elapsed  float64
	Work     *work
	Report   string // link; "": there is none
	Scores   []fidelity.Score
	Curves   []template.HTML
	Settings []setting
	Stages   []run.Stage
	Warnings []string
	Log      []string
	Figures  []file
	Files    []file
	Facts    []fact
	Unread   []string // what could not be read, and why
}

// setting is a key whose value is not the default.
type setting struct{ Key, Value, Default string }

// fact is a line of the table of how a run was made.
type fact struct{ Name, Value string }

// work is the stage under way as pages show it.
type work struct {
	run.Work
	Before int     // stages that are done
	Since  float64 // seconds
	Left   float64 // seconds at this rate; 0: unknown
}

// work returns how far the stage under way is; nil: none is, or it is not known.
func (s *Server) work(m *run.Manifest) *work {
	w, err := m.Work()
	if w == nil || err != nil { // a note that is half there is whole at the next look
		return nil
	}
	v := &work{Work: *w, Before: w.Number - 1, Since: max(0, time.Since(w.Started).Seconds())}
	if w.Total > w.Done && w.Rate > 0 {
		v.Left = float64(w.Total-w.Done) / w.Rate
	}
	return v
}

// run answers with the page of a run.
func (s *Server) run(w http.ResponseWriter, r *http.Request) {
	ref := r.PathValue("experiment") + "/" + r.PathValue("id")
	found, err := s.find(ref)
	if err != nil {
		s.problem(w, r, http.StatusNotFound, err)
		return
	}
	m := found.Manifest
	d := runData{Run: found, Folder: ref, Scores: fidelity.Closing(found.All), Settings: changed(m), Stages: m.Stages, Warnings: m.Warnings, Facts: facts(m)}
	if found.Status == run.Running {
		d.Work, d.Elapsed = s.work(m), max(0, time.Since(m.Started).Seconds())
	}
	d.addCurves(s, m)
	d.addFiles(m)
	if d.Log, err = s.logEnd(m); err != nil {
		d.Unread = append(d.Unread, err.Error())
	}
	page := document{Title: m.Ref(), Content: "run", Data: d, Every: 5}
	if found.Status == run.Running {
		page.Every, page.Reload = 2, true
	}
	s.send(w, r, http.StatusOK, page)
}

// addCurves draws the metrics of trainings: those of stages that are done, and those of
// the stage that is under way, which are in the store.
func (d *runData) addCurves(s *Server, m *run.Manifest) {
	metrics, err := m.Metrics()
	if err != nil && d.Status != run.Running { // of a run under way the last line may be half written
		d.Unread = append(d.Unread, err.Error())
	}
	if d.Work != nil {
		recorded, err := s.store.Recorded(d.Work.Stage, d.Work.Key)
		if err != nil {
			d.Unread = append(d.Unread, err.Error())
		}
		metrics = append(metrics, recorded...)
	}
	for _, group := range report.CurveNames(metrics) {
		model, _, _ := strings.Cut(group[0], "/")
		f, err := report.Curves("Training of the "+strings.ToUpper(model), metrics, group...)
		if err != nil {
			d.Unread = append(d.Unread, err.Error())
			continue
		}
		d.Curves = append(d.Curves, template.HTML(f.Element()))
	}
}

// changed returns the settings that are not the defaults.
func changed(m *run.Manifest) []setting {
	var all []setting
	usual := config.Default()
	for _, key := range config.Keys() {
		if key == "about" { // which is what the experiment is about
			continue
		}
		value, err := m.Config.Value(key)
		preset, unknown := usual.Value(key)
		if err == nil && unknown == nil && value != preset {
			all = append(all, setting{key, value, preset})
		}
	}
	return all
}

// facts returns how a run was made.
func facts(m *run.Manifest) []fact {
	var all []fact
	add := func(name string, parts ...string) {
		parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
		if len(parts) > 0 {
			all = append(all, fact{name, strings.Join(parts, ", ")})
		}
	}
	add("folder", m.Dir)
	add("asked for", strings.Join(append([]string{m.Experiment}, m.Overrides...), " "))
	for _, in := range m.Inputs {
		add(in.Name, cmp.Or(in.Path, "embedded in the program"), disk.Size(float64(in.Bytes)))
	}
	add("computed by", m.Backend.Name, m.Backend.Description, m.Backend.PluginVersion, m.Backend.Reason)
	add("host", m.Host.Name, m.Host.OS+"/"+m.Host.Arch, fmt.Sprintf("%d processors", m.Host.CPUs))
	commit := m.Source.Commit
	if m.Source.Dirty {
		commit += " with changes"
	}
	add("code", commit, m.Source.Go)
	return all
}

// addFiles lists the artifacts, the log and the manifest, each with a link.
func (d *runData) addFiles(m *run.Manifest) {
	base := address(m) + "/"
	link := func(name string) string { return base + (&url.URL{Path: name}).EscapedPath() }
	for _, a := range m.Artifacts {
		f := file{Name: a.Name, Link: link(a.Name), Bytes: a.Bytes}
		switch {
		case a.Name == "report.html":
			d.Report = f.Link
		case strings.HasPrefix(a.Name, "figures/"):
			d.Figures = append(d.Figures, f)
		}
		d.Files = append(d.Files, f)
	}
	for _, name := range []string{run.LogName, run.ManifestName} {
		d.Files = append(d.Files, file{Name: name, Link: link(name), Bytes: -1})
	}
}
