package device

import (
	"context"
	"testing"
	"time"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// Large products that do not depend on each other stood still on the Go backend
// when it ran operations in parallel: they filled the pool of workers that each
// of them waited for.
func TestGoBackendFinishesIndependentProducts(t *testing.T) {
	for _, name := range []string{"go", "go:parallelism=2"} {
		d, err := Open(context.Background(), Options{Backend: name})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		done := make(chan error, 1)
		go func() {
			exec, err := graph.NewExec(d.Backend, func(g *graph.Graph) *graph.Node {
				var sum *graph.Node
				for range 12 {
					x := graph.Iota(g, shapes.Make(dtypes.Float32, 512, 300), 0)
					y := graph.ReduceAllSum(graph.MatMul(x, graph.Iota(g, shapes.Make(dtypes.Float32, 300, 384), 1)))
					if sum == nil {
						sum = y
					} else {
						sum = graph.Add(sum, y)
					}
				}
				return sum
			})
			for i := 0; err == nil && i < 5; i++ {
				_, err = exec.Call()
			}
			done <- err
		}()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: still waiting for its products after a minute", name)
		}
	}
}
