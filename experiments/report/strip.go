package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"github.com/necstgen/necstgen/experiments/fidelity"
)

// strip draws a score on its own small scale: a grey band for the floor with two
// spreads, a diamond and a square for the baselines, a disc for the value with its
// interval. It runs from 0 to 1, of AUCs from 0.5, and is the square root of distances.
func strip(s fidelity.Score) string {
	d, ok := definition(s)
	if !ok || s.Value == nil || s.Level == "published" || s.Score == "closest record" {
		return ""
	}
	const width, height, edge = 150, 18, 8
	at := func(v float64) float64 {
		switch d.Kind {
		case fidelity.Classifier:
			v = (v - 0.5) * 2
		case fidelity.Distance:
			v = math.Sqrt(max(0, v)) // so that small distances can be told apart
		}
		return edge + (width-2*edge)*min(1, max(0, v))
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="strip" viewBox="0 0 %d %d" width="%d" height="%d" aria-hidden="true">`, width, height, width, height)
	fmt.Fprintf(&b, `<line class="axis" x1="%d" y1="9" x2="%d" y2="9"/>`, edge, width-edge)
	if s.Floor != nil {
		low, high := *s.Floor, *s.Floor
		if s.FloorSpread != nil {
			low, high = low-2**s.FloorSpread, high+2**s.FloorSpread
		}
		x0, x1 := at(low), at(high)
		fmt.Fprintf(&b, `<rect class="floor" x="%.1f" y="2" width="%.1f" height="14" rx="2"/>`, x0-1.5, max(3, x1-x0+3))
	}
	for i, name := range sortedKeys(s.Baselines) {
		if v := s.Baselines[name]; v != nil {
			b.WriteString(baselineMark(i, at(*v)))
		}
	}
	if s.Interval != nil {
		fmt.Fprintf(&b, `<path class="interval" d="M%.1f 9H%.1f"/>`, at(s.Interval[0]), at(s.Interval[1]))
	}
	fmt.Fprintf(&b, `<circle class="value" cx="%.1f" cy="9" r="4.5"/></svg>`, at(*s.Value))
	return b.String()
}

// baselineMark is the mark of the baseline of that number: diamonds and squares.
func baselineMark(number int, x float64) string {
	if number%2 == 0 {
		return fmt.Sprintf(`<path class="first" d="M%.1f 4l5 5l-5 5l-5 -5z"/>`, x)
	}
	return fmt.Sprintf(`<rect class="second" x="%.1f" y="5" width="8" height="8"/>`, x-4)
}

// legendEntry is a mark of the strips and what it stands for.
type legendEntry struct {
	Mark template.HTML
	Name string
}

// stripLegend explains the marks of the strips.
func stripLegend(scores []fidelity.Score) []legendEntry {
	entry := func(mark, name string) legendEntry {
		return legendEntry{template.HTML(`<svg class="strip" viewBox="0 0 18 18" width="18" height="18" aria-hidden="true">` + mark + `</svg>`), name}
	}
	legend := []legendEntry{
		entry(`<circle class="value" cx="9" cy="9" r="4.5"/>`, "synthetic"),
		entry(`<path class="interval" d="M1 9H17"/>`, "its 95 % interval"),
		entry(`<rect class="floor" x="3" y="2" width="12" height="14" rx="2"/>`, "floor ± two spreads"),
	}
	for i, name := range baselinesOf(scores) {
		legend = append(legend, entry(baselineMark(i, 9), name+" baseline"))
	}
	return legend
}
