package analysis

import (
	"fmt"
	"maps"
	"slices"

	"github.com/necstgen/necstgen/experiments/figure"
)

const (
	shownLabels  = 100 // labels of a sequence that are drawn
	shownClasses = 24  // labels that have a bar or a row
)

// labelDynamics draws which labels the training packets have and in which order, and
// what the chain makes of it (A23).
func labelDynamics(r *Result, sides []*Side) error {
	var jsd, pairs []float64
	for _, s := range sides {
		l := s.Latent
		training, drawn := labelCounts(l.Training), labelCounts(l.Drawn)
		after, drawnAfter := labelPairs(l.Training), labelPairs(l.Drawn)
		one := &Result{}
		one.apart("", []map[string]float64{training, drawn})
		one.apart("", []map[string]float64{after, drawnAfter})
		jsd, pairs = append(jsd, *one.Measures[1].Values[1].Value), append(pairs, *one.Measures[3].Values[1].Value)
		if err := r.drawLabels(s, training, drawn, after); err != nil {
			return err
		}
	}
	r.add("labels, drawn and of training", "JSD", "bits", true, jsd...)
	r.add("pairs of labels in a row, drawn and of training", "JSD", "bits", true, pairs...)
	return nil
}

// drawLabels draws the three figures of a run's labels.
func (r *Result) drawLabels(s *Side, training, drawn, after map[string]float64) error {
	var lines []figure.Line
	for i, list := range [][][]int{s.Latent.Training, s.Latent.Drawn} {
		line := figure.Line{Side: i, Name: []string{"training packets", "drawn by the chain"}[i]}
		for k, label := range slices.Concat(list...)[:min(shownLabels, min(total(s.Latent.Training), total(s.Latent.Drawn)))] {
			line.X, line.Y = append(line.X, float64(k), float64(k+1)), append(line.Y, float64(label), float64(label))
		}
		lines = append(lines, line)
	}
	f, err := figure.Lines(r.of(s, "Labels of packets in a row"), figure.Axis{Label: "packet, flow after flow", Whole: true}, "label", lines...)
	if err := r.draw(r.more(s, ""), fmt.Sprintf("The first %s packets of the training data, and as many that the chain has drawn for flows of the same lengths.", thousands(len(lines[0].X)/2)), f, err); err != nil {
		return err
	}
	names := topOf(training, shownClasses)
	slices.SortFunc(names, compareNumbers)
	bars := make([]figure.Bar, 2)
	for i, counts := range []map[string]float64{training, drawn} {
		var all float64
		for _, c := range counts {
			all += c
		}
		bars[i] = figure.Bar{Side: i, Name: fmt.Sprintf("%s (%s)", lines[i].Name, thousands(int64(all)))}
		for _, name := range names {
			bars[i].Values = append(bars[i].Values, counts[name]/all)
		}
	}
	f, err = figure.Bars(r.of(s, "How frequent each label is"), "share of the packets", names, bars...)
	if err := r.draw(r.more(s, "shares"), "In brackets the packets.", f, err); err != nil {
		return err
	}
	matrix := make([][]float64, len(names))
	for i, from := range names {
		var sum float64
		for to := range training {
			sum += after[from+" "+to]
		}
		for _, to := range names {
			matrix[i] = append(matrix[i], after[from+" "+to]/max(1, sum))
		}
	}
	f, err = figure.Matrix(r.of(s, "Which label follows which"), names, names, matrix)
	return r.draw(r.more(s, "pairs"), "Share of the training packets with the row's label that a packet with the column's follows, inside flows.", f, err)
}

// compareNumbers orders labels, which are whole numbers in decimal.
func compareNumbers(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return map[bool]int{true: -1, false: 1}[a < b]
}

// total is the number of labels in sequences.
func total(sequences [][]int) int {
	n := 0
	for _, s := range sequences {
		n += len(s)
	}
	return n
}

// labelCounts counts the labels.
func labelCounts(sequences [][]int) map[string]float64 {
	counts := map[int]float64{}
	for _, s := range sequences {
		for _, label := range s {
			counts[label]++
		}
	}
	return named(counts, func(label int) string { return fmt.Sprint(label) })
}

// labelPairs counts which label follows which inside sequences.
func labelPairs(sequences [][]int) map[string]float64 {
	counts := map[[2]int]float64{}
	for _, s := range sequences {
		for i := 1; i < len(s); i++ {
			counts[[2]int{s[i-1], s[i]}]++
		}
	}
	return named(counts, func(pair [2]int) string { return fmt.Sprint(pair[0], pair[1]) })
}

// named gives the keys of a table names.
func named[K comparable](counts map[K]float64, name func(K) string) map[string]float64 {
	list := make(map[string]float64, len(counts))
	for key := range maps.Keys(counts) {
		list[name(key)] = counts[key]
	}
	return list
}
