package aggregate

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/necstgen/necstgen/gomlxmodels/generator/draw"
)

// repeatedFlows are the flows whose totals repeat: flows of the same packets and
// payload both ways. Of a request and its answer, as of DNS and SNMP, most are one of
// a few, and no mixture of Gaussians draws two totals that go together (a flow of four
// packets with the payload of two then ends anyhow: Kolmogorov-Smirnov distance of the
// packets of SNMP flows 0.11, with repeated flows 0.05).
//
// A repeated flow has its totals exactly. What else describes it is mixed from two of
// the flows with these totals, so that it is that of neither.
type repeatedFlows struct {
	Groups []group     `json:"groups"`
	Alone  []float64   `json:"alone"` // of each label's flows, the fraction in no group
	Rest   [][]float64 `json:"rest"`  // [LatentWidth], the scores of the flows in no group, ascending; nil: too few

	members [][]member             // by label
	means   [][LatentWidth]float64 // by group, of its flows' scores
}

// group is the flows of one combination of totals.
type group struct {
	Totals [groupTotals]float64 `json:"totals"`
	Labels []int                `json:"labels"` // of each flow, as the chain counts them
	Scores [][]float64          `json:"scores"` // [flows][LatentWidth]
}

type member struct{ group, flow int }

const (
	groupTotals = logBackward + 1 // packets, payload forward, payload backward
	groupFlows  = 3               // that many flows make a group: fewer are not what the traffic does, but what one flow did
	leastRest   = 30              // flows in no group that have marginals of their own
	mixFirst    = 0.8             // weight of the first of the two flows that are mixed; the squares of both weights sum to 1
)

// fitRepeated groups the rows of x (summaries) by their totals. scores are theirs,
// labels index the chain's labels, of which there are so many.
func fitRepeated(x, scores *mat.Dense, labels []int, labelCount int) *repeatedFlows {
	rows := make(map[[groupTotals]float64][]int)
	n, _ := x.Dims()
	totals := func(i int) [groupTotals]float64 { return [groupTotals]float64(x.RawRowView(i)[:groupTotals]) }
	for i := range n {
		rows[totals(i)] = append(rows[totals(i)], i)
	}
	f := &repeatedFlows{Alone: make([]float64, labelCount), Rest: make([][]float64, LatentWidth)}
	count := make([]float64, labelCount)
	for i := range n { // in order, so that the same flows give the same file
		all := rows[totals(i)]
		count[labels[i]]++
		if len(all) < groupFlows {
			f.Alone[labels[i]]++
			for j := range f.Rest {
				f.Rest[j] = append(f.Rest[j], scores.At(i, j))
			}
			continue
		}
		if all[0] != i {
			continue
		}
		one := group{Totals: totals(i)}
		for _, row := range all {
			one.Labels = append(one.Labels, labels[row])
			one.Scores = append(one.Scores, slices.Clone(scores.RawRowView(row)[:LatentWidth]))
		}
		f.Groups = append(f.Groups, one)
	}
	for k := range f.Alone {
		f.Alone[k] /= max(1, count[k])
	}
	for _, column := range f.Rest {
		slices.Sort(column)
	}
	if len(f.Rest[0]) < leastRest {
		f.Rest = nil
	}
	f.index()
	return f
}

// index finds the members of each label, and the means of each group.
func (f *repeatedFlows) index() {
	f.members, f.means = make([][]member, len(f.Alone)), make([][LatentWidth]float64, len(f.Groups))
	for i, one := range f.Groups {
		for j, label := range one.Labels {
			f.members[label] = append(f.members[label], member{i, j})
		}
		for _, row := range one.Scores {
			for j, score := range row {
				f.means[i][j] += score / float64(len(one.Scores))
			}
		}
	}
}

// valid reports whether a file's groups fit together.
func (f *repeatedFlows) valid(labelCount int) bool {
	if len(f.Alone) != labelCount || f.Rest != nil && len(f.Rest) != LatentWidth {
		return false
	}
	for _, column := range f.Rest {
		if len(column) < leastRest {
			return false
		}
	}
	for _, one := range f.Groups {
		if len(one.Labels) != len(one.Scores) || len(one.Labels) < groupFlows {
			return false
		}
		for i, label := range one.Labels {
			if label < 0 || label >= labelCount || len(one.Scores[i]) != LatentWidth {
				return false
			}
		}
	}
	return true
}

// draw gives dst, a row of label k, the summary of a repeated flow, as often as that
// label's flows are repeated ones, and reports whether it did.
func (f *repeatedFlows) draw(dst []float64, k int, scales []scale, random *rand.Rand) bool {
	if len(f.members[k]) == 0 || random.Float64() < f.Alone[k] {
		return false
	}
	at := f.members[k][random.IntN(len(f.members[k]))]
	one, means := &f.Groups[at.group], &f.means[at.group]
	first, second := one.Scores[at.flow], one.Scores[random.IntN(len(one.Scores))]
	for j := range LatentWidth {
		if j < groupTotals {
			dst[j] = scales[j].score(one.Totals[j], random)
			continue
		}
		dst[j] = means[j] + mixFirst*(first[j]-means[j]) + math.Sqrt(1-mixFirst*mixFirst)*(second[j]-means[j])
	}
	return true
}

// rest returns the score below which a fraction of the flows in no group lies.
func (f *repeatedFlows) rest(j int, fraction float64) float64 {
	if f.Rest == nil {
		return distuv.UnitNormal.Quantile(fraction)
	}
	return draw.Interpolated(f.Rest[j], fraction*float64(len(f.Rest[j])-1))
}
