package analysis

import (
	"fmt"
	"math"
	"slices"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/figure"
)

// Latent is the latent space of a run: points of its training packets, and the
// mixture fitted on all of them. Figures show the first two dimensions.
type Latent struct {
	Points      [][]float64   `json:"points"` // [n][dimensions], at least 2
	Labels      []int         `json:"labels"` // component of each point
	Weights     []float64     `json:"weights"`
	Means       [][]float64   `json:"means"`       // [components][dimensions]
	Covariances [][][]float64 `json:"covariances"` // [components][dimensions][dimensions]

	// Encoder and Codes are the processed features of the points, [n][columns] in
	// [0, 1]. Runs of older versions have none.
	Encoder *feature.Encoder `json:"encoder"`
	Codes   [][]float64      `json:"codes"`

	// Training are the labels of the training packets, a sequence a flow, and Drawn
	// sequences of the same lengths that the chain has drawn; nil: not at hand.
	Training, Drawn [][]int `json:"-"`
}

// Check reports the first thing that does not fit together.
func (l *Latent) Check() error {
	if len(l.Points) == 0 {
		return figure.ErrNoValues
	}
	if len(l.Labels) != len(l.Points) {
		return fmt.Errorf("%d labels for %d points", len(l.Labels), len(l.Points))
	}
	if len(l.Codes) != 0 && (len(l.Codes) != len(l.Points) || l.Encoder == nil) {
		return fmt.Errorf("%d rows of features for %d points: want one a point, and the encoder", len(l.Codes), len(l.Points))
	}
	if len(l.Covariances) != len(l.Means) || len(l.Weights) != len(l.Means) {
		return fmt.Errorf("%d weights, %d means, %d covariances: want the same number", len(l.Weights), len(l.Means), len(l.Covariances))
	}
	for i, p := range l.Points {
		if len(p) < 2 {
			return fmt.Errorf("point %d has %d dimensions: want at least 2", i, len(p))
		}
		if len(l.Codes) != 0 && len(l.Codes[i]) != l.Encoder.Width() {
			return fmt.Errorf("point %d has %d features: want %d", i, len(l.Codes[i]), l.Encoder.Width())
		}
	}
	for k, m := range l.Means {
		if len(m) < 2 || len(l.Covariances[k]) < 2 || len(l.Covariances[k][0]) < 2 || len(l.Covariances[k][1]) < 2 {
			return fmt.Errorf("component %d: want a mean and a covariance matrix of at least 2 dimensions", k)
		}
	}
	return nil
}

var (
	needCodes = need{"features of the latent points", func(s *Side) string {
		if s.Latent == nil || len(s.Latent.Codes) == 0 {
			return "the run does not keep the features of its latent points: run it again"
		}
		return ""
	}}
	needSequences = need{"labels in their order", func(s *Side) string {
		if s.Latent == nil || len(s.Latent.Training) == 0 || len(s.Latent.Drawn) == 0 {
			return "the run has no chain over labels"
		}
		return ""
	}}
)

const (
	firstAxis  = "first latent dimension"
	secondAxis = "second latent dimension"
)

// of names a figure after the run where there are several.
func (r *Result) of(s *Side, title string) string {
	if len(r.Sides) > 1 {
		return title + ", " + s.Name
	}
	return title
}

// more is what is added to the name of a figure of one of several runs.
func (r *Result) more(s *Side, word string) string {
	if len(r.Sides) > 1 && word != "" {
		return fmt.Sprintf("%s-%d", word, s.look)
	} else if len(r.Sides) > 1 {
		return fmt.Sprint(s.look)
	}
	return word
}

