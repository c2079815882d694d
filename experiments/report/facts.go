package report

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/analysis"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
)

// subject is what the report is of: applications of data, as "TLS of lan.pcapng".
func subject(m *run.Manifest, scored []string) string {
	names := slices.DeleteFunc(slices.Clone(scored), func(name string) bool { return name == "all" })
	what := fmt.Sprintf("%d applications", max(len(names), len(m.Config.Data.Application)))
	switch {
	case len(names) == 0:
		what = m.Config.Data.Application.String()
	case len(names) <= 3 && len(m.Config.Data.Application) <= 3:
		what = strings.Join(names, ", ")
	}
	return what + " of " + dataOf(m.Config.Data)
}

// dataOf is what the data are called: the name of their file or data set.
func dataOf(d config.Data) string {
	switch {
	case len(d.Path) == 1:
		return filepath.Base(d.Path[0])
	case len(d.Path) > 1:
		return fmt.Sprintf("%s and %d more", filepath.Base(d.Path[0]), len(d.Path)-1)
	case strings.HasPrefix(d.Name, "testbed"):
		return "the embedded capture"
	}
	return d.Name
}

// about is the line below the title: what the run is called, when it was made, and on
// what.
func about(m *run.Manifest) string {
	id := m.ID
	if m.Name != "" {
		id = m.Name + ", " + m.ID
	}
	text := fmt.Sprintf("Synthetic traffic of experiment %s beside the real. Run %s, started %s", m.Experiment, id, m.Started.UTC().Format("2 January 2006 15:04 UTC"))
	if m.Seconds > 0 { // else the run is under way and the report its end
		text += ", " + run.Seconds(m.Seconds)
	}
	if m.Backend.Name != "" {
		text += " on " + m.Backend.Name
	}
	text += "."
	if m.Config.About != "" {
		text += " " + strings.TrimSuffix(upperFirst(m.Config.About), ".") + "."
	}
	if m.Note != "" {
		text += " Note: " + strings.TrimSuffix(m.Note, ".") + "."
	}
	return text
}

func (a *Data) inputTable() Table {
	t := Table{Heads: []string{"input", "file", "bytes", "SHA-256"}, Right: []bool{false, false, true, false}}
	for _, in := range a.Manifest.Inputs {
		file := "embedded in the program"
		if in.Path != "" {
			file = filepath.Base(in.Path)
		}
		t.Rows = append(t.Rows, []string{in.Name, file, thousands(in.Bytes), head(in.SHA256, 16)})
	}
	return t
}

func (a *Data) trafficTable() Table {
	t := TrafficTable([]string{"training", "held out", "synthetic"}, a.Training, a.HeldOut, a.Generated)
	t.Title = ""
	return t
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

func stageTable(m *run.Manifest) Table {
	t := Stages(m)
	t.Title = ""
	return t
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

func versionTable(m *run.Manifest) Table {
	t := Table{Heads: []string{"what", "which"}, Right: []bool{false, false}}
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
	return t
}

func artifactTable(m *run.Manifest) Table {
	t := Table{Heads: []string{"file", "bytes", "SHA-256"}, Right: []bool{false, true, false}}
	for _, f := range m.Artifacts {
		if isPage(f.Name) { // no page has its own digest in it
			continue
		}
		t.Rows = append(t.Rows, []string{f.Name, thousands(f.Bytes), head(f.SHA256, 16)})
	}
	return t
}

func (a *Data) repairTable() Table {
	t := Table{Heads: []string{"change", "times"}, Right: []bool{false, true}}
	names := sortedKeys(a.Repairs)
	slices.SortStableFunc(names, func(x, y string) int { return a.Repairs[y] - a.Repairs[x] })
	for _, name := range names {
		t.Rows = append(t.Rows, []string{name, thousands(a.Repairs[name])})
	}
	return t
}

// caveats are what a reader has to know before using the data.
func (a *Data) caveats() []string {
	list := []string{"Scores hold for this split of this capture. The floor's spread says how much another split would move them; another capture of the same network may differ more."}
	if a.Manifest.Config.Level == config.AggregateLevel {
		return append(list, "Starts and sizes of flows were drawn, and no packets.")
	}
	list = append(list,
		"Payload bytes are not learnt: lengths, directions, flags and times are. Addresses come from the address plan and are none of the original's unless that was asked for.",
		"A low proportion of copied flows is not a privacy guarantee. It says that flows are not repeated as a whole; rare lengths or port numbers of the original can still occur.")
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

// settingsOf lists every key of a configuration with its value, as a command line takes
// it.
func settingsOf(e config.Experiment) ([]string, error) {
	var lines []string
	for _, key := range config.Keys() {
		value, err := e.Value(key)
		if err != nil {
			return nil, err
		}
		lines = append(lines, key+"="+Quote(value))
	}
	return lines, nil
}

// head is the first n bytes of a digest.
func head(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}
