package saved_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/baseline"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
)

// Two applications in one capture, three flows of the first for one of the second. With
// finished runs, Open makes the Source.
func Example() {
	var parts []saved.Part
	for i, app := range []flow.Application{flow.HTTP, flow.DNS} {
		flows := gentest.Flows(60, rand.NewPCG(1, uint64(app)))
		for _, f := range flows {
			f.Application = app
		}
		g, err := baseline.FitBootstrap(flows, false)
		if err != nil {
			fmt.Println(err)
			return
		}
		parts = append(parts, saved.Part{Generator: g, Plan: address.Default(), Traffic: generator.TrafficOf(flows), Weight: []float64{0.75, 0.25}[i]})
	}
	source, err := saved.New(parts...)
	if err != nil {
		fmt.Println(err)
		return
	}
	amount := saved.Amount{Flows: 400, Seed: 1}
	framer, err := source.Framer(tcp.Options{}, amount.Seed)
	if err != nil {
		fmt.Println(err)
		return
	}
	counts := map[flow.Application]int{}
	flows := func(yield func(*flow.Flow, error) bool) {
		for f, err := range source.Flows(context.Background(), amount) {
			counts[f.Application]++
			if !yield(f, err) {
				return
			}
		}
	}
	frames := 0
	for _, err := range framer.Frames(flows) {
		if err != nil {
			fmt.Println(err)
			return
		}
		frames++
	}
	fmt.Println("flows:", counts[flow.HTTP]+counts[flow.DNS])
	fmt.Println("more than twice as many of HTTP:", counts[flow.HTTP] > 2*counts[flow.DNS])
	fmt.Println("more frames than flows:", frames > 400)
	// Output:
	// flows: 400
	// more than twice as many of HTTP: true
	// more frames than flows: true
}

// An amount in four shards, which could be drawn by four machines: one behind the other they
// are one capture in time order.
func ExampleSource_Divide() {
	flows := gentest.Flows(60, rand.NewPCG(1, 1))
	g, err := baseline.FitBootstrap(flows, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	source, err := saved.New(saved.Part{Generator: g, Plan: address.Default(), Traffic: generator.TrafficOf(flows)})
	if err != nil {
		fmt.Println(err)
		return
	}
	amount := saved.Amount{Flows: 400, Seed: 1}
	division, err := source.Divide(context.Background(), amount, 4)
	if err != nil {
		fmt.Println(err)
		return
	}
	last, ordered, drawn := int64(0), true, map[int64]bool{}
	for i := range 4 {
		shard, err := source.Shard(amount, division, i, tcp.Options{})
		if err != nil {
			fmt.Println(err)
			return
		}
		for frame, err := range shard.Frames(context.Background()) {
			if err != nil {
				fmt.Println(err)
				return
			}
			ordered = ordered && frame.Packet.Time >= last
			last, drawn[frame.Packet.FlowID] = frame.Packet.Time, true
		}
	}
	fmt.Println("flows:", len(drawn))
	fmt.Println("in time order:", ordered)
	// Output:
	// flows: 400
	// in time order: true
}
