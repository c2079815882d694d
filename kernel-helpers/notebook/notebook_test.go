package notebook

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/frame"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/figure"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/report/reporttest"
	"github.com/necstgen/necstgen/experiments/run"
)

func TestRuns(t *testing.T) {
	t.Setenv(RunsVariable, "")
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "notebooks", "deeper"), 0o777); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GONB_DIR", filepath.Join(root, "notebooks", "deeper"))
	if dir, err := Runs(); err == nil && strings.HasPrefix(dir, root) {
		t.Errorf("without a go.mod: %s", dir)
	}
	if err := os.WriteFile(filepath.Join(root, "go.mod"), []byte("module x\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if dir, err := Runs(); err != nil || dir != filepath.Join(root, "runs") {
		t.Errorf("%s, %v, want %s", dir, err, filepath.Join(root, "runs"))
	}
	if path := File("x.pcap"); path != filepath.Join(root, "runs", ".notebook", "x.pcap") {
		t.Errorf("a file of cells lies at %s", path)
	}
	t.Setenv(RunsVariable, "elsewhere")
	if dir, err := Runs(); err != nil || dir != "elsewhere" {
		t.Errorf("%s, %v, want elsewhere", dir, err)
	}
}

// said returns what a function writes to the standard output, as a program outside a
// notebook would.
func said(t *testing.T, show func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stdout
	os.Stdout = w
	text := make(chan string)
	go func() {
		all, err := io.ReadAll(r)
		text <- fmt.Sprint(string(all), map[bool]string{true: "", false: fmt.Sprint(err)}[err == nil])
	}()
	show()
	os.Stdout = before
	w.Close()
	return <-text
}

