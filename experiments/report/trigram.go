package report

import (
	"cmp"
	"fmt"
	"image/color"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// maxTrigrams is how many trigrams are shown.
const maxTrigrams = 12

// Trigrams draws how often the most frequent runs of three packets, by direction
// and flags, occur inside real flows, and how often in synthetic ones.
func Trigrams(title string, real, synthetic []*flow.Flow) (*Figure, error) {
	a, b := trigrams(real), trigrams(synthetic)
	if len(a) == 0 || len(b) == 0 {
		return nil, fmt.Errorf("report: %s: no flow of three packets: %w", title, ErrNoValues)
	}
	type entry struct {
		name string
		a, b float64
	}
	var all []entry
	for name, proportion := range a {
		all = append(all, entry{name, proportion, b[name]})
	}
	for name, proportion := range b {
		if a[name] == 0 {
			all = append(all, entry{name, 0, proportion})
		}
	}
	slices.SortFunc(all, func(x, y entry) int {
		return cmp.Or(cmp.Compare(max(y.a, y.b), max(x.a, x.b)), strings.Compare(x.name, y.name))
	})
	var labels []string
	var pairs [][2]float64
	for _, e := range all[:min(len(all), maxTrigrams)] {
		labels, pairs = append(labels, e.name), append(pairs, [2]float64{e.a, e.b})
	}
	f := newFigure("trigrams", title, "", barPanel("share of all runs of three packets", labels, pairs))
	f.legend = barLegend()
	f.height = 60 + vg.Length(len(labels))*24
	return f, nil
}

// barPanel is a panel of two bars a label, the first label on top.
func barPanel(axis string, labels []string, pairs [][2]float64) *plot.Plot {
	p := newPanel(axis, "")
	for _, pair := range pairs {
		p.X.Max = max(p.X.Max, pair[0]*1.04, pair[1]*1.04)
	}
	upwards, bars := slices.Clone(labels), slices.Clone(pairs)
	slices.Reverse(upwards)
	slices.Reverse(bars)
	p.X.Min, p.Y.Min, p.Y.Max = 0, -0.6, float64(len(labels))-0.4
	p.Y.Tick.Marker = constantTicks(upwards)
	p.Y.Tick.Length = 0
	p.Add(pairBars{bars})
	return p
}

func barLegend() []key {
	return []key{{text: "real", style: look(0), filled: true}, {text: "synthetic", style: look(1), filled: true}}
}

// trigrams is the proportion of each run of three packets. Arrows in its name are
// the directions, > from the client and < from the server.
func trigrams(flows []*flow.Flow) map[string]float64 {
	type packet struct {
		direction flow.Direction
		flags     flow.TCPFlags
	}
	counts := map[[3]packet]float64{}
	tcp := false
	var total float64
	for _, f := range flows {
		tcp = tcp || f.Tuple.Proto == flow.TCP
		for i := 2; i < len(f.Packets); i++ {
			var run [3]packet
			for k := range run {
				run[k] = packet{f.Packets[i-2+k].Direction, f.Packets[i-2+k].Flags}
			}
			counts[run]++
			total++
		}
	}
	proportions := map[string]float64{}
	for run, n := range counts {
		var name strings.Builder
		for k, p := range run {
			if k > 0 {
				name.WriteString(", ")
			}
			arrow := ">"
			if p.direction == flow.Backward {
				arrow = "<"
			}
			name.WriteString(arrow)
			if tcp {
				name.WriteString(shortFlags(p.flags))
			}
		}
		proportions[name.String()] = n / total
	}
	return proportions
}

// shortFlags writes the flags by their first letters, as tcpdump does: SA, PA.
func shortFlags(f flow.TCPFlags) string {
	s := ""
	for _, part := range strings.Split(f.String(), "/") {
		s += part[:1]
	}
	if f == 0 {
		return "none"
	}
	return s
}

// pairBars are two horizontal bars at each whole number.
type pairBars struct{ pairs [][2]float64 }

// Plot implements plot.Plotter.
func (b pairBars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for i, pair := range b.pairs {
		for k, v := range pair {
			top := y(float64(i) + 0.36 - 0.36*float64(k))
			bottom := y(float64(i) + 0.02 - 0.36*float64(k))
			box := vg.Rectangle{Min: vg.Point{X: x(0), Y: bottom}, Max: vg.Point{X: x(v), Y: top}}
			c.SetColor(color.Color(look(k).Color))
			c.Fill(box.Path())
		}
	}
}
