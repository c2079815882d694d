package vae

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// chunk is the number of rows that one call of a compiled program takes at
// most. Fewer rows are padded to a power of two, so that there are few shapes
// to compile for.
const chunk = 1 << 14

// build makes the programs of Encode and Decode; they compile when used.
func (m *Model) build(b compute.Backend) error {
	for _, t := range m.params.Values { // to the device once
		if err := t.MaterializeOnDevice(b, false, 0); err != nil {
			return fmt.Errorf("vae: move parameters to the device: %w", err)
		}
	}
	var err error
	m.encode, err = graph.NewExec(b, func(in []*graph.Node) []*graph.Node {
		mean, logVar := m.encoder(in[1:], in[0])
		return []*graph.Node{mean, logVar}
	})
	if err != nil {
		return fmt.Errorf("vae: build encoder: %w", err)
	}
	m.decode, err = graph.NewExec(b, func(in []*graph.Node) []*graph.Node {
		return []*graph.Node{graph.Sigmoid(m.decoder(in[1:], in[0]))}
	})
	if err != nil {
		return fmt.Errorf("vae: build decoder: %w", err)
	}
	return nil
}

// Encode maps x [rows, features] to the parameters of its latent
// distribution, both [rows, latent].
func (m *Model) Encode(x mat.Matrix) (mean, logVar *mat.Dense, err error) {
	out, err := m.apply(m.encode, "encode", x, m.Features, m.Config.Latent, 2)
	if err != nil {
		return nil, nil, err
	}
	return out[0], out[1], nil
}

