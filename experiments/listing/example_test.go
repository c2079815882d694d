package listing_test

import (
	"fmt"

	"github.com/necstgen/necstgen/experiments/listing"
)

// A condition that no run could be checked by is named before any run is read.
func ExampleFilter_Check() {
	f := listing.Filter{Status: "finished", Scores: []string{"C2ST window<low"}}
	for _, problem := range f.Check() {
		fmt.Println(problem)
	}
	// Output:
	// score: "C2ST window<low": "low" is no number: want one like 0.7
}
