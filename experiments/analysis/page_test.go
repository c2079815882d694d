package analysis_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/experiments/analysis"
	"github.com/necstgen/necstgen/experiments/fidelity"
)

// TestWrite: the page holds every result, escapes names, refers to nothing outside,
// runs no script, and has colours for a dark background. ANALYSES names a file to keep
// it in.
func TestWrite(t *testing.T) {
	real, generated := exchanged(40)
	generated[0].Name = "<ours>"
	generated = append(generated, analysis.Side{Name: "labels", Traffic: analysis.NewTraffic(flowtest.Exchanges(20, 400))})
	generated[1].Traffic.Lacks = fidelity.NoStarts | fidelity.NoAddresses
	results, err := analysis.Run(context.Background(), real, generated, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := analysis.Write(&b, "a < b", real, generated, results); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if name := os.Getenv("ANALYSES"); name != "" {
		if err := os.WriteFile(name, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"<h1>a &lt; b</h1>", "<td>&lt;ours&gt;</td>", `<h2 id="rtt">`, "the file does not say when its flows start", "What does not apply",
		"A2 SNR against RSSI: no packet is a LoRaWAN uplink.", "prefers-color-scheme: dark", "--figure-ink: #E8E8E8", "Left out: labels: "} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	figures := 0
	for _, r := range results {
		figures += len(r.Figures)
	}
	if n := strings.Count(text, "<figure>"); n != figures {
		t.Errorf("%d figures, want %d", n, figures)
	}
	for _, outside := range regexp.MustCompile(`(?i)<script|<link|<img|@import|url\(|(src|href)="[^"#]|ZgotmplZ`).FindAllString(text, -1) {
		t.Errorf("the page refers to something outside, or runs a script: %s", outside)
	}
}

// TestWriteFigures: every figure is a file of its own name in both formats.
func TestWriteFigures(t *testing.T) {
	real, generated := exchanged(40)
	results, err := analysis.Run(context.Background(), real, generated, []string{"lengths", "series"})
	if err != nil {
		t.Fatal(err)
	}
	begins := map[string]string{}
	err = analysis.WriteFigures(results, func(name string, content func(io.Writer) error) error {
		var b bytes.Buffer
		err := content(&b)
		begins[name] = b.String()[:4]
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lengths", "lengths-by-flags", "series", "series-bytes", "series-flows"} {
		if begins[name+".svg"] != "<?xm" || begins[name+".png"] != "\x89PNG" {
			t.Errorf("%s: %q and %q", name, begins[name+".svg"], begins[name+".png"])
		}
	}
	if len(begins) != 10 {
		t.Errorf("%d files, want 10", len(begins))
	}
}

// TestText writes numbers as tables have them.
func TestText(t *testing.T) {
	for want, v := range map[string]float64{"0": 0, "12": 12, "-3": -3, "1,234,567": 1234567, "12,346": 12345.6, "0.1235": 0.123456, "1.5e-05": 1.5e-5} {
		if got := analysis.Text(&v); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
	if got := analysis.Text(nil); got != "–" {
		t.Errorf("no number is written %q", got)
	}
}
