package fit

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/gomlx/gomlx/core/tensors"
)

// firstBlock is the number of steps of the first block, before their speed is
// known.
const firstBlock = 16

// train runs what is left of the epoch in blocks of about blockTime.
func (t *trainer) train(ctx context.Context, order []int32, total int) error {
	var onDevice *tensors.Tensor
	var rows []*tensors.Tensor
	if t.whole {
		var err error
		onDevice = tensors.FromFlatDataAndDimensions(order, len(order))
		if rows, err = t.ordered(onDevice); err != nil {
			return err
		}
		defer free(rows)
	}
	for t.progress.Step < total {
		if err := ctx.Err(); err != nil {
			return err
		}
		begin := t.progress.Step
		end := min(begin+t.blockSteps(), total)
		began := time.Now()
		var next []*tensors.Tensor
		var err error
		if t.whole {
			next, err = t.block(t.now, t.progress.Rate, begin, end, onDevice, rows)
		} else {
			next, end, err = t.oneByOne(ctx, t.now, t.progress.Rate, begin, end, order)
		}
		if err != nil {
			return err
		}
		if end == begin {
			continue
		}
		if err := t.finite(next[sumsAt], begin); err != nil { // waits for the device
			return err
		}
		t.perSecond = float64(end-begin) / time.Since(began).Seconds()
		t.now = next
		t.progress.Step, t.progress.Steps = end, t.progress.Steps+int64(end-begin)
		if t.observe != nil && end < total {
			if err := t.observe(Epoch{Number: t.progress.Epoch + 1, LearningRate: t.progress.Rate, Done: end, Total: total, ValidationLoss: math.NaN()}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *trainer) blockSteps() int {
	if t.perSecond == 0 {
		return firstBlock
	}
	return max(1, int(t.perSecond*blockTime.Seconds()))
}

// finite reports a loss sum that is no longer finite after a block.
func (t *trainer) finite(losses *tensors.Tensor, begin int) error {
	sums, err := tensors.CopyFlatData[float64](losses)
	if err != nil {
		return fmt.Errorf("fit: read losses: %w", err)
	}
	if math.IsNaN(sums[0]) || math.IsInf(sums[0], 0) {
		return &DivergedError{Epoch: t.progress.Epoch + 1, Step: begin, Loss: sums[0]}
	}
	return nil
}

// validation is the mean loss and terms over the held-out rows, with the same
// noise each epoch, so that epochs compare.
func (t *trainer) validation(ctx context.Context) ([]float64, error) {
	total := len(t.heldOrder) / t.cfg.Batch
	now := []*tensors.Tensor{tensors.FromScalar(t.key(seedValidation)), tensors.FromShape(t.now[sumsAt].Shape())}
	if t.whole && t.heldTensor == nil {
		var err error
		t.heldTensor = tensors.FromFlatDataAndDimensions(t.heldOrder, len(t.heldOrder))
		if t.heldData, err = t.ordered(t.heldTensor); err != nil {
			return nil, err
		}
	}
	for begin := 0; begin < total; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		args := make([]any, 0, 6+len(t.data))
		args = append(args, t.now[paramsAt], now[0], now[1])
		end, program, data := begin+1, t.validateStep, t.data
		if t.whole {
			end, program, data = min(begin+t.blockSteps(), total), t.validateProgram, t.heldData
			args = append(args, int32(begin), int32(end), t.heldTensor)
		} else {
			args = append(args, t.heldOrder[begin*t.cfg.Batch:end*t.cfg.Batch])
		}
		for _, d := range data {
			args = append(args, d)
		}
		out, err := t.call(program, args)
		if err != nil {
			return nil, err
		}
		now, begin = out, end
	}
	return t.means(now[1], len(t.held))
}

// free gives device memory back now, not when the garbage is collected.
func free(list []*tensors.Tensor) {
	for _, t := range list {
		_ = t.FinalizeAll() // nothing to be done about a failure to free
	}
}
