package fit

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
)

// join makes the stack's state of the models' own.
func (s *stack) join() error {
	if len(s.now) == 0 {
		s.now = make([]*tensors.Tensor, stateSize)
	}
	source := s.leader()
	if source == nil {
		return nil // all have stopped
	}
	models := len(s.models)
	for i := range stateSize {
		if i == power1At || i == power2At { // the same for all that train
			s.now[i] = source.now[i]
			continue
		}
		if i == keyAt {
			keys := make([]uint64, models)
			for m, t := range s.models {
				keys[m] = tensors.ToScalar[uint64](t.now[i])
			}
			s.now[i] = tensors.FromFlatDataAndDimensions(keys, models)
			continue
		}
		var all []float64
		for _, t := range s.models {
			row, err := hostValues(t.now[i])
			if err != nil {
				return err
			}
			all = append(all, row...)
		}
		s.now[i] = vector(source.now[i].DType(), all, models, len(all)/models)
	}
	return nil
}

// part gives each model that trains its part of the stack's state.
func (s *stack) part() error {
	keys, err := tensors.CopyFlatData[uint64](s.now[keyAt])
	if err != nil {
		return fmt.Errorf("fit: read state: %w", err)
	}
	for _, i := range []int{paramsAt, firstAt, secondAt, sumsAt} {
		rows, err := rowsOfHost(s.now[i])
		if err != nil {
			return err
		}
		for m, t := range s.models {
			if s.active(m) {
				t.now[i] = vector(s.now[i].DType(), rows[m], len(rows[m]))
			}
		}
	}
	for m, t := range s.models {
		if s.active(m) {
			t.now[keyAt] = tensors.FromScalar(keys[m])
			t.now[power1At], t.now[power2At] = s.now[power1At], s.now[power2At]
		}
	}
	return nil
}

// hostValues are the values of a tensor of reals.
func hostValues(t *tensors.Tensor) (values []float64, err error) {
	err = t.ConstFlatData(func(flat any) {
		switch from := flat.(type) {
		case []float64:
			values = append(values, from...)
		case []float32:
			for _, v := range from {
				values = append(values, float64(v))
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("fit: read state: %w", err)
	}
	return values, nil
}

// rowsOfHost are the rows of a matrix of reals.
func rowsOfHost(t *tensors.Tensor) ([][]float64, error) {
	all, err := hostValues(t)
	if err != nil {
		return nil, err
	}
	n := t.Shape().Dimensions[0]
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = all[i*len(all)/n : (i+1)*len(all)/n]
	}
	return rows, nil
}

// vector makes a tensor of reals.
func vector(dtype dtypes.DType, values []float64, dimensions ...int) *tensors.Tensor {
	if dtype == dtypes.Float64 {
		return tensors.FromFlatDataAndDimensions(values, dimensions...)
	}
	narrow := make([]float32, len(values))
	for i, v := range values {
		narrow[i] = float32(v)
	}
	return tensors.FromFlatDataAndDimensions(narrow, dimensions...)
}
