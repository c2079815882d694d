package paper_test

import (
	"fmt"

	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/paper"
)

func Example() {
	kind, err := generator.Find(paper.Name)
	if err != nil {
		fmt.Println(err)
		return
	}
	stages := kind.Stages(generator.DefaultSettings())
	last := stages[len(stages)-1]
	fmt.Println(len(stages), "stages;", last.Name, "reads", last.Deps)
	// Output: 6 stages; lstm reads [training.parquet traffic.json model/features.json model/vae/ model/clusters.json model/labels.json]
}
