package radio

import (
	"fmt"
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
	Known []float64          `json:"known,omitempty"` // the values that occur, if they are few: the grid of the gateway's notes
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
	known := slices.Clone(values)
	slices.Sort(known)
	if known = slices.Compact(known); len(known) > mostKnown {
		known = nil
	}
	return levelCode{q, known}, nil
}

// value returns the level that a code stands for, at u in [0, 1) of its bin.
func (l *levelCode) value(code int32, u float64, of levelStats) float32 {
	return l.nearest(of.value(l.Code.Value(int(code), 0, u)))
}

// levelStats are the mean and the standard deviation of a level.
type levelStats struct{ mean, deviation float64 }

// unit returns the distance from the mean in standard deviations, and value undoes it.
func (s levelStats) unit(v float64) float64     { return (v - s.mean) / s.deviation }
func (s levelStats) value(unit float64) float64 { return s.mean + unit*s.deviation }

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
