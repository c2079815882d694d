package figure

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

// Scale says how an axis shows values.
type Scale string

// The scales of an axis.
const (
	Linear     Scale = "linear"
	Log        Scale = "log"      // values are positive; 0 and less are left out
	LogSeconds Scale = "log time" // as Log, labelled with units of time
)

// place returns where a value stands on an axis of the scale: not at a finite number,
// if nowhere.
func (s Scale) place(v float64) float64 {
	if s == "" || s == Linear {
		return v
	}
	return math.Log10(v)
}

// Sample is the values of one side.
type Sample struct {
	Side   int // its look: 0 is the real one
	Name   string
	Values []float64
	Zeros  int64 // further values, all 0
}

// size returns the number of values.
func (s *Sample) size() int64 { return int64(len(s.Values)) + s.Zeros }

// Group is the samples that one panel of a figure compares.
type Group struct {
	Title   string
	Samples []Sample
}

// CDF draws the distribution functions of samples on one axis: at each value the
// proportion that is not above it. The legend has the size of each sample. Zeros are
// not on a logarithmic axis: there the function begins at their proportion, and the
// legend has their number.
func CDF(title, axis string, scale Scale, samples ...Sample) (*Figure, error) {
	p, legend, err := cdfPanel(axis, scale, samples)
	if err != nil {
		return nil, fmt.Errorf("figure: %s%w", title, err)
	}
	f := newFigure("cdf", title, p)
	f.legend = legend
	return f, nil
}

// CDFs draws one panel a group, each as [CDF] does. The panels have the sizes of
// their samples in their titles, in the order of the legend.
func CDFs(title, axis string, scale Scale, groups []Group) (*Figure, error) {
	if len(groups) == 0 {
		return nil, fmt.Errorf("figure: %s: %w", title, ErrNoValues)
	}
	f := newFigure("cdfs", title)
	f.columns = min(2, len(groups))
	for at, g := range groups {
		label := axis
		if at+f.columns < len(groups) {
			label = "" // stands below the last row
		}
		p, legend, err := cdfPanel(label, scale, g.Samples)
		if err != nil {
			return nil, fmt.Errorf("figure: %s, %s%w", title, g.Title, err)
		}
		if p.Title.Text = g.Title; f.columns > 1 {
			p.Y.Label.Text = "share"
			if scale == Linear {
				p.X.Tick.Marker = linearTicks{few: true}
			}
		}
		f.panels = append(f.panels, p)
		for i, k := range legend {
			k.text = g.Samples[i].Name
			if !slices.ContainsFunc(f.legend, func(have key) bool { return have.text == k.text }) {
				f.legend = append(f.legend, k)
			}
		}
	}
	f.height = 50 + 145*vgRows(len(groups), f.columns)
	return f, nil
}

// cdfPanel returns a panel of distribution functions and its legend.
func cdfPanel(axis string, scale Scale, samples []Sample) (*plot.Plot, []key, error) {
	p := newPanel(axis, "share of values up to here")
	low, high := math.Inf(1), math.Inf(-1)
	sorted := make([][]float64, len(samples))
	var legend []key
	for i := range samples {
		s := &samples[i]
		if s.size() == 0 {
			continue // shown as having none
		}
		if sorted[i] = scaled(s.Values, scale); len(sorted[i]) > 0 {
			low, high = min(low, sorted[i][0]), max(high, sorted[i][len(sorted[i])-1])
		}
		if s.Zeros > 0 && scale == Linear {
			low, high = min(low, 0), max(high, 0)
		}
	}
	if math.IsInf(low, 0) {
		return nil, nil, fmt.Errorf(": %w", ErrNoValues)
	}
	if low == high {
		low, high = low-0.5, high+0.5
	}
	pad := (high - low) * 0.02
	setScale(&p.X, scale)
	for i := range samples {
		s := &samples[i]
		legend = append(legend, key{text: counted(s, len(sorted[i]), scale), style: look(s.Side)})
		if s.size() == 0 {
			continue
		}
		below := math.Inf(-1) // where the zeros are
		if scale == Linear {
			below = 0
		}
		line, err := plotter.NewLine(steps(sorted[i], s.size()-int64(len(sorted[i])), below, low-pad, high+pad))
		if err != nil {
			return nil, nil, fmt.Errorf(" of %s: %w", s.Name, err)
		}
		line.LineStyle = look(s.Side)
		p.Add(line)
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = low-pad, high+pad, 0, 1
	return p, legend, nil
}

// counted names a sample with its size and what the axis leaves out.
func counted(s *Sample, shown int, scale Scale) string {
	if left := s.size() - int64(shown); scale != Linear && left > 0 {
		return fmt.Sprintf("%s (%s, of these %s zeros)", s.Name, Thousands(s.size()), Thousands(left))
	}
	return fmt.Sprintf("%s (%s)", s.Name, Thousands(s.size()))
}

// scaled copies the values onto the axis, sorted.
func scaled(values []float64, scale Scale) []float64 {
	kept := make([]float64, 0, len(values))
	for _, v := range values {
		if scale != Linear {
			if v <= 0 {
				continue
			}
			v = math.Log10(v)
		}
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			kept = append(kept, v)
		}
	}
	slices.Sort(kept)
	return kept
}

// setScale gives an axis its kind of ticks.
func setScale(axis *plot.Axis, scale Scale) {
	switch scale {
	case Log:
		axis.Tick.Marker = logTicks{short}
	case LogSeconds:
		axis.Tick.Marker = logTicks{seconds}
	}
}

// maxSteps is how many steps of a distribution function are drawn: more than
// the picture has points across.
const maxSteps = 600

// steps returns the distribution function of sorted values, and of so many further
// ones that are all equal to extra, as a line from low to high. Of many values it takes
// evenly spaced quantiles.
func steps(sorted []float64, extras int64, extra, low, high float64) plotter.XYs {
	n := float64(int64(len(sorted)) + extras)
	var points plotter.XYs
	var below int64
	if extra < low {
		below, extras = extras, 0
	}
	points = append(points, plotter.XY{X: low, Y: float64(below) / n})
	add := func(at float64, more int64) {
		below += more
		points = append(points, plotter.XY{X: at, Y: points[len(points)-1].Y}, plotter.XY{X: at, Y: float64(below) / n})
	}
	every := max(1, len(sorted)/maxSteps)
	for i := 0; i < len(sorted); {
		if extras > 0 && sorted[i] > extra {
			add(extra, extras)
			extras = 0
		}
		j := i
		for j < len(sorted) && (sorted[j] == sorted[i] || j-i < every) {
			j++
		}
		for j < len(sorted) && sorted[j] == sorted[j-1] {
			j++
		}
		add(sorted[j-1], int64(j-i))
		i = j
	}
	if extras > 0 {
		add(extra, extras)
	}
	return append(points, plotter.XY{X: high, Y: 1})
}

// Thousands writes a whole number with commas.
func Thousands[N int | int64](n N) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