// latentSpace draws the density of the latent points, and which packets lie where
// (A20).
func latentSpace(r *Result, sides []*Side) error {
	for _, s := range sides {
		values, low, high := density(s.Latent.Points)
		f, err := figure.Density(r.of(s, "Where packets lie in the latent space"), firstAxis, secondAxis, values, low, high)
		if err := r.draw(r.more(s, ""), fmt.Sprintf("Gaussian kernel density of %s packets, darkest where it is greatest.", thousands(len(s.Latent.Points))), f, err); err != nil {
			return err
		}
		for _, class := range s.Latent.classes() {
			f, err := figure.Coloured(r.of(s, class.title), firstAxis, secondAxis, class.clouds...)
			if err := r.draw(r.more(s, class.name), "In brackets the packets.", f, err); err != nil {
				return err
			}
		}
	}
	for d := range 2 {
		all := make([]fidelity.Values, len(sides))
		for i, s := range sides {
			for _, p := range s.Latent.Points {
				all[i].List = append(all[i].List, p[d])
			}
		}
		r.describe([]string{firstAxis, secondAxis}[d], "", all)
	}
	var means []float64
	for _, s := range sides {
		values, _, _ := density(s.Latent.Points)
		most := 0.0
		for _, row := range values {
			most = max(most, slices.Max(row))
		}
		means = append(means, most)
	}
	r.add("density", "greatest on the grid", "", true, means...)
	return nil
}

// densityCells is how many cells the density has each way, as the original's grid.
const densityCells = 20

// density is the Gaussian kernel density of points at the middles of a grid's cells
// from the least to the greatest coordinates, by Scott's rule: the covariance of the
// points times n^(-1/3) is that of the kernel.
func density(points [][]float64) (values [][]float64, low, high [2]float64) {
	low, high = [2]float64{points[0][0], points[0][1]}, [2]float64{points[0][0], points[0][1]}
	var mean [2]float64
	n := float64(len(points))
	for _, p := range points {
		for d := range 2 {
			low[d], high[d] = min(low[d], p[d]), max(high[d], p[d])
			mean[d] += p[d] / n
		}
	}
	var xx, xy, yy float64
	for _, p := range points {
		x, y := p[0]-mean[0], p[1]-mean[1]
		xx, xy, yy = xx+x*x/(n-1), xy+x*y/(n-1), yy+y*y/(n-1)
	}
	h := math.Pow(n, -1.0/3)
	xx, xy, yy = xx*h, xy*h, yy*h
	determinant := xx*yy - xy*xy
	scale := 1 / (n * 2 * math.Pi * math.Sqrt(determinant))
	for j := range densityCells {
		row := make([]float64, densityCells)
		at := [2]float64{0, low[1] + (high[1]-low[1])*(float64(j)+0.5)/densityCells}
		for i := range row {
			at[0] = low[0] + (high[0]-low[0])*(float64(i)+0.5)/densityCells
			for _, p := range points {
				x, y := at[0]-p[0], at[1]-p[1]
				row[i] += scale * math.Exp(-(x*x*yy-2*x*y*xy+y*y*xx)/(2*determinant))
			}
		}
		values = append(values, row)
	}
	return values, low, high
}

// pointClass is a way to colour latent points.
type pointClass struct {
	name, title string
	clouds      []figure.Cloud
}

// classes returns the ways to colour the points that their features allow: by the
// fourth layer, by TCP flags, and by how busy their second was.
func (l *Latent) classes() []pointClass {
	if len(l.Codes) == 0 {
		return nil
	}
	var list []pointClass
	add := func(name, column, title string, class func(v float64) string) {
		at := slices.Index(l.Encoder.Schema().Names(), column)
		if at < 0 {
			return
		}
		clouds := map[string]*figure.Cloud{}
		count := map[string]float64{}
		for i, p := range l.Points {
			name := class(l.Encoder.Schema().Columns[at].Decode(l.Codes[i][at]))
			if clouds[name] == nil {
				clouds[name] = &figure.Cloud{Name: name}
			}
			c := clouds[name]
			c.X, c.Y = append(c.X, p[0]), append(c.Y, p[1])
			count[name]++
		}
		c := pointClass{name: name, title: title}
		for _, name := range topOf(count, 6) {
			c.clouds = append(c.clouds, *clouds[name])
		}
		if len(c.clouds) > 1 {
			list = append(list, c)
		}
	}
	add("layers", "layers_4", "Latent points by their fourth layer", func(v float64) string { return flow.LayerName(v).String() })
	add("flags", "flags", "Latent points by their TCP flags", func(v float64) string { return flow.TCPFlags(v).String() })
	low, high := l.quantiles("rolling_rate_byte_sec", 0.05, 0.95)
	add("rate", "rolling_rate_byte_sec", "Latent points by the bytes of their second", func(v float64) string {
		switch {
		case v < low:
			return "least 5 %"
		case v > high:
			return "greatest 5 %"
		}
		return "between"
	})
	return list
}

