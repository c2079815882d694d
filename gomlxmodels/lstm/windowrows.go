package lstm

import (
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"
)

// checkWindowRows refuses rows that do not fit the network or the flows.
func checkWindowRows(cfg WindowConfig, x mat.Matrix, lengths []int) error {
	n, d := x.Dims()
	if n == 0 {
		return errors.New("lstm: no packets: want at least one row")
	}
	if d != cfg.Inputs {
		return fmt.Errorf("lstm: rows of %d columns for a network of %d inputs", d, cfg.Inputs)
	}
	total := 0
	for f, length := range lengths {
		if length < 1 {
			return fmt.Errorf("lstm: flow %d has %d packets: want at least one", f, length)
		}
		total += length
	}
	if total != n {
		return fmt.Errorf("lstm: flows of %d packets in all for %d rows", total, n)
	}
	for r := range n {
		for j := range d {
			if v := x.At(r, j); math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("lstm: input row %d, column %d is %v: want a finite number", r, j, v)
			}
		}
	}
	return nil
}

// checkTargets refuses targets that the outputs cannot reach.
func checkTargets(cfg WindowConfig, x, targets mat.Matrix) error {
	n, _ := x.Dims()
	rows, columns := targets.Dims()
	if rows != n || columns != cfg.Outputs() {
		return fmt.Errorf("lstm: targets [%d, %d]: want [%d, %d]", rows, columns, n, cfg.Outputs())
	}
	const rounding = 1e-6
	for r := range rows {
		column := 0
		for _, h := range cfg.Heads {
			sum := 0.0
			for range h.Classes {
				v := targets.At(r, column)
				if !(v >= 0) {
					return fmt.Errorf("lstm: target row %d, class %d of %s is %v: want 0 or 1", r, column, h.Name, v)
				}
				sum += v
				column++
			}
			if math.Abs(sum-1) > rounding {
				return fmt.Errorf("lstm: target row %d: classes of %s sum to %v: want 1", r, h.Name, sum)
			}
		}
		for i, name := range cfg.Features {
			if v := targets.At(r, column+i); !math.IsNaN(v) && !(v >= -rounding && v <= 1+rounding) {
				return fmt.Errorf("lstm: target row %d, feature %s is %v: want a number in [0, 1], or NaN for none", r, name, v)
			}
		}
	}
	return nil
}

// places is the position of each row in its flow.
func places(lengths []int) (positions []int) {
	for _, length := range lengths {
		for i := range length {
			positions = append(positions, i)
		}
	}
	return positions
}

// data is what fit trains on: the packets, the place of each in its flow, and the
// targets. Windows are put together on the device: in memory they would take cfg.Steps
// times the packets.
func (n *windowNetwork) data(x mat.Matrix, lengths []int, targets mat.Matrix) []*tensors.Tensor {
	rows, inputs := x.Dims()
	packets := floats(n.cfg, func(set func(i int, v float64)) {
		for r := range rows {
			for j := range inputs {
				set(r*inputs+j, x.At(r, j))
			}
		}
	}, rows, inputs)
	at := make([]int32, 0, rows)
	for _, p := range places(lengths) {
		at = append(at, int32(p))
	}
	return []*tensors.Tensor{packets, tensors.FromFlatDataAndDimensions(at, rows), targetTensor(n.cfg, targets)}
}

// windowsOf returns the windows of rows from to to-1, padded with zeros to size.
func windowsOf(cfg WindowConfig, x mat.Matrix, positions []int, from, to, size int) *tensors.Tensor {
	each := cfg.Steps * cfg.Inputs
	fill := func(set func(i int, v float64)) {
		for r := from; r < to; r++ {
			have := min(cfg.Steps, positions[r]+1) // rows of the flow in this window, the last ones
			for s := range have {
				at := (r-from)*each + (cfg.Steps-1-s)*cfg.Inputs
				for j := range cfg.Inputs {
					set(at+j, x.At(r-s, j))
				}
			}
		}
	}
	return floats(cfg, fill, size, cfg.Steps, cfg.Inputs)
}

// unknown marks a feature that does not count in the loss. Features that count are at
// least 0.
const unknown = -1

// known converts a target to the form that the loss takes: NaN becomes unknown.
func known(v float64) float64 {
	if math.IsNaN(v) {
		return unknown
	}
	return max(0, v)
}

// targetTensor is targets [packets, outputs], NaN as unknown.
func targetTensor(cfg WindowConfig, targets mat.Matrix) *tensors.Tensor {
	rows, columns := targets.Dims()
	fill := func(set func(i int, v float64)) {
		for r := range rows {
			for j := range columns {
				set(r*columns+j, known(targets.At(r, j)))
			}
		}
	}
	return floats(cfg, fill, rows, columns)
}

// floats makes a tensor of the network's type.
func floats(cfg WindowConfig, fill func(set func(i int, v float64)), dims ...int) *tensors.Tensor {
	size := 1
	for _, d := range dims {
		size *= d
	}
	if cfg.Float64 {
		flat := make([]float64, size)
		fill(func(i int, v float64) { flat[i] = v })
		return tensors.FromFlatDataAndDimensions(flat, dims...)
	}
	flat := make([]float32, size)
	fill(func(i int, v float64) { flat[i] = float32(v) })
	return tensors.FromFlatDataAndDimensions(flat, dims...)
}
