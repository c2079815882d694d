package report_test

import (
	"bytes"
	"errors"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/analysis"
	"github.com/necstgen/necstgen/experiments/config"
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
	if n := strings.Count(text, "<figure"); n != 18 {
		t.Errorf("%d figures, want 18", n)
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

// TestWriteFigures: every figure is written in every format that is asked for.
func TestWriteFigures(t *testing.T) {
	begins := map[string]string{".svg": "<?xml", ".png": "\x89PNG", ".pdf": "%PDF-"}
	data := report.Load(folder(t))
	var names []string
	err := data.WriteFigures(func(name string, content func(io.Writer) error) error {
		var b bytes.Buffer
		if err := content(&b); err != nil || !strings.HasPrefix(b.String(), begins[filepath.Ext(name)]) {
			t.Errorf("%s: %v, %d bytes", name, err, b.Len())
		}
		names = append(names, name)
		return nil
	}, "svg", "pdf", "png")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != 3*18 || names[0] != "figures/classifiers.svg" || names[4] != "figures/lengths.pdf" {
		t.Errorf("%v, want all figures, the classifiers first", names)
	}
	err = data.WriteFigures(func(_ string, content func(io.Writer) error) error { return content(io.Discard) }, "gif")
	if err == nil || !strings.Contains(err.Error(), `unknown format "gif": want one of svg, png, pdf`) {
		t.Errorf("a format that there is not: %v", err)
	}
}

// headings are the words of headings and summaries of a text, in their order.
func headings(text, pattern string) []string {
	var words []string
	for _, found := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		word, _, _ := strings.Cut(found[1], " <")
		words = append(words, html.UnescapeString(word))
	}
	return words
}

// TestWriteMarkdown: both forms of the report have the same headings in the same order,
// the same scores and the same figures.
func TestWriteMarkdown(t *testing.T) {
	data := report.Load(folder(t))
	var page, text bytes.Buffer
	if err := errors.Join(report.Write(&page, data), report.WriteMarkdown(&text, data)); err != nil {
		t.Fatal(err)
	}
	inPage := headings(page.String(), `<(?:h[12]|summary)>([^\n]*?)</(?:h[12]|summary)>`)
	inText := headings(text.String(), `(?m)^#+ (.*)$`)
	var shared []string
	for _, h := range inText { // What to keep in mind, and what the framer changed, are no sections of the page
		if slices.Contains(inPage, h) {
			shared = append(shared, h)
		}
	}
	if !slices.Equal(shared, inPage) || len(inPage) < 12 || inPage[0] != "HTTP of the embedded capture" {
		t.Errorf("headings of the page %q, of the text %q", inPage, inText)
	}
	for _, s := range data.Scores {
		if !strings.HasPrefix(s.Note, fidelity.NotApplicable) && !strings.Contains(text.String(), "\n| "+s.Score+" | ") {
			t.Errorf("the text lacks %s", s.Score)
		}
	}
	if n := strings.Count(text.String(), "](figures/"); n != 18 {
		t.Errorf("%d figures in the text, want 18", n)
	}
}

// TestTitle: the title says of which data the report is.
func TestTitle(t *testing.T) {
	for want, change := range map[string]func(c *config.Data){
		"HTTP of the embedded capture": func(*config.Data) {},
		"TLS of lan.pcapng": func(c *config.Data) {
			c.Path, c.Application = config.Paths{"/home/me/lan.pcapng"}, flow.Applications{flow.TLS}
		},
		"HTTP of a.pcap and 2 more": func(c *config.Data) { c.Path = config.Paths{"x/a.pcap", "b.pcap", "c.pcap"} },
		"HTTP of necstgen/http":     func(c *config.Data) { c.Name = "necstgen/http" },
	} {
		data := report.Data{Manifest: &run.Manifest{Experiment: "x", Config: config.Default()}, Training: new(analysis.Traffic), HeldOut: new(analysis.Traffic), Generated: new(analysis.Traffic)}
		change(&data.Manifest.Config.Data)
		var text bytes.Buffer
		if err := report.WriteMarkdown(&text, &data); err != nil {
			t.Fatal(err)
		}
		if title, _, _ := strings.Cut(text.String(), "\n"); title != "# "+want {
			t.Errorf("title %q, want %q", title, want)
		}
	}
}

// TestApplications: with several applications each has its verdict and its scores, of
// which the first are unfolded. REPORTS names a file to keep the page in.
func TestApplications(t *testing.T) {
	data := report.Load(folder(t))
	scores := data.Scores
	data.Scores = nil
	for _, application := range []string{"all", "HTTP", "DNS"} {
		for _, s := range scores {
			s.Application = application
			data.Scores = append(data.Scores, s)
		}
	}
	var b bytes.Buffer
	if err := report.Write(&b, data); err != nil {
		t.Fatal(err)
	}
	if name := os.Getenv("REPORTS"); name != "" {
		if err := os.WriteFile(name, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]int{
		"<h1>HTTP, DNS of the embedded capture</h1>": 1, `<section class="verdict">`: 3, "<details><summary>DNS: <strong>": 1, "<details open><summary>All applications: <strong>": 1,
		`<details class="application" open><summary>All applications</summary>`: 1, `<details class="application"><summary>DNS</summary>`: 1,
		`<figure id="classifiers">`: 1,
	} {
		if n := strings.Count(b.String(), text); n != want {
			t.Errorf("%d times %q, want %d", n, text, want)
		}
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
