package vae

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// A fitted model refuses rows that are not finite, by row and column.
func TestApplyRefuses(t *testing.T) {
	m, err := newModel(devicetest.Go(t), DefaultConfig(), nil, 6, initial(DefaultConfig(), 6))
	if err != nil {
		t.Fatal(err)
	}
	x := plane(9)
	x.Set(4, 2, math.NaN())
	for _, view := range []mat.Matrix{x, x.T().T()} {
		if _, _, err := m.Encode(view); err == nil || !strings.Contains(err.Error(), "encode: row 4, column 2 = NaN") {
			t.Errorf("Encode of NaN gives %v", err)
		}
	}
	if _, err := m.Decode(mat.NewDense(1, 2, []float64{0, math.Inf(-1)})); err == nil || !strings.Contains(err.Error(), "decode: row 0, column 1 = -Inf") {
		t.Errorf("Decode of -Inf gives %v", err)
	}
}

// One row, of one flow of one packet, is enough for a model that is finite, and the
// warning says what is doubtful.
func TestOneRow(t *testing.T) {
	cfg := small()
	cfg.Train.ValidationFraction = 0.1
	m, err := Fit(context.Background(), devicetest.Go(t), cfg, plane(1), nil)
	if err != nil {
		t.Fatal(err)
	}
	if text := digest(t, m); strings.Contains(text, "NaN") || len(m.Warnings) == 0 {
		t.Errorf("model %s, warnings %v", text, m.Warnings)
	}
}

// A saved model whose description was changed is refused by what does not fit.
func TestLoadRefuses(t *testing.T) {
	b := devicetest.Go(t)
	cfg := DefaultConfig()
	cfg.Columns = []string{"a", "b", "c", "d", "e", "f"}
	m, err := newModel(b, cfg, cfg.Columns, 6, initial(cfg, 6))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, descriptionName)
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, old, new, want string }{
		{"more features", `"features": 6`, `"features": 7`, "features = 7 with 6 columns"},
		{"fewer columns", `"a",`, ``, "features = 6 with 5 columns"},
		{"other layers", "8,\n      6,\n      4", "8,\n      4", "has shape"},
		{"other precision", `"float64": false`, `"float64": true`, "must be"},
		{"version", `"version": 1`, `"version": 2`, "version 2"},
		{"not JSON", `{`, ``, descriptionName},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Replace(string(good), test.old, test.new, 1)
			if text == string(good) {
				t.Fatalf("%q is not in %s", test.old, good)
			}
			if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
			if _, err := Load(b, dir); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want it to say %q", err, test.want)
			}
		})
	}
}
