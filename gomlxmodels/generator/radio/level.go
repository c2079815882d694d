package radio

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/necstgen/necstgen/datasets/feature"
)

// Bins of the levels and of counter steps, and the fractions of all packets from
// which on a value is a class of its own: gateways note levels on coarse grids.
const (
	levelBins  = 24
	exactLevel = 0.004
	stepBins   = 12
	exactStep  = 0.002
)

// levelCode codes RSSI or SNR: of a device, as the distance from the device's mean in
// standard deviations, so that a device stays where it is from the first epoch on;
// of a timeline without flows, in dBm or dB.
type levelCode struct {
	Code  *feature.Quantizer `json:"code"`
	Known []float64          `json:"known,omitempty"` // the values that occur, ascending, if they are few: the grid of the gateway's notes
	Times []int              `json:"times,omitempty"` // how often each does
}

// mostKnown is how many different values still count as a grid.
const mostKnown = 1024

// fitLevel learns the bins of a level, given its values and their distances from the
// mean in standard deviations.
func fitLevel(name string, values, units []float64) (levelCode, error) {
	q, err := feature.FitQuantizer(units, levelBins, 1, exactLevel)
	if err != nil {
		return levelCode{}, fmt.Errorf("generator: %s: %w", name, err)
	}
	l := levelCode{Code: q}
	sorted := slices.Sorted(slices.Values(values))
	for i, v := range sorted {
		if i == 0 || v != sorted[i-1] {
			l.Known, l.Times = append(l.Known, v), append(l.Times, 0)
		}
		l.Times[len(l.Times)-1]++
	}
	if len(l.Known) > mostKnown {
		l.Known, l.Times = nil, nil
	}
	return l, nil
}

// value returns the level that a code stands for, at u in [0, 1) of its bin: of the
// values that a gateway notes inside the bin one by how often it does.
func (l *levelCode) value(code int32, u float64, of levelStats) float32 {
	low, high := of.value(l.Code.Value(int(code), 0, 0)), of.value(l.Code.Value(int(code), 0, math.Nextafter(1, 0)))
	from, to := sort.SearchFloat64s(l.Known, low-levelRounding), sort.SearchFloat64s(l.Known, high+levelRounding)
	total := 0
	for _, n := range l.Times[from:to] {
		total += n
	}
	at := u * float64(total)
	for i := from; i < to; i++ {
		if at -= float64(l.Times[i]); at < 0 {
			return float32(l.Known[i])
		}
	}
	return l.nearest(of.value(l.Code.Value(int(code), 0, u)))
}

// levelRounding is what a level loses on its way to standard deviations and back.
const levelRounding = 1e-6

// levelStats are the mean and the standard deviation of a level.
type levelStats struct {
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"`
}

// unit returns the distance from the mean in standard deviations, and value undoes it.
func (s levelStats) unit(v float64) float64     { return (v - s.Mean) / s.Deviation }
func (s levelStats) value(unit float64) float64 { return s.Mean + unit*s.Deviation }

// nearest returns the value that a gateway would note.
func (l *levelCode) nearest(v float64) float32 {
	if len(l.Known) == 0 {
		return float32(v)
	}
	i := sort.SearchFloat64s(l.Known, v)
	if i == len(l.Known) || i > 0 && v-l.Known[i-1] < l.Known[i]-v {
		i--
	}
	return float32(l.Known[i])
}
