package figure_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/experiments/figure"
)

var regen = flag.Bool("regen", false, "write the golden files in testdata anew")

// drawn returns n values around a centre.
func drawn(seed uint64, n int, centre, width float64) []float64 {
	rng := rand.New(rand.NewPCG(seed, seed))
	values := make([]float64, n)
	for i := range values {
		values[i] = centre + width*rng.NormFloat64()
	}
	return values
}

// sides are three samples, the second of a side that is not the first generated one.
func sides() []figure.Sample {
	return []figure.Sample{
		{Name: "real", Values: drawn(1, 60, 3, 1), Zeros: 20}, {Side: 2, Name: "ours, sampled", Values: drawn(2, 40, 3.4, 1)},
		{Side: 3, Name: "the authors'", Values: drawn(3, 30, 5, 0.5), Zeros: 5},
	}
}

// blob returns points of two clusters and their labels.
func blob() (points [][2]float64, labels []int) {
	for i := range 40 {
		angle := float64(i)
		points = append(points, [2]float64{3*float64(i%2) + 0.6*math.Cos(angle), float64(i%2) + 0.5*math.Sin(angle)})
		labels = append(labels, i%2+6*(i%4))
	}
	return points, labels
}

// components are more Gaussians than the palette has colours.
func components(n int) []figure.Component {
	list := make([]figure.Component, n)
	for k := range list {
		list[k] = figure.Component{Weight: 1 / float64(k+1), Mean: [2]float64{float64(k % 4), float64(k / 4)}, Covariance: [2][2]float64{{0.05, 0.02}, {0.02, 0.03}}}
	}
	return list
}

