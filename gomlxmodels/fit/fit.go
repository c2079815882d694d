// Package fit trains a model by gradient descent with a whole epoch as one
// program on the device.
//
// Run takes a Config, start values (Params), data, and a Problem, whose loss is a graph
// function of a Step; it returns the trained Params and the course of the training
// (Result). Save and Load keep parameters as GoMLX checkpoints.
//
// The models of this module are tiny, so the call from the host per step costs
// more than the arithmetic: the paper's VAE at its batch of 32 takes 236 us a
// step in a call-by-call loop and about a tenth of that when the loop runs on
// the device. So the caller gives a graph function for the loss, and fit
// builds one program around it: a While loop over the steps of the epoch with
// parameters, Adam moments and random state as loop state. The rows are taken
// in a new seeded order each epoch; the last batch is padded and masked, never
// dropped. Learning rate, early stop, checkpoint, progress and cancellation
// happen between epochs, and in long epochs between blocks of steps.
//
// Backends that cannot loop so (the pure Go backend has no DynamicSlice and no
// gradient inside a While body) run the same step function once a call, with
// all state kept in device buffers.
package fit

import (
	"fmt"
	"time"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// RecordFunc receives one value of a metric, such as "vae/loss", at a step
// (epochs, from 1). Nil is silent. An error stops the training.
type RecordFunc func(metric string, step int, value float64) error

// Params are named tensors in a fixed order: the parameters of a model. All
// share one floating-point type.
type Params struct {
	Names  []string
	Values []*tensors.Tensor
}

// Get returns the tensor of that name, or nil.
func (p Params) Get(name string) *tensors.Tensor {
	for i, n := range p.Names {
		if n == name && i < len(p.Values) {
			return p.Values[i]
		}
	}
	return nil
}

// Clone copies names and values to the host's memory.
func (p Params) Clone() (Params, error) {
	c := Params{Names: append([]string(nil), p.Names...)}
	for i, t := range p.Values {
		local, err := t.LocalClone()
		if err != nil {
			return Params{}, fmt.Errorf("fit: copy parameter %q: %w", p.name(i), err)
		}
		c.Values = append(c.Values, local)
	}
	return c, nil
}

func (p Params) name(i int) string {
	if i < len(p.Names) {
		return p.Names[i]
	}
	return fmt.Sprintf("#%d", i)
}

// Step is what a loss function sees of one training or validation step.
type Step struct {
	Params []*graph.Node // as in Params.Values
	Inputs []*graph.Node // [batch, ...] each, the rows of data in this step
	Mask   *graph.Node   // [batch], 1 for a real row, 0 for padding, of the parameters' type
	RNG    *graph.Node   // random state of this step alone, for graph.RandomNormal and the like
}

// Problem is what is minimised. Exactly one of Loss and Gradient is set.
//
// The loss is a scalar: the mean over the real rows of the batch (see Mean).
// Terms are scalars recorded beside it, named by TermNames, averaged over the
// epoch by the number of real rows, as the loss is.
//
// Loss and Gradient are traced inside a closure: constants may be made by
// graph.Const and by graph.Scalar alike, but no closure of its own can be built
// in Loss, and those of Gradient take graph.Const alone.
type Problem struct {
	// Loss is differentiable; its gradients are taken by graph.Gradient.
	Loss func(s Step) (loss *graph.Node, terms []*graph.Node)
	// Gradient brings its own gradients, one for each of s.Params and of its
	// shape; it may build While loops, as may its Validation.
	Gradient func(s Step) (loss *graph.Node, terms, gradients []*graph.Node)
	// Validation, if set, is traced in place of Loss or Gradient on the
	// validation rows.
	Validation func(s Step) (loss *graph.Node, terms []*graph.Node)
	TermNames  []string

	// Rows, if set, makes the inputs [n, ...] of the rows at indices [n] int32 out
	// of data; without it they are the rows of data themselves. So what can be put
	// together from a few rows, such as a window, need not lie in memory for all.
	Rows     func(indices *graph.Node, data []*graph.Node) []*graph.Node
	RowBytes int // size of the inputs of one row, where Rows is set
	// Name differs between losses for which the shapes are the same: a
	// checkpoint of another name is refused.
	Name string
}

// Epoch is what is known after one pass over the rows. While a long epoch is
// under way, observers also get it with Done < Total and only Number,
// LearningRate, Done and Total set.
type Epoch struct {
	Number          int                // from 1
	Loss            float64            // mean over the training rows
	ValidationLoss  float64            // NaN without validation rows
	Terms           map[string]float64 // mean over the training rows
	ValidationTerms map[string]float64 // mean over the validation rows; nil without
	LearningRate    float64            // in force during this epoch
	Duration        time.Duration      // of this epoch in this process
	Done, Total     int                // steps of this epoch
}

// Complete reports whether this is the end of an epoch, not a progress report within one.
func (e Epoch) Complete() bool { return e.Done == e.Total }

// Stop says why training ended.
type Stop string

// The reasons for which Run returns.
const (
	StopEpochs      Stop = "epochs"      // all epochs are done
	StopEarly       Stop = "early stop"  // no improvement for Config.StopPatience epochs
	StopInterrupted Stop = "interrupted" // the context ended; resumable where Config.Checkpoint is set
	StopFailed      Stop = "failed"      // an error, see it
)

// Result is the course of a training.
type Result struct {
	Epochs      []Epoch // complete ones, in order
	Best        int     // number of the epoch with the smallest (validation) loss
	Steps       int64   // optimiser steps since the first epoch
	Stop        Stop
	WholeEpochs bool // whether epochs ran as programs on the device, or step by step
	Warnings    []error
}

// DivergedError says that the loss or a parameter stopped being finite, or that the
// loss became a thousand times what it was at first. Run says which parameters it
// returns with it.
type DivergedError struct {
	Epoch int // from 1
	Step  int // of that epoch, from 0: the block of steps that began here failed
	Loss  float64
}

// Error names the epoch and what to change.
func (e *DivergedError) Error() string {
	return fmt.Sprintf("fit: training diverged in epoch %d after step %d (loss %v): lower the learning rate, set a clip norm, or look for extreme values in the data; the last good parameters are kept", e.Epoch, e.Step, e.Loss)
}

// Mean is the mean of perRow [batch] over the rows that mask [batch] marks.
func Mean(perRow, mask *graph.Node) *graph.Node {
	perRow.AssertDims(mask.Shape().Dimensions...)
	return graph.Div(graph.ReduceSum(graph.Mul(perRow, mask), -1), graph.ReduceSum(mask, -1))
}