// quantiles returns two quantiles of a feature of the points.
func (l *Latent) quantiles(column string, a, b float64) (low, high float64) {
	at := slices.Index(l.Encoder.Schema().Names(), column)
	if at < 0 {
		return nan, nan
	}
	var all []float64
	for _, row := range l.Codes {
		all = append(all, l.Encoder.Schema().Columns[at].Decode(row[at]))
	}
	slices.Sort(all)
	return fidelity.Quantile(all, a), fidelity.Quantile(all, b)
}

// mixture draws the latent points with the Gaussians fitted on them (A21).
func mixture(r *Result, sides []*Side) error {
	var components, heaviest []float64
	for _, s := range sides {
		l := s.Latent
		points := make([][2]float64, len(l.Points))
		for i, p := range l.Points {
			points[i] = [2]float64{p[0], p[1]}
		}
		list := make([]figure.Component, len(l.Means))
		for k, m := range l.Means {
			c := l.Covariances[k]
			list[k] = figure.Component{Weight: l.Weights[k], Mean: [2]float64{m[0], m[1]}, Covariance: [2][2]float64{{c[0][0], c[0][1]}, {c[1][0], c[1][1]}}}
		}
		f, err := figure.Mixture(r.of(s, "Latent space of the packets, with its mixture"), firstAxis, secondAxis, points, l.Labels, list)
		if err := r.draw(r.more(s, ""), fmt.Sprintf("Dots are %s of %s packets as the encoder sees them, in the colour and shape of their component; ellipses are two standard deviations.", thousands(min(len(points), figure.MaxPoints)), thousands(len(points))), f, err); err != nil {
			return err
		}
		components, heaviest = append(components, float64(len(list))), append(heaviest, slices.Max(l.Weights))
	}
	r.add("components", "n", "", true, components...)
	r.add("heaviest component", "share", "", true, heaviest...)
	return nil
}

// correlations draws how features and latent dimensions go together (A22).
func correlations(r *Result, sides []*Side) error {
	for _, s := range sides {
		l := s.Latent
		names := slices.Clone(l.Encoder.Schema().Names())
		columns := make([][]float64, len(names))
		for _, row := range l.Codes {
			for k, v := range row {
				columns[k] = append(columns[k], v)
			}
		}
		for d := range l.Points[0] {
			var column []float64
			for _, p := range l.Points {
				column = append(column, p[d])
			}
			names, columns = append(names, fmt.Sprintf("latent %d", d+1)), append(columns, column)
		}
		matrix := make([][]float64, len(names))
		for i := range names {
			for k := range names {
				matrix[i] = append(matrix[i], correlation(columns[i], columns[k]))
			}
		}
		for d := range l.Points[0] {
			at := len(names) - len(l.Points[0]) + d
			for i := range at {
				values := make([]float64, len(sides))
				for k := range values {
					values[k] = nan
				}
				values[slices.Index(sides, s)] = matrix[i][at]
				r.add(names[i]+" and "+names[at], "correlation", "", d == 0, values...)
			}
		}
		f, err := figure.Matrix(r.of(s, "Correlation of features and latent dimensions"), names, names, matrix)
		if err := r.draw(r.more(s, ""), fmt.Sprintf("Pearson correlation over %s packets: blue where two rise together, orange where one falls as the other rises, empty where one is constant. Columns have the numbers of the rows.", thousands(len(l.Points))), f, err); err != nil {
			return err
		}
	}
	return nil
}
