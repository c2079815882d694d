package gmm

import (
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"
)

// blockRows is the rows of a block on a CPU: with 25 components its
// responsibilities stay in the cache of the second level, and one more M-step a
// block is a small part. On a GPU starting the kernels is what costs: there a block
// has as many rows as the table, up to gpuBlockRows.
const (
	blockRows    = 2048
	gpuBlockRows = 1 << 17
)

// blockSize is the rows of a block for a table of n rows.
func (e *engine) blockSize(n int) int {
	if !e.gpu {
		return blockRows
	}
	size := blockRows
	for size < min(n, gpuBlockRows) {
		size *= 2
	}
	return size
}

// table is the rows on the device, in blocks, columns first, centred.
type table struct {
	rows, columns int
	center        []float64         // [d] column means, subtracted
	spread        []float64         // [d] column variances
	blocks        *tensors.Tensor   // [C, d, B], where the loop runs on the device
	single        []*tensors.Tensor // [d, B] each, elsewhere
	second        *tensors.Tensor   // [d, d] sums of x_i x_j
	reg           *tensors.Tensor   // [d]
	secondSums    []float64         // second on the host
	regular       []float64         // reg on the host
	warnings      []error
}

// blockCount is the number of blocks of the given size for n rows, padded to one of a few numbers, so
// that similar tables share a program: powers of two up to 16, then at most an
// eighth more, and a sixty-fourth where a compilation is little against the rest.
// Blocks without rows cost memory, but no time.
func blockCount(n, size int) int {
	blocks, step := (n+size-1)/size, 1
	if blocks <= 16 {
		for step < blocks {
			step *= 2
		}
		return step
	}
	fine := 16
	if blocks > 512 {
		fine = 128
	}
	for fine*step < blocks {
		step *= 2
	}
	return (blocks + step - 1) / step * step
}

// table checks and centres x and lays it out in blocks on the device.
func (e *engine) table(x mat.Matrix, cfg Config) (*table, error) {
	t, err := e.inspect(x, cfg)
	if err != nil {
		return nil, err
	}
	return t, e.place(t, x)
}

// inspect checks x and finds what the host needs to know of it.
func (e *engine) inspect(x mat.Matrix, cfg Config) (*table, error) {
	n, d := x.Dims()
	if n == 0 || d == 0 {
		return nil, errors.New("gmm: no rows: want at least one row and one column")
	}
	t := &table{rows: n, columns: d, center: make([]float64, d), spread: make([]float64, d)}
	if err := t.measure(x); err != nil {
		return nil, err
	}
	t.regularise(cfg.RegCovar)
	t.secondSums = make([]float64, d*d)
	row := make([]float64, d)
	for r := range n {
		for j := range d {
			row[j] = x.At(r, j) - t.center[j]
		}
		for i := range d {
			for j := range d {
				t.secondSums[i*d+j] += row[i] * row[j]
			}
		}
	}
	return t, nil
}

// place moves the centred rows to the device.
func (e *engine) place(t *table, x mat.Matrix) error {
	n, d := t.rows, t.columns
	size := e.blockSize(n)
	if e.whole {
		var err error
		t.blocks, err = e.onDevice(func(flat []float64) { t.fill(flat, x, 0, n, size, d*size) }, blockCount(n, size), d, size)
		if err != nil {
			return err
		}
	} else {
		for from := 0; from < n; from += size {
			block := tensors.FromShape(shapes.Make(dtypes.Float64, d, size))
			tensors.MustMutableFlatData(block, func(flat []float64) { t.fill(flat, x, from, min(n, from+size), size, d*size) })
			t.single = append(t.single, block)
		}
	}
	t.second = tensors.FromFlatDataAndDimensions(t.secondSums, d, d)
	t.reg = tensors.FromFlatDataAndDimensions(t.regular, d)
	return nil
}

// onDevice makes a tensor on the device: once, and no copy of it here.
func (e *engine) onDevice(fill func(flat []float64), dimensions ...int) (*tensors.Tensor, error) {
	t, err := tensors.FromShapeForBackend(e.backend, 0, shapes.Make(dtypes.Float64, dimensions...))
	if err == nil {
		err = t.MutableFlatData(func(flat any) { fill(flat.([]float64)) })
	}
	if err == nil {
		err = t.ToDevice(e.backend, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("gmm: move rows to the device: %w", err)
	}
	return t, nil
}

// fill writes the rows from to to-1, centred, into blocks [d, size], each of which
// begins stride after the one before.
func (t *table) fill(flat []float64, x mat.Matrix, from, to, size, stride int) {
	for r := from; r < to; r++ {
		at := (r-from)/size*stride + (r-from)%size
		for j := range t.columns {
			flat[at+j*size] = x.At(r, j) - t.center[j]
		}
	}
}

// measure finds the column means and variances, and refuses what is not finite.
func (t *table) measure(x mat.Matrix) error {
	for j := range t.columns {
		var sum float64
		for r := range t.rows {
			v := x.At(r, j)
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("gmm: row %d, column %d is %v: leave such rows out or mend them first", r, j, v)
			}
			sum += v / float64(t.rows) // the sum itself may overflow
		}
		t.center[j] = sum
		constant := true
		for r := range t.rows {
			v := x.At(r, j) - sum
			t.spread[j] += v * v / float64(t.rows)
			constant = constant && x.At(r, j) == x.At(0, j)
		}
		if math.IsInf(t.spread[j], 0) {
			return fmt.Errorf("gmm: column %d has values whose squares overflow: scale it first", j)
		}
		if constant {
			t.center[j], t.spread[j] = x.At(0, j), 0
			t.warnings = append(t.warnings, fmt.Errorf("gmm: column %d is constant (%v): its variance is reg_covar alone; leave it out", j, x.At(0, j)))
		}
	}
	return nil
}

// regularise sets what is added to the variances: RegCovar, and no less than what
// rounding can take away from them.
func (t *table) regularise(regCovar float64) {
	t.regular = make([]float64, t.columns)
	for j := range t.regular {
		t.regular[j] = max(regCovar, 1e-13*t.spread[j])
		if t.regular[j] == 0 {
			t.regular[j] = math.SmallestNonzeroFloat32 // a constant column without regularisation
		}
	}
}

// finalize frees the device's memory.
func (t *table) finalize() {
	for _, x := range append([]*tensors.Tensor{t.blocks, t.second, t.reg}, t.single...) {
		if x != nil {
			_ = x.FinalizeAll() // nothing can be done about memory that cannot be freed
		}
	}
}
