package timeline_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

func Example() {
	flows := gentest.Flows(100, rand.NewPCG(1, 1))
	segments, err := timeline.Segments(flows, 64)
	if err != nil {
		fmt.Println(err)
		return
	}
	pace, err := timeline.Fit(segments)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(timeline.Order(flows)) <= 64*len(segments), pace.Size)
	// Output: true 64
}