// Outside a notebook everything is text.
func TestShowOutsideANotebook(t *testing.T) {
	f, err := figure.CDF("Length", "bytes", figure.Linear, figure.Sample{Name: "real", Values: []float64{1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	small := frame.New([]table.Column{table.Texts("who", []string{"a", "b", "a"}), table.Integers("n", []int64{1, 2, 3})}, nil)
	for _, test := range []struct {
		name  string
		thing any
		want  string
	}{
		{"figure", f, "Length\n"},
		{"frame", small, "who  n\na    1\nb    2\na    3\n"},
		{"groups", small.Group("who").Count(), "who  count\na    2\nb    1\n"},
		{"table", report.Table{Title: "Traffic", Heads: []string{"of", "flows"}, Right: []bool{false, true}, Rows: [][]string{{"HTTP", "812"}}}, "Traffic\nof    flows\nHTTP    812\n"},
		{"schema", &feature.Schema{Columns: []feature.Column{{Name: "length", Kind: feature.Number, Scale: feature.Log, Lo: 1, Hi: 3.5}, {Name: "flags", Kind: feature.Category, Classes: []float64{2, 16}}}},
			"column  kind      scale  least  greatest  classes\nlength  number    log10      1       3.5         \nflags   category                                2\n"},
		{"text", Markdown("**text**"), "**text**"},
		{"verdict", report.Verdict{Headline: "Close"}, "**Close.**\n\n"},
		{"anything", 7, "7\n"},
	} {
		if got := said(t, func() { Show(test.thing, error(nil)) }); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	if got := said(t, func() { var o Output; Check(o.Show(f)) }); got != "" {
		t.Errorf("an output that is drawn again says %q", got)
	}
}

// A notebook gets a figure in both kinds of pictures and everything as text, too.
func TestContent(t *testing.T) {
	f, err := figure.CDF("Length", "bytes", figure.Linear, figure.Sample{Name: "real", Values: []float64{1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := contentOf(f)
	if err != nil || !strings.HasPrefix(string(c.png), "\x89PNG") || !strings.Contains(c.svg, "<svg") || c.plain == "" || c.width != 533 {
		t.Errorf("a figure is %d bytes of PNG, %d of SVG, %q, %d wide, %v", len(c.png), len(c.svg), c.plain, c.width, err)
	}
	long := make([]int64, 1200)
	if c, err := contentOf(frame.New([]table.Column{table.Integers("n", long)}, nil)); err != nil ||
		strings.Count(c.html, "<tr>") != shownRows+1 || !strings.Contains(c.html, "The first 10 of 1,200 rows") || !strings.HasSuffix(c.plain, "1200 rows\n") {
		t.Errorf("a long frame is %s\n%s, %v", c.html, c.plain, err)
	}
	if c, err := contentOf(Page{Text: "a < b", Figures: []*figure.Figure{f}}); err != nil || c.plain != "a < b" ||
		!strings.Contains(c.html, "<pre>a &lt; b</pre>") || !strings.Contains(c.html, `alt="Length" src="data:image/png;base64,iVBOR`) {
		t.Errorf("a page is %.100s, %v", c.html, err)
	}
	if _, err := contentOf(frame.New(nil, io.ErrUnexpectedEOF)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a frame with an error: %v", err)
	}
}

func TestBox(t *testing.T) {
	for _, test := range []struct {
		err         error
		plain, html string
	}{
		{errors.New("no column \"x\": want one of a, b"), "Wrong\n  no column \"x\"\n  want one of a, b\n", "<br>no column &#34;x&#34;<br><i>want one of a, b</i>"},
		{errors.New(`no experiment "dms"; did you mean "dns"?`), "Wrong\n  no experiment \"dms\"\n  did you mean \"dns\"?\n", "<i>did you mean"},
		{errors.Join(errors.New("one <b>"), errors.New("two")), "Wrong\n  one <b>\n  two\n", "<br>one &lt;b&gt;<br>two"},
	} {
		c := boxContent("Wrong", test.err)
		if strings.ReplaceAll(c.plain, "  did", "  did") != test.plain || !strings.Contains(c.html, test.html) {
			t.Errorf("%v:\n%s%s", test.err, c.plain, c.html)
		}
	}
}

// The runs of a folder are rows, and a run is opened by whatever names it.
func TestListAndOpen(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(RunsVariable, dir)
	if f := List(); f.Err() != nil || f.Len() != 0 {
		t.Errorf("no runs: %s", f)
	}
	m, err := reporttest.Folder(dir, 200, fidelity.Config{Trees: 5, FloorSplits: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Annotate(run.Annotation{Name: "first", Tags: []string{"a", "b"}}); err != nil {
		t.Fatal(err)
	}
	f := List()
	if refs, err := f.Texts("run"); err != nil || len(refs) != 1 || refs[0] != "first" {
		t.Errorf("%v, %v", refs, err)
	}
	scores, err := f.Floats("C2ST flow")
	if err != nil || !(scores[0] > 0 && scores[0] <= 1) {
		t.Errorf("%v, %v: %s", scores, err, f)
	}
	for _, ref := range []string{"first", "quickstart", "quickstart/" + m.ID} {
		if a := Open(ref); a.Manifest.ID != m.ID || len(a.Missing) > 0 {
			t.Errorf("%s: %s, %v", ref, a.Manifest.ID, a.Missing)
		}
	}
	values, codes := Features("first")
	if x := Must(codes.Matrix()); x.RawMatrix().Rows != values.Len() || values.Len() == 0 {
		t.Errorf("%d rows of codes, %d of values, %v", x.RawMatrix().Rows, values.Len(), values.Err())
	}
	if got := said(t, func() { Compare("first", "quickstart") }); !strings.Contains(got, "Scores\n") || !strings.Contains(got, "C2ST flow") {
		t.Errorf("compared: %s", got)
	}
}

func TestPackets(t *testing.T) {
	const name = "testbed"
	packets, flows := Packets(name), Flows(name)
	total, err := packets.Group().Count().Floats("count")
	if err != nil {
		t.Fatal(err)
	}
	of, err := flows.Group().Sum("flow_id_count").Floats("flow_id_count_sum")
	if err != nil || total[0] != of[0] {
		t.Errorf("%v packets, %v in flows, %v", total, of, err)
	}
	for _, test := range []struct {
		draw func() (*figure.Figure, error)
		want string
	}{
		{func() (*figure.Figure, error) {
			return CDF(packets, "length", "application", "Length", "bytes", figure.Linear)
		}, ""},
		{func() (*figure.Figure, error) {
			return CDF(packets, "length", "flow_id", "Length", "bytes", figure.Linear)
		}, "column flow_id has"},
		{func() (*figure.Figure, error) { return CDF(packets, "lengths", "", "Length", "bytes", figure.Linear) }, `no column "lengths"`},
		{func() (*figure.Figure, error) {
			return Bars(packets.Group("application").Count().Frame, "application", "count", "Packets", "packets")
		}, ""},
		{func() (*figure.Figure, error) { return Bars(packets, "application", "mac_src", "Packets", "packets") }, "holds text"},
	} {
		f, err := test.draw()
		if test.want == "" && (err != nil || f == nil) || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
	if f := Packets("no.pcap"); f.Err() == nil {
		t.Error("no file was read")
	}
}

// Metrics become a figure of each model.
func TestCurves(t *testing.T) {
	var c Curves
	for step := range 3 {
		if err := c.Record("vae/loss", step, float64(step)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Record("lstm/loss", 1, 1); err != nil {
		t.Fatal(err)
	}
	if err := c.Draw(); err != nil || len(c.outputs) != 2 {
		t.Errorf("%d figures, %v", len(c.outputs), err)
	}
}

func TestCommand(t *testing.T) {
	if got := said(t, func() { Command("go", "env", "GOMOD") }); !strings.HasSuffix(strings.TrimSpace(got), "go.mod") {
		t.Errorf("go env says %q", got)
	}
	if got := said(t, func() { Command("no-such-program") }); got != "Skipped: no-such-program is not installed here." {
		t.Errorf("without the program: %q", got)
	}
}