// TestFigures compares each kind of figure with its golden file.
func TestFigures(t *testing.T) {
	points, labels := blob()
	categories := []string{"SYN", "SYN/ACK", "ACK"}
	bars := []figure.Bar{
		{Name: "real", Values: []float64{0.2, 0.3, 0.5}, Low: []float64{0.1, 0.2, 0.4}, High: []float64{0.25, 0.35, 0.6}},
		{Side: 1, Name: "synthetic", Values: []float64{0.1, 0.3, 0.6}},
	}
	spreads := []figure.Spread{{Name: "real", Values: [][]float64{drawn(1, 30, 5, 1), nil, drawn(2, 9, 9, 2)}}, {Side: 1, Name: "synthetic", Values: [][]float64{drawn(3, 30, 6, 1), drawn(4, 5, 1, 1), nil}}}
	line := figure.Line{Name: "real", X: []float64{0.4, 0.8, 1.6, 3.2, 0}, Y: []float64{5, 6, 5.5, math.NaN(), 9}, Low: []float64{4, 5.5, 5, 0, 0}, High: []float64{6, 7, 5.8, 0, 0}}
	for _, test := range []struct {
		name string
		draw func() (*figure.Figure, error)
	}{
		{"cdf", func() (*figure.Figure, error) { return figure.CDF("Packet length", "bytes", figure.Linear, sides()...) }},
		{"cdf_log", func() (*figure.Figure, error) { return figure.CDF("Gaps", "time", figure.LogSeconds, sides()...) }},
		{"cdfs", func() (*figure.Figure, error) {
			return figure.CDFs("Packet length by flags", "bytes", figure.Linear, []figure.Group{{Title: "SYN", Samples: sides()}, {Title: "ACK", Samples: sides()}, {Title: "FIN", Samples: []figure.Sample{sides()[0], {Side: 2, Name: "ours, sampled"}}}})
		}},
		{"lines", func() (*figure.Figure, error) {
			return figure.Lines("Energy at each scale", figure.Axis{Label: "scale", Scale: figure.LogSeconds, Marks: true}, "log2 of the energy", line, figure.Line{Side: 1, Name: "synthetic", X: line.X, Y: []float64{6, 6, 6, 6, 6}})
		}},
		{"curves", func() (*figure.Figure, error) {
			return figure.Lines("Training", figure.Axis{Label: "epoch", Whole: true, Rules: []figure.Rule{{At: 2, Name: "kept: epoch 2"}}}, "loss", figure.Line{Name: "loss", X: []float64{1, 2, 3}, Y: []float64{3, 2, 1}})
		}},
		{"band", func() (*figure.Figure, error) {
			band := figure.Line{Name: "real", X: []float64{0.4, 0.8, 1.6}, Y: []float64{5, 6, 5.5}, Low: []float64{4, 5.5, 5}, High: []float64{6, 6.5, 6}, Band: true}
			return figure.Lines("Energy at each scale", figure.Axis{Label: "width of a bin", Scale: figure.LogSeconds}, "log2 of the energy", band, figure.Line{Side: 1, Name: "synthetic", X: band.X, Y: []float64{6, 6, 6}})
		}},
		{"dots", func() (*figure.Figure, error) {
			return figure.Lines("Score by word", figure.Axis{Label: "word", Names: []string{"paper", "sampled"}}, "AUC", figure.Line{Side: 1, Name: "points", X: []float64{0, 0, 1, 1}, Y: []float64{0.6, 0.7, 0.5, 0.56}, Dots: true},
				figure.Line{Side: 1, Name: "mean", X: []float64{0, 1}, Y: []float64{0.65, 0.53}, Low: []float64{0.6, 0.5}, High: []float64{0.7, 0.56}, Dots: true}, figure.Line{Name: "real", X: []float64{0, 1}, Y: []float64{0.5, 0.5}})
		}},
		{"rate", func() (*figure.Figure, error) {
			return figure.OverTime("Bytes a second", "bytes/s", "", 2, figure.Sample{Name: "real", Values: []float64{1, 5, 0, 2}}, figure.Sample{Side: 1, Name: "synthetic", Values: []float64{3, 2}})
		}},
		{"bars", func() (*figure.Figure, error) {
			return figure.Bars("TCP flags", "share of the packets", categories, bars...)
		}},
		{"rows", func() (*figure.Figure, error) {
			return figure.Rows("What classifiers tell", "AUC", categories, bars[0], bars[1], figure.Bar{Side: 2, Name: "simple", Values: []float64{0.3, math.NaN(), 0.4}})
		}},
		{"boxes", func() (*figure.Figure, error) {
			return figure.Boxes("Length by layer", "bytes", categories, spreads, "", nil)
		}},
		{"boxes_shares", func() (*figure.Figure, error) {
			return figure.Boxes("Length by layer", "bytes", categories, spreads, "share", bars)
		}},
		{"clouds", func() (*figure.Figure, error) {
			return figure.Clouds("Signal levels", figure.Axis{Label: "RSSI in dBm"}, figure.Axis{Label: "SNR in dB"}, figure.Cloud{Name: "real", X: drawn(1, 50, -100, 5), Y: drawn(2, 50, 0, 5)}, figure.Cloud{Side: 1, Name: "synthetic", X: drawn(3, 50, -90, 5), Y: drawn(4, 50, 0, 2)})
		}},
		{"clouds_log", func() (*figure.Figure, error) {
			return figure.Clouds("Gaps over time", figure.Axis{Label: "seconds"}, figure.Axis{Label: "gap", Scale: figure.LogSeconds}, figure.Cloud{Name: "real", X: []float64{1, 2, 3, 4}, Y: []float64{0.1, 0, 0.02, 3}})
		}},
		{"coloured", func() (*figure.Figure, error) {
			return figure.Coloured("By flags", "first", "second", figure.Cloud{Name: "SYN", X: drawn(1, 50, 0, 1), Y: drawn(2, 50, 0, 1)}, figure.Cloud{Name: "none"}, figure.Cloud{Name: "ACK", X: drawn(3, 50, 4, 1), Y: drawn(4, 50, 0, 1)})
		}},
		{"mixture", func() (*figure.Figure, error) {
			return figure.Mixture("Latent space", "first", "second", points, labels, components(25))
		}},
		{"density", func() (*figure.Figure, error) {
			return figure.Density("Density", "first", "second", [][]float64{{0, 1}, {0.5, 0.2}}, [2]float64{-1, -1}, [2]float64{1, 1})
		}},
		{"matrix", func() (*figure.Figure, error) {
			return figure.Matrix("Correlation", categories, categories, [][]float64{{1, -0.5, 0.03}, {-0.5, 1, math.NaN()}, {0.03, 0, 1}})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, err := test.draw()
			if err != nil {
				t.Fatal(err)
			}
			var got, picture, page, again bytes.Buffer
			if err := errors.Join(f.WriteSVG(&got), f.WritePNG(&picture), f.WritePDF(&page), f.WritePDF(&again)); err != nil {
				t.Fatal(err)
			}
			if image, err := png.Decode(&picture); err != nil || image.Bounds().Dx() < 1000 {
				t.Errorf("the PNG file: %v", err)
			}
			if !bytes.HasPrefix(page.Bytes(), []byte("%PDF-")) || !bytes.Equal(page.Bytes(), again.Bytes()) {
				t.Errorf("PDF files of %d and %d bytes: want the same twice", page.Len(), again.Len())
			}
			golden := filepath.Join("testdata", test.name+".svg")
			if *regen {
				if err := os.WriteFile(golden, got.Bytes(), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if runtime.GOARCH == "amd64" && !bytes.Equal(got.Bytes(), want) { // elsewhere sums may be fused
				t.Errorf("the figure differs from %s: look at it, then renew it with go test ./experiments/figure -regen", golden)
			}
		})
	}
}

// TestNothingToShow checks the errors of figures without data.
func TestNothingToShow(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"no side", second(figure.CDF("Length", "bytes", figure.Linear)), "figure: Length: no values"},
		{"no value", second(figure.CDF("Length", "bytes", figure.Linear, figure.Sample{Name: "real"})), "figure: Length: no values"},
		{"no positive value", second(figure.CDF("Gap", "s", figure.Log, figure.Sample{Name: "real", Values: []float64{0, -1}})), "figure: Gap: no values"},
		{"no group", second(figure.CDFs("Length", "bytes", figure.Linear, nil)), "figure: Length: no values"},
		{"nothing in a group", second(figure.CDFs("Length", "bytes", figure.Linear, []figure.Group{{Title: "SYN"}})), "figure: Length, SYN: no values"},
		{"no point of a line", second(figure.Lines("Scales", figure.Axis{Scale: figure.Log}, "", figure.Line{Name: "real", X: []float64{0}, Y: []float64{1}})), "figure: Scales: real: no values"},
		{"no bin", second(figure.OverTime("Rate", "", "", 1, figure.Sample{Name: "real"})), "figure: Rate of real: no values"},
		{"no side of a rate", second(figure.OverTime("Rate", "", "", 1)), "figure: Rate: no values"},
		{"no category", second(figure.Bars("Flags", "", nil)), "figure: Flags: no values"},
		{"no row", second(figure.Rows("Classifiers", "", nil)), "figure: Classifiers: no values"},
		{"no value in a row", second(figure.Rows("Classifiers", "", []string{"a"}, figure.Bar{Values: []float64{math.NaN()}})), "figure: Classifiers: no values"},
		{"no box", second(figure.Boxes("Layers", "", []string{"a"}, []figure.Spread{{Values: [][]float64{nil}}}, "", nil)), "figure: Layers: no values"},
		{"no uplink", second(figure.Clouds("Levels", figure.Axis{}, figure.Axis{}, figure.Cloud{Name: "real"})), "figure: Levels of real: no values"},
		{"no class", second(figure.Coloured("Classes", "", "", figure.Cloud{Name: "a"})), "figure: Classes: no values"},
		{"no point", second(figure.Mixture("Latent", "", "", nil, nil, nil)), "figure: Latent: no values"},
		{"flat", second(figure.Density("Density", "", "", [][]float64{{0}}, [2]float64{}, [2]float64{})), "figure: Density: no values"},
		{"no cell", second(figure.Matrix("Matrix", nil, nil, nil)), "figure: Matrix: no values"},
	} {
		if test.err == nil || test.err.Error() != test.want || !errors.Is(test.err, figure.ErrNoValues) {
			t.Errorf("%s: %v, want %s", test.name, test.err, test.want)
		}
	}
	f, err := figure.CDF("One value", "bytes", figure.Log, figure.Sample{Name: "real", Values: []float64{5, 5}})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.WriteSVG(new(bytes.Buffer)); err != nil {
		t.Error(err)
	}
}

