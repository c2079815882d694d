package baseline_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/baseline"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
)

func Example() {
	g, err := baseline.FitMarkov(5, gentest.Flows(100, rand.NewPCG(1, 1)), false)
	if err != nil {
		fmt.Println(err)
		return
	}
	for f, err := range g.Flows(context.Background(), generator.Request{Flows: 2, Seed: 1}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(f.ID, f.Application, f.Packets[0].Flags)
	}
	// Output:
	// 0 HTTP SYN
	// 1 HTTP SYN
}
