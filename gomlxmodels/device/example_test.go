package device_test

import (
	"context"
	"fmt"

	"github.com/gomlx/gomlx/core/graph"

	"github.com/necstgen/necstgen/gomlxmodels/device"
)

// The zero Options choose the fastest backend there is. Here the one that is always
// there is asked for by name.
func ExampleOpen() {
	d, err := device.Open(context.Background(), device.Options{Backend: "go"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()
	double := func(x *graph.Node) *graph.Node { return graph.Add(x, x) }
	sum, err := graph.CallOnce(d.Backend, double, []float32{1, 2})
	fmt.Println(d.Name, d.Reason, sum.Value(), err)
	// Output: go asked for [2 4] <nil>
}