func second(_ *figure.Figure, err error) error { return err }

// TestManyValues holds the size of a figure of very many values.
func TestManyValues(t *testing.T) {
	values := drawn(1, 200_000, 5, 1)
	f, err := figure.CDF("Many", "s", figure.LogSeconds, figure.Sample{Values: values}, figure.Sample{Side: 1, Values: values})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 120_000 {
		t.Errorf("%d bytes", b.Len())
	}
}

// TestElement: every colour of an element may be changed by the page, and is the
// file's where it is not.
func TestElement(t *testing.T) {
	f, err := figure.CDF("Length", "bytes", figure.Linear, sides()...)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := f.WriteSVG(&file); err != nil {
		t.Fatal(err)
	}
	element := f.Element()
	for _, want := range []string{"stroke:var(--figure-ink,#222222)", "stroke:var(--figure-side-2,#0072B2)", "fill:var(--figure-paper,#FFFFFF)"} {
		if !strings.Contains(element, want) {
			t.Errorf("the element lacks %s", want)
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(want[strings.Index(want, "--"):], "--"), ",")
		if !strings.Contains(figure.Style(), "--"+name+": #") {
			t.Errorf("the style lacks %s", name)
		}
	}
	if strings.Contains(file.String(), "var(") {
		t.Error("a file has variables")
	}
}

func ExampleCDF() {
	f, err := figure.CDF("Packet length", "bytes of a frame", figure.Linear,
		figure.Sample{Name: "real", Values: []float64{60, 60, 66, 1514}}, figure.Sample{Side: 1, Name: "synthetic", Values: []float64{60, 66, 66, 1200}})
	if err != nil {
		fmt.Println(err)
		return
	}
	var svg bytes.Buffer
	if err := f.WriteSVG(&svg); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Contains(svg.String(), ">synthetic (4)</text>"))
	// Output: true
}
