package radio

import (
	"fmt"
	"slices"
	"sort"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
)

// Bins of the levels and of counter steps, and the fraction of all packets from which
// on a counter step is a class of its own.
const (
	levelBins = 24
	stepBins  = 12
	exactStep = 0.002
)

// levelCode codes RSSI or SNR as the distance from the device's mean in standard
// deviations, so that a device stays where it is from the first epoch on.
//
// Gateways note levels on coarse grids. A level that is taught stands somewhere between
// the values half way to its neighbours, and one that is drawn is rounded to the
// grid: whatever a device's mean, the bins then mean the same.
type levelCode struct {
	Code  *feature.Quantizer `json:"code"`
	Known []float64          `json:"known,omitempty"` // the values that occur, ascending, if they are few: the grid
}

// mostKnown is how many different values still count as a grid.
const mostKnown = 1024

// noted is a level as a gateway notes it: the value, where in [0, 1) of its step of the
// grid it stands, and what the device's levels are like.
type noted struct {
	value, inside float64
	of            levelStats
}

// rssiOf and snrOf return the levels of an uplink of a device.
func rssiOf(p *flow.Packet, of *levels) noted {
	return noted{float64(p.Radio.RSSI), inside(p.Time, 1), of.RSSI}
}

func snrOf(p *flow.Packet, of *levels) noted {
	return noted{float64(p.Radio.SNR), inside(p.Time, 2), of.SNR}
}

// inside returns where in a step of the grid a level of an uplink of that time stands:
// any number in [0, 1), but always the same, and another for each level.
func inside(time int64, level uint64) float64 {
	x := (uint64(time) + level) * 0x9E3779B97F4A7C15 // the mixing function of SplitMix64
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return float64((x^x>>31)>>11) / (1 << 53)
}

// fitLevel learns the bins of a level.
func fitLevel(name string, samples []noted) (levelCode, error) {
	var l levelCode
	for _, n := range samples {
		l.Known = append(l.Known, n.value)
	}
	slices.Sort(l.Known)
	if l.Known = slices.Compact(l.Known); len(l.Known) > mostKnown {
		l.Known = nil
	}
	units := make([]float64, len(samples))
	for i, n := range samples {
		units[i] = n.of.unit(l.spread(n.value, n.inside))
	}
	var err error
	if l.Code, err = feature.FitQuantizer(units, levelBins, 1, 1); err != nil {
		return levelCode{}, fmt.Errorf("generator: %s: %w", name, err)
	}
	return l, nil
}

// code returns the bin of a level.
func (l *levelCode) code(n noted) int32 {
	code, _ := l.Code.Code(n.of.unit(l.spread(n.value, n.inside)))
	return int32(code)
}

// value returns the level of a device that a bin stands for, at u in [0, 1) of it.
func (l *levelCode) value(code int32, u float64, of levelStats) float32 {
	return l.nearest(of.value(l.Code.Value(int(code), 0, u)))
}

// spread returns a value between those half way from v to its neighbours on the grid.
func (l *levelCode) spread(v, inside float64) float64 {
	i, found := slices.BinarySearch(l.Known, v)
	if !found || len(l.Known) == 1 {
		return v
	}
	below, above := l.Known[max(0, i-1)], l.Known[min(len(l.Known)-1, i+1)]
	switch i { // an end of the grid has as much beyond it
	case 0:
		below = 2*v - above
	case len(l.Known) - 1:
		above = 2*v - below
	}
	return (below+v)/2 + inside*(above-below)/2
}

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
