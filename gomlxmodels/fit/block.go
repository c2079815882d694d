package fit

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/gomlx/gomlx/core/tensors"
)

// firstRows is the least number of rows of the first block, before the speed of
// steps is known. Later losses are compared with their mean loss.
const firstRows = 32

// spanBytes bounds the copy of the data on the device that is in the order of the
// epoch: longer epochs are ordered span by span.
const spanBytes = 64 << 20

// explosion is how many times the first loss a loss may become before training
// counts as diverged, although all numbers are finite.
const explosion = 1e3

// span is a run of steps whose rows lie on the device in their order.
type span struct {
	begin, end int             // steps of the epoch
	order      *tensors.Tensor // [spanSteps*batch]
	rows       []*tensors.Tensor
}

func (s *span) free() {
	free(s.rows)
	if s.order != nil {
		free([]*tensors.Tensor{s.order})
	}
	*s = span{}
}

// train runs what is left of the epoch in blocks of about blockTime.
func (t *trainer) train(ctx context.Context, order []int32, total int) error {
	var ordered span
	defer ordered.free()
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
			if begin >= ordered.end {
				ordered.free()
				if ordered, err = t.spanAt(order, begin, total); err != nil {
					return err
				}
			}
			end = min(end, ordered.end)
			next, err = t.block(t.now, t.progress.Rate, begin-ordered.begin, end-ordered.begin, ordered.order, ordered.rows)
		} else {
			next, end, err = t.oneByOne(ctx, t.now, t.progress.Rate, begin, end, order)
		}
		if err != nil {
			return err
		}
		if end == begin {
			continue
		}
		if err := t.sound(next, begin, end); err != nil { // waits for the device
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

// spanAt puts the rows of the span that holds a step in their order.
func (t *trainer) spanAt(order []int32, step, total int) (span, error) {
	steps := t.spanSteps(total)
	s := span{begin: step / steps * steps}
	s.end = min(s.begin+steps, total)
	part := order[s.begin*t.cfg.Batch : s.end*t.cfg.Batch]
	if s.end-s.begin < steps { // the last one has the shape of the others
		part = append(slices.Clone(part), make([]int32, (steps-(s.end-s.begin))*t.cfg.Batch)...)
	}
	s.order = tensors.FromFlatDataAndDimensions(part, len(part))
	var err error
	s.rows, err = t.ordered(s.order)
	return s, err
}

// spanSteps is the number of steps of a span.
func (t *trainer) spanSteps(total int) int {
	return min(total, max(1, t.spanBytes/(t.rowBytes*t.cfg.Batch)))
}

func (t *trainer) blockSteps() int {
	if t.perSecond == 0 {
		return max(1, firstRows/t.cfg.Batch)
	}
	return max(1, int(t.perSecond*blockTime.Seconds()))
}

// sound returns a DivergedError where, after the steps begin to end, a loss or a
// parameter is no longer finite, or the loss has exploded.
func (t *trainer) sound(next []*tensors.Tensor, begin, end int) error {
	before, err := tensors.CopyFlatData[float64](t.now[sumsAt])
	if err != nil {
		return fmt.Errorf("fit: read losses: %w", err)
	}
	sums, err := tensors.CopyFlatData[float64](next[sumsAt])
	if err != nil {
		return fmt.Errorf("fit: read losses: %w", err)
	}
	rows := min(end*t.cfg.Batch, len(t.rows)) - begin*t.cfg.Batch
	loss := (sums[0] - before[0]) / float64(rows)
	finite, err := allFinite(next[paramsAt])
	if err != nil {
		return err
	}
	if t.exploded(loss) || !finite {
		return &DivergedError{Epoch: t.progress.Epoch + 1, Step: begin, Loss: loss}
	}
	return nil
}

// exploded reports whether a mean loss is not finite or far above the first one. It
// remembers the first one that it is given.
func (t *trainer) exploded(loss float64) bool {
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return true
	}
	if t.progress.Steps == 0 {
		t.progress.First = loss
	}
	return loss-t.progress.First > explosion*math.Abs(t.progress.First) && t.progress.First != 0
}

// allFinite reports whether no value of a vector is NaN or infinite.
func allFinite(all *tensors.Tensor) (bool, error) {
	finite := true
	err := all.ConstFlatData(func(flat any) {
		switch values := flat.(type) {
		case []float32:
			for _, v := range values {
				finite = finite && v-v == 0
			}
		case []float64:
			for _, v := range values {
				finite = finite && v-v == 0
			}
		}
	})
	if err != nil {
		return false, fmt.Errorf("fit: read parameters: %w", err)
	}
	return finite, nil
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

// free releases device memory at once; the garbage collector would do it later.
func free(list []*tensors.Tensor) {
	for _, t := range list {
		_ = t.FinalizeAll() // nothing to be done about a failure to free
	}
}
