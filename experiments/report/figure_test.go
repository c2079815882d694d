package report_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
)

var regen = flag.Bool("regen", false, "write the golden files in testdata anew")

// of is the traffic of flows.
func of(flows []*flow.Flow) *report.Traffic { return report.TrafficOf(flows) }

// exchanges are n flows of a request and answers, one a second.
func exchanges(n int, answer int32) []*flow.Flow {
	flows := make([]*flow.Flow, n)
	for i := range flows {
		f := &flow.Flow{ID: int64(i), Tuple: flow.FiveTuple{Proto: flow.TCP}}
		start := int64(1_700_000_000+i) * 1e9
		for k, p := range []struct {
			direction flow.Direction
			flags     flow.TCPFlags
			length    int32
		}{{0, flow.SYN, 74}, {1, flow.SYN | flow.ACK, 74}, {0, flow.ACK, 66}, {0, flow.PSH | flow.ACK, 180}, {1, flow.PSH | flow.ACK, answer + int32(i%7)*40}, {0, flow.ACK, 66}} {
			f.Packets = append(f.Packets, flow.Packet{
				Time: start + int64(k*k+i%3)*2_000_000, Direction: p.direction, Flags: p.flags, Length: p.length,
			})
		}
		flows[i] = f
	}
	return flows
}

// heard are n devices that one gateway hears four times each.
func heard(n int, louder float32) []*flow.Flow {
	flows := make([]*flow.Flow, n)
	for i := range flows {
		f := &flow.Flow{ID: int64(i), Application: flow.LoRaWAN}
		for k := range 4 {
			at := float32(i*7%30) + float32(k)
			f.Packets = append(f.Packets, flow.Packet{Time: int64(1_700_000_000+60*i+10*k) * 1e9, Length: 24, Radio: &flow.Radio{
				Address: uint32(i), Counter: uint32(k), SpreadingFactor: uint8(7 + i%6), RSSI: -120 + at + louder, SNR: -10 + at/3 + louder/4,
			}})
		}
		flows[i] = f
	}
	return flows
}

func losses() []run.Metric {
	var metrics []run.Metric
	for step := 1; step <= 12; step++ {
		for name, scale := range map[string]float64{"vae/loss": 1, "vae/validation_loss": 1.1} {
			v := scale * (0.3 + 1/float64(step))
			metrics = append(metrics, run.Metric{Metric: name, Step: step, Value: &v})
		}
	}
	return metrics
}

func mixture() *report.Latent {
	l := &report.Latent{
		Weights: []float64{0.5, 0.5},
		Means:   [][]float64{{0, 0}, {3, 1}},
		Covariances: [][][]float64{
			{{0.5, 0.2}, {0.2, 0.3}}, {{0.2, 0}, {0, 0.2}},
		},
	}
	for i := range 40 {
		k := i % 2
		angle := float64(i)
		l.Points = append(l.Points, []float64{l.Means[k][0] + 0.6*math.Cos(angle), l.Means[k][1] + 0.5*math.Sin(angle)})
		l.Labels = append(l.Labels, k)
	}
	return l
}

// TestFigures compares each figure with its golden file.
func TestFigures(t *testing.T) {
	real, synthetic := exchanges(30, 900), exchanges(24, 700)
	a, b := report.NumbersOf(real), report.NumbersOf(synthetic)
	for _, test := range []struct {
		name string
		draw func() (*report.Figure, error)
	}{
		{"cdf", func() (*report.Figure, error) {
			return report.CDF("Packet length", "bytes", report.Linear, a.Lengths, b.Lengths)
		}},
		{"cdf_time", func() (*report.Figure, error) {
			return report.CDF("Gaps", "time", report.LogSeconds, a.Gaps, b.Gaps)
		}},
		{"rate", func() (*report.Figure, error) { return report.Rate("Bytes a second", of(real), of(synthetic)) }},
		{"starts", func() (*report.Figure, error) { return report.Starts("Flows a second", of(real), of(synthetic)) }},
		{"scales", func() (*report.Figure, error) {
			return report.Scales("Load at each scale", of(exchanges(80, 900)), of(exchanges(70, 700)))
		}},
		{"levels", func() (*report.Figure, error) { return report.Levels("Signal levels", heard(40, 0), heard(30, 4)) }},
		{"factors", func() (*report.Figure, error) {
			return report.Factors("Spreading factors", heard(40, 0), heard(30, 4))
		}},
		{"trigrams", func() (*report.Figure, error) { return report.Trigrams("Three in a row", real, synthetic) }},
		{"latent", func() (*report.Figure, error) { return report.LatentSpace("Latent space", mixture()) }},
		{"curves", func() (*report.Figure, error) {
			return report.Curves("Training", losses(), "vae/loss", "vae/validation_loss")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, err := test.draw()
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := f.WriteSVG(&got); err != nil {
				t.Fatal(err)
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
				t.Errorf("the figure differs from %s: look at it, then renew it with go test ./experiments/report -regen", golden)
			}
		})
	}
}

