package tool

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Row is what a program says of one flow: how often it says what, or the values of its
// features.
type Row map[string]float64

// View is one thing that a program says of flows.
type View struct {
	Tool    string // the program
	Name    string // of the view, with how it is scored: "states TV"
	Meaning string // one sentence
	PerFlow bool   // it has a meaning for flows alone, not for segments of a timeline
	kind    kind
}

// Score is the name of the view's score: "argus states TV".
func (v View) Score() string { return v.Tool + " " + v.Name }

// kind is how two sets of rows are compared.
type kind int

const (
	shares   kind = iota // total variation of what is said: from 0 to 1
	rates                // Bray-Curtis dissimilarity of how often each thing is said in 1,000 packets: from 0 to 1
	features             // mean over the features of the Kolmogorov-Smirnov distance
)

// packets is the key of a Row that counts the packets of a flow, of views of rates.
const packets = ""

// panel is the rows of all parts of a comparison, made ready to be weighed. Two weights
// for each row are two samples of them.
type panel struct {
	kind   kind
	labels []string
	cells  [][]cell // [row], of labels that the row has
	orders [][]int  // [label] rows by value, of features
	values [][]float64
}

type cell struct {
	label int
	n     float64
}

// newPanel takes in rows.
func newPanel(k kind, rows []Row) *panel {
	p := &panel{kind: k}
	index := make(map[string]int)
	for _, r := range rows {
		for label := range r {
			index[label] = 0
		}
	}
	for label := range index {
		p.labels = append(p.labels, label)
	}
	slices.Sort(p.labels)
	for i, label := range p.labels {
		index[label] = i
	}
	for _, r := range rows {
		var cells []cell
		for label, n := range r {
			cells = append(cells, cell{index[label], n})
		}
		slices.SortFunc(cells, func(a, b cell) int { return cmp.Compare(a.label, b.label) })
		p.cells = append(p.cells, cells)
	}
	if k == features {
		p.sort(rows)
	}
	return p
}

// sort brings the rows into the order of each feature.
func (p *panel) sort(rows []Row) {
	for _, label := range p.labels {
		values, order := make([]float64, len(rows)), make([]int, len(rows))
		for i, r := range rows {
			values[i], order[i] = r[label], i
		}
		slices.SortFunc(order, func(i, j int) int { return cmp.Compare(values[i], values[j]) })
		p.values, p.orders = append(p.values, values), append(p.orders, order)
	}
}

// difference is how far apart the two samples are in one label.
type difference struct {
	label           string
	real, synthetic float64 // shares or rates; of features 0
	distance        float64
}

// compare returns the distance between the rows weighed by a and those by b, NaN where one
// weighs nothing, and that of each label.
func (p *panel) compare(a, b []float64) (distance float64, of []difference) {
	if p.kind == features {
		return p.compareFeatures(a, b)
	}
	x, y := p.sums(a), p.sums(b)
	var factor, totalX, totalY float64
	for i, label := range p.labels {
		switch {
		case p.kind == shares:
			factor, totalX, totalY = 1, totalX+x[i], totalY+y[i]
		case label == packets:
			factor, totalX, totalY = 1000, x[i], y[i]
		}
	}
	if totalX == 0 || totalY == 0 {
		return math.NaN(), nil
	}
	var sum float64 // of shares it is 2
	for i, label := range p.labels {
		if p.kind == rates && label == packets {
			continue
		}
		d := difference{label: label, real: factor * x[i] / totalX, synthetic: factor * y[i] / totalY}
		d.distance = math.Abs(d.real - d.synthetic)
		distance, sum = distance+d.distance, sum+d.real+d.synthetic
		of = append(of, d)
	}
	if sum > 0 { // neither side has any event: they agree
		distance /= sum
	}
	return distance, of
}

// sums adds up what the weighed rows say.
func (p *panel) sums(weight []float64) []float64 {
	sums := make([]float64, len(p.labels))
	for i, cells := range p.cells {
		if weight[i] == 0 {
			continue
		}
		for _, c := range cells {
			sums[c.label] += weight[i] * c.n
		}
	}
	return sums
}

// compareFeatures is compare for features.
func (p *panel) compareFeatures(a, b []float64) (distance float64, of []difference) {
	var totalA, totalB float64
	for i := range a {
		totalA, totalB = totalA+a[i], totalB+b[i]
	}
	if totalA == 0 || totalB == 0 {
		return math.NaN(), nil
	}
	for k, label := range p.labels {
		values, order := p.values[k], p.orders[k]
		var belowA, belowB, greatest float64
		for at, row := range order {
			belowA, belowB = belowA+a[row], belowB+b[row]
			if at+1 == len(order) || values[order[at+1]] != values[row] {
				greatest = max(greatest, math.Abs(belowA/totalA-belowB/totalB))
			}
		}
		of = append(of, difference{label: label, distance: greatest})
		distance += greatest / float64(len(p.labels))
	}
	return distance, of
}

// mostNamed is how many differences a note names.
const mostNamed = 3

// words names what differs most.
func (k kind) words(of []difference) string {
	slices.SortStableFunc(of, func(a, b difference) int { return cmp.Compare(b.distance, a.distance) })
	var words []string
	for _, d := range of[:min(mostNamed, len(of))] {
		switch {
		case d.distance == 0:
		case k == features:
			words = append(words, fmt.Sprintf("%s %.3f", d.label, d.distance))
		case k == rates:
			words = append(words, fmt.Sprintf("%s (%.2f real, %.2f synthetic)", d.label, d.real, d.synthetic))
		default:
			words = append(words, fmt.Sprintf("%s (%.3f real, %.3f synthetic)", d.label, d.real, d.synthetic))
		}
	}
	if len(words) == 0 {
		return ""
	}
	return "most apart: " + strings.Join(words, ", ")
}
