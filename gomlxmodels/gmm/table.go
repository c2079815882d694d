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

// blockRows is the rows of a block on a CPU: with blockComponents components its
// responsibilities stay in the cache of the second level. With more components, as
// several fits in one program have, blocks are shorter. On a GPU starting the kernels
// is what costs: there a block has as many rows as the table, up to gpuBlockRows.
const (
	blockRows       = 2048
	blockComponents = 100
	leastBlockRows  = 64
	gpuBlockRows    = 1 << 17
)

// blockSize is the rows of a block for a table of n rows and a program of so many
// components in all.
func (e *engine) blockSize(n, components int) int {
	size := blockRows
	if e.gpu {
		for size < min(n, gpuBlockRows) {
			size *= 2
		}
		return size
	}
	for size > leastBlockRows && (size*components > blockRows*blockComponents || size/2 >= n) {
		size /= 2
	}
	return size
}

// table is the rows, centred, on the device in blocks, columns first.
type table struct {
	rows, columns int
	center        []float64 // [d] column means, subtracted
	spread        []float64 // [d] column variances
	secondSums    []float64 // [d, d] sums of x_i x_j
	regular       []float64 // [d] added to the variances
	warnings      []error
	blocks        []*tensors.Tensor // [C, d, B] each; one where the device loops over blocks, else C = 1
	first         []*tensors.Tensor // [] number of the first block of each
	count         *tensors.Tensor   // [] rows
	second, reg   *tensors.Tensor   // secondSums, regular
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

// inspect checks x and finds what the host needs to know of it.
func inspect(x mat.Matrix, cfg Config) (*table, error) {
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

// place moves the centred rows to the device, for a program of so many components
// in all.
func (e *engine) place(t *table, x mat.Matrix, components int) error {
	n, d := t.rows, t.columns
	size := e.blockSize(n, components)
	each := size
	if e.loops {
		each = blockCount(n, size) * size
	}
	for from := 0; from < n; from += each {
		blocks, err := e.onDevice(func(flat []float64) { t.fill(flat, x, from, min(n, from+each), size) }, each/size, d, size)
		if err != nil {
			t.finalize()
			return err
		}
		t.blocks = append(t.blocks, blocks)
		t.first = append(t.first, tensors.FromScalar(int32(from/size)))
	}
	t.count = tensors.FromScalar(int32(n))
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

// fill writes the rows from to to-1, centred, into blocks [d, size].
func (t *table) fill(flat []float64, x mat.Matrix, from, to, size int) {
	for r := from; r < to; r++ {
		at := (r-from)/size*t.columns*size + (r-from)%size
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
	for _, x := range t.blocks {
		_ = x.FinalizeAll() // nothing can be done about memory that cannot be freed
	}
}
