package lstm

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// kerasLayer is a bidirectional layer of Keras with its output.
type kerasLayer struct {
	Weights map[string]json.RawMessage `json:"weights"`
	X       [][][]float64              `json:"x"`
	Y       [][]float64                `json:"y"`
}

// reference reads a file of the folder of other people's results beside the
// repository.
func reference(t *testing.T, name string, into any) {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	data, err := os.ReadFile(filepath.Join(dir, "..", "shared", "reference", name))
	if err != nil {
		t.Skipf("../shared/reference/%s is not there: nothing to compare with", name)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// kerasParams turns Keras' weights into ours: its LSTM orders the gates i, f,
// candidate, o.
func kerasParams(t *testing.T, cfg WindowConfig, layer kerasLayer) fit.Params {
	t.Helper()
	var params fit.Params
	for path, raw := range layer.Weights {
		parts := strings.Split(path, "/")
		direction, _, _ := strings.Cut(parts[1], "_")
		name := direction + "/" + map[string]string{"kernel": "kernel", "recurrent_kernel": "recurrent", "bias": "bias"}[parts[len(parts)-1]]
		var rows [][]float64
		if err := json.Unmarshal(raw, &rows); err != nil {
			var row []float64
			if err := json.Unmarshal(raw, &row); err != nil {
				t.Fatal(err)
			}
			rows = [][]float64{row}
		}
		dims := []int{len(rows), len(rows[0])}
		if cfg.Cell == LSTM {
			h := cfg.units()
			for r, row := range rows {
				rows[r] = append(append(append([]float64{}, row[:2*h]...), row[3*h:]...), row[2*h:3*h]...)
			}
			if strings.HasSuffix(name, "/bias") {
				dims = dims[1:]
			}
		}
		params.Names = append(params.Names, name)
		params.Values = append(params.Values, floats(cfg, func(set func(i int, v float64)) {
			for r, row := range rows {
				for c, v := range row {
					set(r*len(row)+c, v)
				}
			}
		}, dims...))
	}
	return params
}

// The layer's outputs are Keras'.
func TestKeras(t *testing.T) {
	for _, cell := range []Cell{LSTM, GRU} {
		var layer kerasLayer
		reference(t, "keras_bidirectional_"+string(cell)+".json", &layer)
		for _, double := range []bool{false, true} {
			cfg := DefaultWindowConfig()
			cfg.Cell, cfg.Units, cfg.Inputs, cfg.Float64 = cell, 8, len(layer.X[0][0]), double
			n := newWindowNetwork(cfg)
			eachWindowBackend(t, func(t *testing.T, b compute.Backend) {
				params, err := n.order(kerasParams(t, cfg, layer))
				if err != nil {
					t.Fatal(err)
				}
				args := []any{floats(cfg, func(set func(i int, v float64)) {
					i := 0
					for _, window := range layer.X {
						for _, row := range window {
							for _, v := range row {
								set(i, v)
								i++
							}
						}
					}
				}, len(layer.X), 11, cfg.Inputs)}
				for _, p := range params.Values {
					args = append(args, p)
				}
				out, err := graph.CallOnce(b, func(in []*graph.Node) *graph.Node {
					_, steps := n.run(in[1:], in[0])
					return n.state(steps)
				}, args...)
				if err != nil {
					t.Fatal(err)
				}
				got := make([]float64, out.Shape().Size())
				if err := copyRows(got, out); err != nil {
					t.Fatal(err)
				}
				most := 0.0
				for i, row := range layer.Y {
					for j, want := range row {
						most = max(most, math.Abs(got[i*len(row)+j]-want))
					}
				}
				if !(most < 1e-6) {
					t.Errorf("%s, float64 %v: off by %v, want less than 1e-6", cell, double, most)
				}
			})
		}
	}
}

// eachWindowBackend runs f on the Go backend, and on XLA's where it is at hand.
func eachWindowBackend(t *testing.T, f func(t *testing.T, b compute.Backend)) {
	t.Run("go", func(t *testing.T) {
		b := devicetest.Go(t)
		f(t, b)
	})
	t.Run("xla", func(t *testing.T) { f(t, devicetest.XLA(t)) })
}

// The paper's HTTP network: 17 inputs, 7 flags, 4 features (algorithm.md 15.6).
func TestParameterCounts(t *testing.T) {
	cfg := DefaultWindowConfig()
	cfg.Inputs, cfg.Heads = 17, []Head{{"flags", 7}}
	cfg.Features = []string{"direction", "length_total", "header_length", "time_diff"}
	counts := make(map[string]int)
	n := newWindowNetwork(cfg)
	for i, name := range n.names {
		size := 1
		for _, d := range n.dims[i] {
			size *= d
		}
		part, _, _ := strings.Cut(name, "/")
		if part == "backward" {
			part = "forward"
		}
		counts[part] += size
	}
	for part, want := range map[string]int{"forward": 3672, "features": 140, "flags": 245} {
		if counts[part] != want {
			t.Errorf("%s has %d parameters, want %d", part, counts[part], want)
		}
	}
}
