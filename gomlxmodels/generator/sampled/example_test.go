package sampled_test

import (
	"fmt"

	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/sampled"
)

func Example() {
	kind, err := generator.Find(sampled.Name)
	if err != nil {
		fmt.Println(err)
		return
	}
	stages := kind.Stages(generator.DefaultSettings())
	last := stages[len(stages)-1]
	fmt.Println(len(stages), "stages;", last.Name, "reads", last.Deps)
	// Output: 6 stages; lstm reads [training.parquet traffic.json model/labels.json model/chain.json model/aggregate/]
}
