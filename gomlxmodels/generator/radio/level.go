package radio

import (
	"fmt"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"

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
		units[i] = l.unit(n)
	}
	var err error
	if l.Code, err = feature.FitQuantizer(units, levelBins, 1, 1); err != nil {
		return levelCode{}, fmt.Errorf("generator: %s: %w", name, err)
	}
	return l, nil
}

// code returns the bin of a level.
func (l *levelCode) code(n noted) int32 {
	code, _ := l.Code.Code(l.unit(n))
	return int32(code)
}

// value returns the level of a device that a bin stands for, at u in [0, 1) of it.
func (l *levelCode) value(code int32, u float64, of levelStats) float32 {
	unit := l.Code.Value(int(code), 0, u)
	if len(of.Values) > 0 {
		return float32(of.at(unit))
	}
	return nearest(l.Known, of.value(unit))
}

// unit returns how far a level is from what the device's levels are like: its normal
// score among the device's values, or its distance from the mean in standard
// deviations.
func (l *levelCode) unit(n noted) float64 {
	if len(n.of.Values) > 0 {
		return n.of.score(n.value, n.inside)
	}
	return n.of.unit(l.spread(n))
}

// spread returns a value between those half way from a level to its neighbours on the
// grid.
func (l *levelCode) spread(n noted) float64 {
	grid, v := l.Known, n.value
	i, found := slices.BinarySearch(grid, v)
	if !found || len(grid) == 1 {
		return v
	}
	below, above := grid[max(0, i-1)], grid[min(len(grid)-1, i+1)]
	switch i { // an end of the grid has as much beyond it
	case 0:
		below = 2*v - above
	case len(grid) - 1:
		above = 2*v - below
	}
	return (below+v)/2 + n.inside*(above-below)/2
}

// levelStats are the mean and the standard deviation of a level, and where the device
// has sent enough its values themselves: a receiver skips some (near -80 dBm one notes
// only odd ones, where its front end changes over), and interference on a channel has a
// shape of its own.
type levelStats struct {
	Mean      float64   `json:"mean"`
	Deviation float64   `json:"deviation"`
	Values    []float64 `json:"values,omitempty"` // ascending
	Times     []int     `json:"times,omitempty"`  // how often each was
}

// withValues returns the statistics with the values that were counted, if they are enough.
func (s levelStats) withValues(x []float64) levelStats {
	if len(x) < settled {
		return s
	}
	s.Values, s.Times = nil, nil
	for _, v := range slices.Sorted(slices.Values(x)) {
		if n := len(s.Values); n == 0 || s.Values[n-1] != v {
			s.Values, s.Times = append(s.Values, v), append(s.Times, 0)
		}
		s.Times[len(s.Times)-1]++
	}
	return s
}

// score returns the normal score of a value of the list, at inside in [0, 1) of it.
func (s levelStats) score(v, inside float64) float64 {
	before, count, total := 0, 0, 0
	for i, n := range s.Times {
		switch {
		case s.Values[i] < v:
			before += n
		case s.Values[i] == v:
			count = n
		}
		total += n
	}
	return distuv.UnitNormal.Quantile((float64(before) + (inside+1e-9)*float64(count)) / float64(total) * (1 - 1e-6))
}

// at returns the value of the list that has a score.
func (s levelStats) at(score float64) float64 {
	total := 0
	for _, n := range s.Times {
		total += n
	}
	rank := distuv.UnitNormal.CDF(score) * float64(total)
	for i, n := range s.Times {
		if rank -= float64(n); rank < 0 {
			return s.Values[i]
		}
	}
	return s.Values[len(s.Values)-1]
}

// unit returns the distance from the mean in standard deviations, and value undoes it.
func (s levelStats) unit(v float64) float64     { return (v - s.Mean) / s.Deviation }
func (s levelStats) value(unit float64) float64 { return s.Mean + unit*s.Deviation }

// nearest returns the value on a grid that a gateway would note.
func nearest(grid []float64, v float64) float32 {
	if len(grid) == 0 {
		return float32(v)
	}
	i := sort.SearchFloat64s(grid, v)
	if i == len(grid) || i > 0 && v-grid[i-1] < grid[i]-v {
		i--
	}
	return float32(grid[i])
}
