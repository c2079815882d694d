package figure

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// linearTicks are some six round numbers, written with k, M or G. With whole they
// are whole numbers, for something that is counted; with few they are some four, for a
// narrow panel.
type linearTicks struct{ whole, few bool }

// Ticks implements plot.Ticker.
func (t linearTicks) Ticks(low, high float64) []plot.Tick {
	parts := 6.0
	if t.few {
		parts = 4
	}
	step := roundStep((high-low)/parts, 1, 2, 2.5, 5)
	if t.whole {
		step = max(1, roundStep((high-low)/parts, 1, 2, 5))
	}
	var ticks []plot.Tick
	for k := math.Ceil(low/step - 1e-9); k*step <= high+1e-9*step; k++ {
		ticks = append(ticks, plot.Tick{Value: k * step, Label: short(k * step)})
	}
	return ticks
}

// roundStep is the least of the mantissas times a power of ten that is not below x.
func roundStep(x float64, mantissas ...float64) float64 {
	if x <= 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range mantissas {
		if m*power >= x*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// short writes a number in few letters: 0.25, 300, 1500, 20k, 1.5M.
func short(x float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(x) >= unit.size*(1-1e-9) && math.Abs(x) >= 1e4 {
			return trimmed(x/unit.size) + unit.name
		}
	}
	return trimmed(x)
}

// trimmed writes a number with at most four digits behind the point.
func trimmed(x float64) string {
	if math.Abs(x) < 1e-12 {
		return "0"
	}
	return strconv.FormatFloat(math.Round(x*1e4)/1e4, 'g', -1, 64)
}

// logTicks label an axis that holds log10 of a value: by powers of ten where
// there are enough, otherwise with 2 and 5 between them.
type logTicks struct {
	name func(value float64) string
}

// Ticks implements plot.Ticker.
func (t logTicks) Ticks(low, high float64) []plot.Tick {
	steps := []float64{1}
	if high-low < 2.5 {
		steps = []float64{1, 2, 5}
	}
	every := max(1, int(math.Ceil((high-low)/9)))
	var ticks []plot.Tick
	for power := math.Floor(low); power <= high; power++ {
		for _, m := range steps {
			at := power + math.Log10(m)
			if at < low-1e-9 || at > high+1e-9 || int(power)%every != 0 {
				continue
			}
			ticks = append(ticks, plot.Tick{Value: at, Label: t.name(m * math.Pow(10, power))})
		}
	}
	return ticks
}

// seconds writes a time in its own unit: 10 us, 2 ms, 50 s.
func seconds(s float64) string {
	switch {
	case s < 0.95e-6:
		return trimmed(s*1e9) + " ns"
	case s < 0.95e-3:
		return trimmed(s*1e6) + " µs"
	case s < 0.95:
		return trimmed(s*1e3) + " ms"
	}
	return short(s) + " s"
}

// constantTicks are given by hand.
func constantTicks(labels []string) plot.ConstantTicks {
	ticks := make(plot.ConstantTicks, len(labels))
	for i, label := range labels {
		ticks[i] = plot.Tick{Value: float64(i), Label: label}
	}
	return ticks
}
