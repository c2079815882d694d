package radio

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/draw"
)

// counterMask keeps the bits of a frame counter that are sent.
const counterMask = 1<<16 - 1

// counterModel draws a device's frame counter: where it stands when the device is
// first heard, and how far it goes from one uplink to the next. A step of 1 is
// the next frame, more are frames that were not heard, 0 is a repetition, half
// the range or more is a step back: the device began anew.
type counterModel struct {
	First   []float64          `json:"first"`            // quantiles
	Steps   *feature.Quantizer `json:"steps"`            // forward
	Resets  []float64          `json:"resets,omitempty"` // counters after a step back, ascending; empty: there was none
	Weights []float64          `json:"weights"`          // of each class in training
}

// counterQuantiles is how many quantiles of the first counters are kept: with
// them, a value in between is drawn, not the counter of a training device.
const counterQuantiles = 65

// fitCounter learns the counters of all devices.
func fitCounter(flows []*flow.Flow) (counterModel, error) {
	var m counterModel
	var firsts, steps []float64
	last := make(map[string]uint32)
	for _, f := range flows {
		for i := range f.Packets {
			r := f.Packets[i].Radio
			device := r.Device()
			before, known := last[device]
			last[device] = r.Counter
			step := (r.Counter - before) & counterMask
			switch {
			case !known:
				firsts = append(firsts, float64(r.Counter&counterMask))
			case step > counterMask/2:
				m.Resets = append(m.Resets, float64(r.Counter&counterMask))
			default:
				steps = append(steps, float64(step))
			}
		}
	}
	slices.Sort(firsts)
	slices.Sort(m.Resets)
	for i := range counterQuantiles {
		m.First = append(m.First, firsts[i*(len(firsts)-1)/(counterQuantiles-1)])
	}
	if len(steps) == 0 {
		steps = []float64{1}
	}
	var err error
	if m.Steps, err = feature.FitQuantizer(steps, stepBins, 1, exactStep); err != nil {
		return m, fmt.Errorf("generator: frame counter: %w", err)
	}
	m.Weights = m.weights(flows)
	return m, nil
}

// classes returns how many the head has: the steps forward, and a step back if there was one.
func (m *counterModel) classes() int {
	if len(m.Resets) > 0 {
		return m.Steps.Len() + 1
	}
	return m.Steps.Len()
}

// code returns the class of the step from one counter to the next.
func (m *counterModel) code(before, counter uint32) int {
	step := (counter - before) & counterMask
	if step > counterMask/2 && len(m.Resets) > 0 {
		return m.Steps.Len()
	}
	code, _ := m.Steps.Code(float64(step))
	return code
}

// first draws where the counter of a device stands when it is first heard.
func (m *counterModel) first(random *rand.Rand) uint32 {
	return uint32(math.Round(draw.Between(m.First, random))) & counterMask
}

// next returns the counter after before, given the step's class.
func (m *counterModel) next(before uint32, class int, random *rand.Rand) uint32 {
	if class >= m.Steps.Len() {
		to := uint32(math.Round(draw.Between(m.Resets, random))) & counterMask
		if to >= before { // further than this device has come: anywhere below
			to = uint32(random.Float64() * float64(before))
		}
		return to
	}
	return (before + uint32(math.Round(m.Steps.Value(class, 0, random.Float64())))) & counterMask
}

// after returns the counter so many steps after before, and somewhere below for a step
// back.
func (m *counterModel) after(before uint32, step int32, random *rand.Rand) uint32 {
	if step == stepBack {
		return m.next(before, m.Steps.Len(), random)
	}
	return (before + uint32(step)) & counterMask
}

// weights returns the frequencies of the classes in training.
func (m *counterModel) weights(flows []*flow.Flow) []float64 {
	counts := make([]float64, m.classes())
	last := make(map[string]uint32)
	total := 0.0
	for _, f := range flows {
		for i := range f.Packets {
			r := f.Packets[i].Radio
			device := r.Device()
			if before, known := last[device]; known {
				counts[m.code(before, r.Counter)]++
				total++
			}
			last[device] = r.Counter
		}
	}
	for class := range counts {
		counts[class] /= max(1, total)
	}
	return counts
}
