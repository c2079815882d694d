package markov

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// clusters are flows over 27 labels, as many as NeCSTGen's HTTP has: four places
// at each end, a noisy body between.
func clusters(flows int) [][]int {
	r := rand.New(rand.NewPCG(27, 27))
	out := make([][]int, flows)
	for i := range out {
		s := []int{r.IntN(2), 2, 3, 4}
		body := 5 + r.IntN(16)
		for range 2 + r.IntN(30) {
			s = append(s, body)
			body = 5 + (body-5+[]int{1, 1, 1, 3, 7}[r.IntN(5)])%16
		}
		out[i] = append(s, 24+r.IntN(3), 23, 22, 21)
	}
	return out
}

func BenchmarkFit(b *testing.B) {
	flows := clusters(10000)
	labels := 0
	for _, s := range flows {
		labels += len(s)
	}
	for b.Loop() {
		if _, err := Fit(5, flows); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(labels)*float64(b.N)/b.Elapsed().Seconds(), "labels/s")
}

func BenchmarkSample(b *testing.B) {
	c, err := Fit(5, clusters(2000))
	if err != nil {
		b.Fatal(err)
	}
	var s []int
	labels, src := 0, rand.NewPCG(1, 1)
	for b.Loop() {
		s = c.AppendSample(s[:0], src, 0)
		labels += len(s)
	}
	b.ReportMetric(float64(labels)/b.Elapsed().Seconds(), "labels/s")
}

func BenchmarkSampleLength(b *testing.B) {
	c, err := Fit(5, clusters(2000))
	if err != nil {
		b.Fatal(err)
	}
	if err := c.SetPositions(Positions{First: [][]int{{0, 1}, {2}, {3}, {4}}, Last: [][]int{{21}, {22}, {23}, {24, 25, 26}}}); err != nil {
		b.Fatal(err)
	}
	var s []int
	labels, src := 0, rand.NewPCG(1, 1)
	c.AppendSampleLength(nil, src, 64)
	for b.Loop() {
		s = c.AppendSampleLength(s[:0], src, 9+labels%50)
		labels += len(s)
	}
	b.ReportMetric(float64(labels)/b.Elapsed().Seconds(), "labels/s")
}

// BenchmarkScale is the cost of Fit against the number of labels: time and memory a
// label, beyond the sequences themselves, which take 8 bytes a label and 24 a flow.
func BenchmarkScale(b *testing.B) {
	all := clusters(400_000)
	for _, n := range []int{10_000, 100_000, 1_000_000, 10_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			labels, flows := 0, 0
			for labels < n && flows < len(all) {
				labels += len(all[flows])
				flows++
			}
			var peak int64
			var histories int
			for b.Loop() {
				peak = devicetest.PeakMemory(func() {
					c, err := Fit(5, all[:flows])
					if err != nil {
						b.Fatal(err)
					}
					histories = c.trie.size()
				})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(labels), "ns/label")
			b.ReportMetric(float64(peak)/float64(labels), "B/label")
			b.ReportMetric(float64(histories), "histories")
			b.ReportMetric(0, "ns/op")
		})
	}
}
