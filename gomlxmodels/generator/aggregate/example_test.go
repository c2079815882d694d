package aggregate_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/aggregate"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
)

func Example() {
	flows := gentest.Flows(100, rand.NewPCG(1, 1))
	m, err := aggregate.Fit(context.Background(), aggregate.PacketsAndGap, flows, 0, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	n := 0
	for row, err := range m.Draw(context.Background(), generator.Request{Flows: 5, Seed: 1}) {
		if err != nil || row.Packets < 8 { // the shortest flow learnt has that many
			fmt.Println(row, err)
			return
		}
		n++
	}
	fmt.Println(n, "flows of", m.Names)
	// Output: 5 flows of [log10 packets log10 inter-flow time]
}
