package report

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/necstgen/necstgen/datasets/flow"
)

// uplinks are the radio metadata of flows, in their order.
func uplinks(flows []*flow.Flow) []*flow.Radio {
	var all []*flow.Radio
	for _, f := range flows {
		for i := range f.Packets {
			if r := f.Packets[i].Radio; r != nil {
				all = append(all, r)
			}
		}
	}
	return all
}

// Levels draws the SNR of LoRaWAN uplinks against their RSSI, the real ones above
// and the synthetic ones below, with one scale.
func Levels(title string, real, synthetic []*flow.Flow) (*Figure, error) {
	f := newFigure("levels", title, "")
	f.height = 420
	for i, side := range []struct {
		name string
		list []*flow.Radio
	}{{"real", uplinks(real)}, {"synthetic", uplinks(synthetic)}} {
		if len(side.list) == 0 {
			return nil, fmt.Errorf("report: %s of %s: no uplink: %w", title, side.name, ErrNoValues)
		}
		var points plotter.XYs
		every := (len(side.list) + maxPoints - 1) / maxPoints
		for k := 0; k < len(side.list); k += every {
			points = append(points, plotter.XY{X: float64(side.list[k].RSSI), Y: float64(side.list[k].SNR)})
		}
		p := newPanel("", side.name+", SNR in dB")
		p.Add(dots{points, look(i).Color})
		f.panels = append(f.panels, p)
	}
	a, b := f.panels[0], f.panels[1]
	left, right := min(a.X.Min, b.X.Min)-2, max(a.X.Max, b.X.Max)+2
	low, high := min(a.Y.Min, b.Y.Min)-1, max(a.Y.Max, b.Y.Max)+1
	for _, p := range f.panels {
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = left, right, low, high
	}
	b.X.Label.Text = "RSSI in dBm"
	return f, nil
}

// Factors draws the proportions of the spreading factors of LoRaWAN uplinks above,
// and the SNR that each has below: half of the uplinks lie inside the box, the line
// in it is the median, and 90 % lie inside the whiskers.
func Factors(title string, real, synthetic []*flow.Flow) (*Figure, error) {
	sides := [2][]*flow.Radio{uplinks(real), uplinks(synthetic)}
	if len(sides[0]) == 0 || len(sides[1]) == 0 {
		return nil, fmt.Errorf("report: %s: no uplink: %w", title, ErrNoValues)
	}
	levels := [2]map[int][]float64{{}, {}}
	var factors []int
	for i, side := range sides {
		for _, r := range side {
			factor := int(r.SpreadingFactor)
			if !slices.Contains(factors, factor) {
				factors = append(factors, factor)
			}
			levels[i][factor] = append(levels[i][factor], float64(r.SNR))
		}
	}
	slices.Sort(factors)
	var labels []string
	var pairs [][2]float64
	var b boxes
	for k, factor := range factors {
		name := fmt.Sprint("SF", factor)
		if factor == 0 {
			name = "not noted"
		}
		labels = append(labels, name)
		pairs = append(pairs, [2]float64{float64(len(levels[0][factor])) / float64(len(sides[0])), float64(len(levels[1][factor])) / float64(len(sides[1]))})
		for i := range levels {
			if len(levels[i][factor]) > 0 {
				slices.Sort(levels[i][factor])
				b = append(b, box{len(factors) - 1 - k, i, levels[i][factor]})
			}
		}
	}
	lower := newPanel("SNR in dB", "")
	lower.X.Min, lower.X.Max = b[0].quantile(0.05), b[0].quantile(0.95)
	for _, one := range b {
		lower.X.Min, lower.X.Max = min(lower.X.Min, one.quantile(0.05)-1), max(lower.X.Max, one.quantile(0.95)+1)
	}
	lower.Y.Min, lower.Y.Max = -0.6, float64(len(labels))-0.4
	upwards := slices.Clone(labels)
	slices.Reverse(upwards)
	lower.Y.Tick.Marker = constantTicks(upwards)
	lower.Y.Tick.Length = 0
	lower.Add(b)
	f := newFigure("factors", title, "", barPanel("share of the uplinks", labels, pairs), lower)
	f.legend = barLegend()
	f.height = 100 + vg.Length(len(labels))*48
	return f, nil
}
