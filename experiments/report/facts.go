package report

import (
	"bytes"
	"fmt"
	"html/template"
	"path/filepath"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/analysis"
	"github.com/necstgen/necstgen/experiments/run"
)

// markup is a table as an element of the page, nothing if it has no rows.
func markup(t Table) template.HTML {
	if len(t.Rows) == 0 {
		return ""
	}
	var b bytes.Buffer
	if err := t.WriteHTML(&b); err != nil {
		return "" // a buffer takes everything
	}
	return template.HTML(b.String())
}

// about is the line below the title: what the run is called, when it was made, and on
// what.
func about(m *run.Manifest) string {
	id := m.ID
	if m.Name != "" {
		id = m.Name + ", " + m.ID
	}
	text := fmt.Sprintf("Run %s, started %s, %s on %s.", id, m.Started.UTC().Format("2 January 2006 15:04 UTC"), run.Seconds(m.Seconds), m.Backend.Name)
	if m.Seconds == 0 { // the run is under way and the report one of its stages
		text = fmt.Sprintf("Run %s, started %s, on %s.", id, m.Started.UTC().Format("2 January 2006 15:04 UTC"), m.Backend.Name)
	}
	if m.Config.About != "" {
		text += " " + strings.ToUpper(m.Config.About[:1]) + strings.TrimSuffix(m.Config.About[1:], ".") + "."
	}
	if m.Note != "" {
		text += " Note: " + strings.TrimSuffix(m.Note, ".") + "."
	}
	return text
}

func (a *Data) inputTable() template.HTML {
	t := Table{Heads: []string{"input", "file", "bytes", "SHA-256"}, Right: []bool{false, false, true, false}}
	for _, in := range a.Manifest.Inputs {
		file := "embedded in the program"
		if in.Path != "" {
			file = filepath.Base(in.Path)
		}
		t.Rows = append(t.Rows, []string{in.Name, file, thousands(in.Bytes), head(in.SHA256, 16)})
	}
	return markup(t)
}

func (a *Data) trafficTable() template.HTML {
	t := TrafficTable([]string{"training", "held out", "synthetic"}, a.Training, a.HeldOut, a.Generated)
	t.Title = ""
	return markup(t)
}

// sampled is the sentence on the distributions that are of a part of the flows. It
// is empty if none is.
func (a *Data) sampled() string {
	var parts []string
	for i, t := range []*analysis.Traffic{a.HeldOut, a.Generated} {
		if part := t.Part(); part != "" {
			parts = append(parts, part+[]string{" held out", " generated"}[i])
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "Figures of packets and of flows show a random part, whole flows: " + strings.Join(parts, "; ") + ". The table above and the figures of load count all."
}

// Stages is the stage table of a run.
func Stages(m *run.Manifest) Table {
	t := Table{Title: "Stages", Heads: []string{"stage", "time", "what"}, Right: []bool{false, true, false}}
	for _, s := range m.Stages {
		duration := run.Seconds(s.Seconds)
		if s.Reused {
			duration = "reused"
		}
		t.Rows = append(t.Rows, []string{s.Name, duration, s.Note})
	}
	return t
}

func stageTable(m *run.Manifest) template.HTML {
	t := Stages(m)
	t.Title = ""
	return markup(t)
}

// command is the command line that makes the same run.
func command(m *run.Manifest) string {
	parts := []string{"go run ./experiments run", m.Experiment}
	for _, o := range m.Overrides {
		parts = append(parts, Quote(o))
	}
	if b := m.Backend.Name; b != "" {
		parts = append(parts, "--backend", b)
	}
	text := strings.Join(parts, " ")
	if m.Source.Commit != "" {
		text = "git checkout " + m.Source.Commit + "\n" + text
	}
	return text
}

// Quote puts an argument of a command line into quotes if a shell would take it apart.
func Quote(s string) string {
	if strings.ContainsAny(s, " \t'\"\\$`*?[]{}()<>|&;#!~") {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return s
}

// same says what running it again gives.
func same(m *run.Manifest) string {
	text := "The same configuration, seed and backend give the same generated capture to the byte."
	if m.Source.Dirty {
		text += " The run was made from a checkout with changes that are not committed"
		if m.Source.Diff != "" {
			text += "; they are in " + m.Source.Diff
		}
		text += "."
	}
	return text
}

func versionTable(m *run.Manifest) template.HTML {
	t := Table{Heads: []string{"", ""}, Right: []bool{false, false}}
	add := func(name, value string) {
		if value != "" {
			t.Rows = append(t.Rows, []string{name, value})
		}
	}
	commit := m.Source.Commit
	if m.Source.Dirty {
		commit += ", with changes"
	}
	add("source", commit)
	add("go.sum", head(m.Source.GoSum, 16))
	add("toolchain", m.Source.Go)
	backend := m.Backend.Name
	for _, more := range []string{m.Backend.Description, m.Backend.PluginVersion, m.Backend.Reason} {
		if more != "" {
			backend += ", " + more
		}
	}
	add("backend", backend)
	add("host", fmt.Sprintf("%s/%s, %d CPUs", m.Host.OS, m.Host.Arch, m.Host.CPUs))
	add("seed", fmt.Sprint(m.Config.Seed))
	var seeds []string
	for _, name := range sortedKeys(m.Seeds) {
		seeds = append(seeds, fmt.Sprintf("%s %d", name, m.Seeds[name]))
	}
	add("seeds of stages", strings.Join(seeds, ", "))
	html := string(markup(t))
	return template.HTML(strings.Replace(html, "<thead><tr><th></th><th></th></tr>\n</thead>\n", "", 1))
}

func artifactTable(m *run.Manifest) template.HTML {
	t := Table{Heads: []string{"file", "bytes", "SHA-256"}, Right: []bool{false, true, false}}
	for _, f := range m.Artifacts {
		t.Rows = append(t.Rows, []string{f.Name, thousands(f.Bytes), head(f.SHA256, 16)})
	}
	return markup(t)
}

func (a *Data) repairTable() template.HTML {
	t := Table{Heads: []string{"change", "times"}, Right: []bool{false, true}}
	names := sortedKeys(a.Repairs)
	slices.SortStableFunc(names, func(x, y string) int { return a.Repairs[y] - a.Repairs[x] })
	for _, name := range names {
		t.Rows = append(t.Rows, []string{name, thousands(a.Repairs[name])})
	}
	return markup(t)
}

// caveats are what a reader has to know before using the data.
func (a *Data) caveats() []string {
	list := []string{
		"Scores hold for this split of this capture. The floor's spread tells how much another split would move them; another capture of the same network may differ more.",
		"Payload bytes are not learnt: lengths, directions, flags and times are. Addresses come from the address plan and are none of the original's unless that was asked for.",
		"A low proportion of copied flows is not a privacy guarantee. It says that flows are not repeated as a whole; rare lengths or port numbers of the original can still occur.",
	}
	if n := a.HeldOut.Flows; n > 0 && n < 200 {
		list = append(list, fmt.Sprintf("Only %d flows were held out. Small differences cannot be seen with so few; the classifiers above all get weaker.", n))
	}
	var repairs int
	for _, n := range a.Repairs {
		repairs += n
	}
	if repairs > 0 && a.Generated.Flows > 0 {
		list = append(list, fmt.Sprintf("%s changes were made to %s synthetic flows so that they are valid on the wire (listed below): the scores are of the mended flows.", thousands(repairs), thousands(a.Generated.Flows)))
	}
	return list
}

// head is the first n bytes of a digest.
func head(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}
