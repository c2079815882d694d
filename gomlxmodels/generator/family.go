package generator

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// families are the shapes that repeat: flows of the same packets and payload both
// ways. Of a request and its answer, as of DNS and SNMP, most are one of a few,
// and no mixture of Gaussians draws two totals that go together (a flow of four
// packets with the payload of two then ends anyhow: Kolmogorov-Smirnov distance
// of the packets of SNMP flows 0.11, with families 0.05).
//
// A flow of a family has its totals exactly. What else describes it is mixed from
// two of the family's flows, so that it is that of neither.
type families struct {
	List  []family    `json:"list"`
	Alone []float64   `json:"alone"` // of each label's rows, the share that is in no family
	Rest  [][]float64 `json:"rest"`  // [latentWidth], the scores of the rows in no family, ascending; nil: too few

	members [][]member // by label
}

// family is one combination of totals.
type family struct {
	Totals [familyTotals]float64 `json:"totals"`
	Labels []int                 `json:"labels"` // of each flow, as the chain counts them
	Scores [][]float64           `json:"scores"` // [flows][latentWidth]
}

type member struct{ family, flow int }

const (
	familyTotals = 3   // packets, payload forward, payload backward: the first shapes
	familyFlows  = 3   // that many flows make a family: fewer are not what the traffic does, but what one flow did
	leastRest    = 30  // rows in no family that have marginals of their own
	mixFirst     = 0.8 // of the two flows that are mixed; the squares of both weights sum to 1
)

// fitFamilies groups the rows of x (shapes) by their totals. scores are theirs,
// labels index the chain's labels.
func fitFamilies(x, scores *mat.Dense, labels []int, kinds int) *families {
	rows := make(map[[familyTotals]float64][]int)
	n, _ := x.Dims()
	totals := func(i int) [familyTotals]float64 { return [familyTotals]float64(x.RawRowView(i)[:familyTotals]) }
	for i := range n {
		rows[totals(i)] = append(rows[totals(i)], i)
	}
	f := &families{Alone: make([]float64, kinds), Rest: make([][]float64, latentWidth)}
	count := make([]float64, kinds)
	for i := range n { // in order, so that the same flows give the same file
		all := rows[totals(i)]
		count[labels[i]]++
		if len(all) < familyFlows {
			f.Alone[labels[i]]++
			for j := range f.Rest {
				f.Rest[j] = append(f.Rest[j], scores.At(i, j))
			}
			continue
		}
		if all[0] != i {
			continue
		}
		one := family{Totals: totals(i)}
		for _, row := range all {
			one.Labels = append(one.Labels, labels[row])
			one.Scores = append(one.Scores, slices.Clone(scores.RawRowView(row)[:latentWidth]))
		}
		f.List = append(f.List, one)
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

// index finds the members of each label.
func (f *families) index() {
	f.members = make([][]member, len(f.Alone))
	for i, one := range f.List {
		for j, label := range one.Labels {
			f.members[label] = append(f.members[label], member{i, j})
		}
	}
}

// valid tells whether a file's families fit together.
func (f *families) valid(kinds int) bool {
	if f == nil || len(f.Alone) != kinds || f.Rest != nil && len(f.Rest) != latentWidth {
		return false
	}
	for _, one := range f.List {
		if len(one.Labels) != len(one.Scores) || len(one.Labels) < familyFlows {
			return false
		}
		for i, label := range one.Labels {
			if label < 0 || label >= kinds || len(one.Scores[i]) != latentWidth {
				return false
			}
		}
	}
	return true
}

// draw gives dst, a row of label k, the shape of a family with its share of that
// label's flows, and tells whether it did.
func (f *families) draw(dst []float64, k int, scores []normalScores, random *rand.Rand) bool {
	if len(f.members[k]) == 0 || random.Float64() < f.Alone[k] {
		return false
	}
	at := f.members[k][random.IntN(len(f.members[k]))]
	one := &f.List[at.family]
	first, second := one.Scores[at.flow], one.Scores[random.IntN(len(one.Scores))]
	for j := range latentWidth {
		if j < familyTotals {
			dst[j] = scores[j].exact(one.Totals[j], random)
			continue
		}
		var mean float64
		for _, row := range one.Scores {
			mean += row[j] / float64(len(one.Scores))
		}
		dst[j] = mean + mixFirst*(first[j]-mean) + math.Sqrt(1-mixFirst*mixFirst)*(second[j]-mean)
	}
	return true
}

// rest is the score at a share of the rows in no family.
func (f *families) rest(j int, share float64) float64 {
	if f.Rest == nil {
		return distuv.UnitNormal.Quantile(share)
	}
	at := share * float64(len(f.Rest[j])-1)
	i := min(int(at), len(f.Rest[j])-2)
	return f.Rest[j][i] + (at-float64(i))*(f.Rest[j][i+1]-f.Rest[j][i])
}

// exact is a score whose value is one that at least familyFlows rows have.
func (n normalScores) exact(value float64, random *rand.Rand) float64 {
	size := float64(len(n.Sorted))
	low := sort.SearchFloat64s(n.Sorted, value)
	high := sort.Search(len(n.Sorted), func(i int) bool { return n.Sorted[i] > value })
	at := float64(low) + random.Float64()*float64(max(0, high-1-low))
	return distuv.UnitNormal.Quantile(min(max(at/max(1, size-1), 0.5/size), 1-0.5/size))
}
