package report_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/report/reporttest"
	"github.com/necstgen/necstgen/experiments/run"
)

func folder(t *testing.T) *run.Manifest {
	t.Helper()
	m, err := reporttest.Folder(t.TempDir(), 250, fidelity.Config{Trees: 30, FloorSplits: 2})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestWrite makes the report of a run folder. REPORT names a file to keep it in.
func TestWrite(t *testing.T) {
	m := folder(t)
	m.Annotation = run.Annotation{Name: "office", Note: "before <the> move"}
	var b bytes.Buffer
	if err := report.Write(&b, report.Load(m)); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if name := os.Getenv("REPORT"); name != "" {
		if err := os.WriteFile(name, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{
		"Run office, " + m.ID + ", started", "Note: before &lt;the&gt; move.", "C2ST window", "copied flows", "real from real", "go run ./experiments run quickstart seed=1 --backend go",
		"component 2 holds 3 packets", "repeated FIN cleared", "Training of the VAE", "Training of the LSTM", "bootstrap baseline", "time moved forward",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if n := strings.Count(text, "<figure"); n != 17 {
		t.Errorf("%d figures, want 17", n)
	}
	if strings.Contains(text, "not complete") {
		t.Error("the report says that something is missing")
	}
	for _, outside := range regexp.MustCompile(`(?i)<script|<link|<img|@import|url\(|(src|href)="[^"#]`).FindAllString(text, -1) {
		t.Errorf("the report refers to something outside, or runs a script: %s", outside)
	}
	if strings.Contains(text, filepath.Dir(m.Dir)) {
		t.Error("the report holds a path of this machine")
	}
	t.Logf("%d bytes", len(text))
}

func TestWriteFigures(t *testing.T) {
	var names []string
	err := report.Load(folder(t)).WriteFigures(func(name string, content func(io.Writer) error) error {
		var b bytes.Buffer
		if err := content(&b); err != nil || !bytes.HasPrefix(b.Bytes(), []byte("<?xml")) {
			t.Errorf("%s: %v, %d bytes", name, err, b.Len())
		}
		names = append(names, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != 17 || names[0] != "figures/lengths.svg" {
		t.Errorf("%v, want all figures, the length first", names)
	}
}

// TestIncomplete takes files away: the report says so and shows the rest.
func TestIncomplete(t *testing.T) {
	m := folder(t)
	for _, name := range []string{report.GeneratedName, report.LatentName} {
		if err := os.Remove(m.Path(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Replace(report.ScoresName, func(w io.Writer) error { _, err := io.WriteString(w, "[{"); return err }); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := report.Write(&b, report.Load(m)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), report.LatentName+" is not") {
		t.Error("a generator without a latent sample is told as a gap")
	}
	for _, want := range []string{"generated.parquet is not in the run folder", "scores.json: unexpected end of JSON input", "Training of the VAE"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}