// Decode maps points z [rows, latent] of the latent space to features
// [rows, features], each in [0, 1].
func (m *Model) Decode(z mat.Matrix) (*mat.Dense, error) {
	out, err := m.apply(m.decode, "decode", z, m.Config.Latent, m.Features, 1)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// apply runs a program over the rows of in, chunk by chunk.
func (m *Model) apply(program *graph.Exec, verb string, in mat.Matrix, from, to, outputs int) ([]*mat.Dense, error) {
	rows, cols := in.Dims()
	if cols != from {
		return nil, fmt.Errorf("vae: %s [%d, %d]: must have %d columns", verb, rows, cols, from)
	}
	if rows == 0 {
		return nil, fmt.Errorf("vae: %s: no rows", verb)
	}
	if err := finite(verb, in); err != nil {
		return nil, err
	}
	results := make([]*mat.Dense, outputs)
	for k := range results {
		results[k] = mat.NewDense(rows, to, nil)
	}
	size := chunk
	if rows < chunk {
		size = 1 << bits.Len(uint(rows-1))
	}
	for begin := 0; begin < rows; begin += size {
		n := min(size, rows-begin)
		args := []any{m.rows(in, begin, n, size)}
		for _, p := range m.params.Values {
			args = append(args, p)
		}
		out, err := program.Call(args...)
		if err != nil {
			return nil, fmt.Errorf("vae: %s: %w", verb, err)
		}
		for k, t := range out {
			if err := unload(results[k].RawMatrix().Data[begin*to:(begin+n)*to], t); err != nil {
				return nil, fmt.Errorf("vae: %s: %w", verb, err)
			}
		}
	}
	return results, nil
}

// finite returns an error that names the first NaN or infinite value, if there is one.
func finite(verb string, in mat.Matrix) error {
	rows, cols := in.Dims()
	refuse := func(i, j int, v float64) error {
		return fmt.Errorf("vae: %s: row %d, column %d = %v: must be a finite number", verb, i, j, v)
	}
	if raw, ok := in.(mat.RawMatrixer); ok {
		m := raw.RawMatrix()
		for i := range rows {
			for j, v := range m.Data[i*m.Stride : i*m.Stride+cols] {
				if v-v != 0 {
					return refuse(i, j, v)
				}
			}
		}
		return nil
	}
	for i := range rows {
		for j := range cols {
			if v := in.At(i, j); v-v != 0 {
				return refuse(i, j, v)
			}
		}
	}
	return nil
}

// rows copies n rows of x, starting with row begin, and pads them with zeros to size.
func (m *Model) rows(x mat.Matrix, begin, n, size int) *tensors.Tensor {
	all, cols := x.Dims()
	part := x
	if n < all {
		if s, ok := x.(interface {
			Slice(i, k, j, l int) mat.Matrix
		}); ok {
			part = s.Slice(begin, begin+n, 0, cols)
		} else {
			d := mat.NewDense(n, cols, nil)
			for i := range n {
				for j := range cols {
					d.Set(i, j, x.At(begin+i, j))
				}
			}
			part = d
		}
	}
	if m.Config.dtype() == dtypes.Float64 {
		return tensors.FromFlatDataAndDimensions(fill(make([]float64, size*cols), part), size, cols)
	}
	return tensors.FromFlatDataAndDimensions(fill(make([]float32, size*cols), part), size, cols)
}

// unload copies the front of t to dst.
func unload(dst []float64, t *tensors.Tensor) error {
	return t.ConstFlatData(func(flat any) {
		switch values := flat.(type) {
		case []float64:
			copy(dst, values)
		case []float32:
			for i := range dst {
				dst[i] = float64(values[i])
			}
		}
	})
}

// description is the file beside the checkpoint.
type description struct {
	Version  int      `json:"version"`
	Config   Config   `json:"config"`
	Columns  []string `json:"columns,omitempty"`
	Features int      `json:"features"`
}

const (
	descriptionName    = "vae.json"
	descriptionVersion = 1
)

// Save writes the model to the folder dir: the parameters as an ordinary
// GoMLX checkpoint, the configuration as vae.json.
func (m *Model) Save(dir string) error {
	if err := fit.Save(dir, m.params); err != nil {
		return fmt.Errorf("vae: %w", err)
	}
	text, err := json.MarshalIndent(description{descriptionVersion, m.Config, m.Columns, m.Features}, "", "  ")
	if err != nil {
		return fmt.Errorf("vae: save %s: %w", dir, err)
	}
	if err := os.WriteFile(filepath.Join(dir, descriptionName), append(text, '\n'), 0o666); err != nil {
		return fmt.Errorf("vae: save: %w", err)
	}
	return nil
}

// Load reads a model that Save wrote, to be run on b.
func Load(b compute.Backend, dir string) (*Model, error) {
	path := filepath.Join(dir, descriptionName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("vae: load: %w: %s is not the folder of a saved model", err, dir)
	} else if err != nil {
		return nil, fmt.Errorf("vae: load: %w", err)
	}
	var d description
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("vae: load %s: %w", path, err)
	}
	if d.Version != descriptionVersion {
		return nil, fmt.Errorf("vae: load %s: version %d: this program reads version %d", path, d.Version, descriptionVersion)
	}
	if err := d.Config.Validate(); err != nil {
		return nil, fmt.Errorf("vae: load %s: %w", path, err)
	}
	if d.Features < 1 || len(d.Columns) > 0 && len(d.Columns) != d.Features {
		return nil, fmt.Errorf("vae: load %s: features = %d with %d columns: must be at least 1, with a name for each or none", path, d.Features, len(d.Columns))
	}
	params, err := fit.Load(dir)
	if err != nil {
		return nil, fmt.Errorf("vae: %w", err)
	}
	d.Config.Columns = d.Columns
	return newModel(b, d.Config, d.Columns, d.Features, params)
}

// newModel makes a model of given parameters. They are
// kernel [in, out] and bias [out] of each layer: "encoder/0/kernel",
// "encoder/0/bias", ..., "latent/kernel" [in, 2 latent] with the means first,
// "decoder/0/kernel", ..., "output/bias".
func newModel(b compute.Backend, cfg Config, columns []string, features int, params fit.Params) (*Model, error) {
	want := initial(cfg, features)
	ordered := fit.Params{Names: want.Names}
	for i, name := range want.Names {
		value := params.Get(name)
		if value == nil {
			return nil, fmt.Errorf("vae: parameter %q is missing", name)
		}
		if !value.Shape().Equal(want.Values[i].Shape()) {
			return nil, fmt.Errorf("vae: parameter %q has shape %s: must be %s", name, value.Shape(), want.Values[i].Shape())
		}
		ordered.Values = append(ordered.Values, value)
	}
	ordered, err := ordered.Clone() // the model's go to its backend
	if err != nil {
		return nil, fmt.Errorf("vae: %w", err)
	}
	m := &Model{Config: cfg, Columns: columns, Features: features, params: ordered}
	return m, m.build(b)
}
