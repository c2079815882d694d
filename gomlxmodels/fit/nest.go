package fit

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// NestLoops returns a backend that computes as b does and in whose programs closures
// may hold closures: a While loop within a While loop. XLA takes such programs, but
// GoMLX makes every closure a child of the main function (v0.28.2,
// graph.NewClosureWithSharding), which go-xla then refuses inside another closure.
// Here the child goes to the innermost closure that is not yet finished.
//
// It pays for what brings loops of its own. One call a step maps the temporaries of
// the step afresh, and the kernel clears their pages: the LSTM(96) over 64 packets of
// 128 flows has 56 MiB of them, 14,000 page faults and a third of the step.
//
// Tensors belong to the backend that their buffer names, so buffers are wrapped too,
// and all tensors of a program must be of b or of NestLoops(b), not of both. What two
// calls return for the same b is equal.
func NestLoops(b compute.Backend) compute.Backend { return nesting{b} }

// nesting is what NestLoops returns.
type nesting struct{ compute.Backend }

// Builder starts a program.
func (b nesting) Builder(name string) compute.Builder {
	inner := b.Backend.Builder(name)
	if inner == nil {
		return nil
	}
	builder := &nestingBuilder{Builder: inner, backend: b}
	builder.main = &nestingFunction{Function: inner.Main(), builder: builder}
	builder.open = []*nestingFunction{builder.main}
	return builder
}

// nestingBuilder knows which functions of a program are being built.
type nestingBuilder struct {
	compute.Builder
	backend nesting
	main    *nestingFunction
	open    []*nestingFunction // the innermost last
}

// Main is the main function of the program.
func (b *nestingBuilder) Main() compute.Function { return b.main }

// nestingFunction is a function of a nestingBuilder's program.
type nestingFunction struct {
	compute.Function
	builder *nestingBuilder
}

// Closure opens a closure within the innermost open function, whichever it is
// called on.
func (f *nestingFunction) Closure() (compute.Function, error) {
	b := f.builder
	inner, err := b.open[len(b.open)-1].Function.Closure()
	if err != nil {
		return nil, err
	}
	child := &nestingFunction{Function: inner, builder: b}
	b.open = append(b.open, child)
	return child, nil
}

// Return finishes the function.
func (f *nestingFunction) Return(outputs []compute.Value, shardings []*compute.ShardingSpec) error {
	b := f.builder
	if last := len(b.open) - 1; last > 0 && b.open[last] == f {
		b.open = b.open[:last]
	}
	return f.Function.Return(outputs, shardings)
}

// While, If, Sort and Call hand the backend its own functions.

func (f *nestingFunction) While(cond, body compute.Function, initial ...compute.Value) ([]compute.Value, error) {
	return f.Function.While(own(cond), own(body), initial...)
}

func (f *nestingFunction) If(pred compute.Value, yes, no compute.Function) ([]compute.Value, error) {
	return f.Function.If(pred, own(yes), own(no))
}

func (f *nestingFunction) Sort(comparator compute.Function, axis int, stable bool, inputs ...compute.Value) ([]compute.Value, error) {
	return f.Function.Sort(own(comparator), axis, stable, inputs...)
}

func (f *nestingFunction) Call(target compute.Function, inputs ...compute.Value) ([]compute.Value, error) {
	return f.Function.Call(own(target), inputs...)
}

// own is the backend's own function.
func own(f compute.Function) compute.Function {
	if n, ok := f.(*nestingFunction); ok {
		return n.Function
	}
	return f
}

// Compile finishes the program.
func (b *nestingBuilder) Compile() (compute.Executable, error) {
	program, err := b.Builder.Compile()
	if err != nil {
		return nil, err
	}
	return nestingProgram{program, b.backend}, nil
}

// nestingProgram takes and gives buffers of a nesting.
type nestingProgram struct {
	compute.Executable
	backend nesting
}

// Execute runs the program.
func (p nestingProgram) Execute(inputs []compute.Buffer, donate []bool, device compute.DeviceNum) ([]compute.Buffer, error) {
	plain := make([]compute.Buffer, len(inputs))
	for i, b := range inputs {
		plain[i] = b
		if n, ok := b.(nestingBuffer); ok {
			plain[i] = n.Buffer
		}
	}
	out, err := p.Executable.Execute(plain, donate, device)
	for i, b := range out {
		out[i] = nestingBuffer{b, p.backend}
	}
	return out, err
}

// nestingBuffer is a buffer that names the nesting as its backend.
type nestingBuffer struct {
	compute.Buffer
	backend nesting
}

// Backend is the nesting.
func (b nestingBuffer) Backend() compute.Backend { return b.backend }

// CopyToDevice copies the buffer to a device.
func (b nestingBuffer) CopyToDevice(device compute.DeviceNum) (compute.Buffer, error) {
	return b.backend.wrap(b.Buffer.CopyToDevice(device))
}

// BufferFromFlatData copies values to a device.
func (b nesting) BufferFromFlatData(device compute.DeviceNum, flat any, shape shapes.Shape) (compute.Buffer, error) {
	return b.wrap(b.Backend.BufferFromFlatData(device, flat, shape))
}

// NewSharedBuffer makes a buffer that the host can write to.
func (b nesting) NewSharedBuffer(device compute.DeviceNum, shape shapes.Shape) (compute.Buffer, any, error) {
	plain, flat, err := b.Backend.NewSharedBuffer(device, shape)
	buffer, err := b.wrap(plain, err)
	return buffer, flat, err
}

func (b nesting) wrap(plain compute.Buffer, err error) (compute.Buffer, error) {
	if err != nil {
		return nil, err
	}
	return nestingBuffer{plain, b}, nil
}
