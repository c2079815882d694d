package fit

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
)

// flatten copies all parameters into one vector on the host.
func (t *trainer) flatten(params Params) (*tensors.Tensor, error) {
	if t.dtype == dtypes.Float64 {
		return flatten[float64](params)
	}
	return flatten[float32](params)
}

func flatten[T float32 | float64](params Params) (*tensors.Tensor, error) {
	var all []T
	for i, v := range params.Values {
		if err := tensors.ConstFlatData(v, func(flat []T) { all = append(all, flat...) }); err != nil {
			return nil, fmt.Errorf("fit: copy parameter %q: %w", params.Names[i], err)
		}
	}
	return tensors.FromFlatDataAndDimensions(all, len(all)), nil
}

// cut is the reverse of flatten: named tensors in the host's memory.
func (t *trainer) cut(all *tensors.Tensor) (Params, error) {
	if t.dtype == dtypes.Float64 {
		return cut[float64](t, all)
	}
	return cut[float32](t, all)
}

func cut[T float32 | float64](t *trainer, all *tensors.Tensor) (Params, error) {
	p := Params{Names: slices.Clone(t.names)}
	err := tensors.ConstFlatData(all, func(flat []T) {
		for _, shape := range t.shapes {
			part := tensors.FromShape(shape)
			tensors.MustMutableFlatData(part, func(to []T) { copy(to, flat) })
			flat = flat[shape.Size():]
			p.Values = append(p.Values, part)
		}
	})
	if err != nil {
		return Params{}, fmt.Errorf("fit: read parameters: %w", err)
	}
	return p, nil
}