// TestNothingToShow checks the errors of figures without data.
func TestNothingToShow(t *testing.T) {
	flows := exchanges(3, 100)
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"no value", second(report.CDF("Length", "bytes", report.Linear, []float64{1}, nil)), "report: Length of synthetic: no values"},
		{"no positive value", second(report.CDF("Gap", "s", report.Log, []float64{0, -1}, []float64{1})), "report: Gap of real: no values"},
		{"no flow", second(report.Rate("Rate", of(nil), of(flows))), "report: Rate: no values"},
		{"no uplink", second(report.Levels("Levels", flows, heard(3, 0))), "report: Levels of real: no uplink: no values"},
		{"no factor", second(report.Factors("Factors", heard(3, 0), flows)), "report: Factors: no uplink: no values"},
		{"no scale", second(report.Scales("Scales", of(flows[:1]), of(flows[:1]))), "report: Scales of real: fewer than two scales: no values"},
		{"no start", second(report.Starts("Starts", of(flows), of(nil))), "report: Starts: no values"},
		{"no trigram", second(report.Trigrams("Runs", flows, nil)), "report: Runs: no flow of three packets: no values"},
		{"no metric", second(report.Curves("Training", losses(), "vae/accuracy")), "report: Training: metric vae/accuracy: no values"},
		{"no point", second(report.LatentSpace("Latent", &report.Latent{})), "report: Latent: no values"},
		{"short labels", second(report.LatentSpace("Latent", &report.Latent{Points: [][]float64{{1, 2}}})), "report: Latent: 0 labels for 1 points"},
		{"one dimension", second(report.LatentSpace("Latent", &report.Latent{Points: [][]float64{{1}}, Labels: []int{0}})), "report: Latent: point 0 has 1 dimensions: want at least 2"},
	} {
		if test.err == nil || test.err.Error() != test.want {
			t.Errorf("%s: %v, want %s", test.name, test.err, test.want)
		}
	}
	if _, err := report.CDF("Length", "bytes", report.Linear, nil, nil); !errors.Is(err, report.ErrNoValues) {
		t.Errorf("%v is not ErrNoValues", err)
	}
	f, err := report.CDF("One value", "bytes", report.Log, []float64{5, 5}, []float64{5})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.WriteSVG(new(bytes.Buffer)); err != nil {
		t.Error(err)
	}
}

func second(_ *report.Figure, err error) error { return err }

// TestManyValues holds the size of a figure of very many values.
func TestManyValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	values := make([]float64, 200_000)
	for i := range values {
		values[i] = rng.ExpFloat64()
	}
	f, err := report.CDF("Many", "s", report.LogSeconds, values, values)
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

// TestLongSyntheticCapture: it is cut to the real one's span, and that is said.
func TestLongSyntheticCapture(t *testing.T) {
	f, err := report.Rate("Rate", of(exchanges(30, 900)), of(exchanges(300, 900)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "in bins of 1 s; the synthetic capture goes on") {
		t.Error("the cut is not told")
	}
}

func ExampleCDF() {
	real, synthetic := []float64{60, 60, 66, 1514}, []float64{60, 66, 66, 1200}
	f, err := report.CDF("Packet length", "bytes of a frame", report.Linear, real, synthetic)
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
