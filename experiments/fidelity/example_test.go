package fidelity_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity"
)

// pings are flows of a question and an answer of that length, one a second.
func pings(n int, answer int32, from int64) []*flow.Flow {
	flows := make([]*flow.Flow, n)
	for i := range flows {
		start := (from + int64(i)) * 1e9
		flows[i] = &flow.Flow{ID: int64(i), Tuple: flow.FiveTuple{Proto: flow.UDP}, Application: flow.DNS, Packets: []flow.Packet{
			{Time: start, Length: 70 + int32(i%5)}, {Time: start + 3e6, Length: answer + int32(i%9), Direction: flow.Backward},
		}}
	}
	return flows
}

// The answers of the synthetic flows are too long, so packets are recognised by
// their lengths, and nothing else.
func ExampleCompare() {
	real := fidelity.Split{Training: pings(60, 120, 0), HeldOut: pings(60, 120, 60)}
	scores, err := fidelity.Compare(fidelity.Config{Trees: 20}, real, pings(50, 300, 0), nil, rand.NewPCG(1, 2))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range scores {
		switch s.Score {
		case "length KS", "log gap KS", "C2ST flow", "copied flows":
			fmt.Printf("%s: %.2f, real against real %.2f\n", s.Score, *s.Value, *s.Floor)
		}
	}
	// Output:
	// length KS: 0.50, real against real 0.07
	// log gap KS: 0.00, real against real 0.00
	// C2ST flow: 1.00, real against real 0.50
	// copied flows: 0.00, real against real 1.00
}
