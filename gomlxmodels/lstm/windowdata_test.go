package lstm

import (
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// windows are the windows of all rows [packets, steps, inputs].
func windows(cfg WindowConfig, x mat.Matrix, lengths []int) *tensors.Tensor {
	n, _ := x.Dims()
	return windowsOf(cfg, x, places(lengths), 0, n, n)
}

// Windows put together on the device are those of the host.
func TestWindowsOnDevice(t *testing.T) {
	lengths := []int{1, 3, 9, 2}
	cfg := windowCase(GRU, 5)
	x, targets := windowData(cfg, lengths, rand.New(rand.NewPCG(2, 9)))
	n := newWindowNetwork(cfg)
	data := n.data(x, lengths, targets)
	rows := 15
	indices := make([]int32, rows)
	for i := range indices {
		indices[i] = int32(rows - 1 - i)
	}
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		args := []any{indices}
		for _, d := range data {
			local, err := d.LocalClone()
			if err != nil {
				t.Fatal(err)
			}
			args = append(args, local)
		}
		out, err := graph.CallOnceN(b, func(in []*graph.Node) []*graph.Node { return n.windows(in[0], in[1:]) }, args...)
		if err != nil {
			t.Fatal(err)
		}
		each := cfg.Steps * cfg.Inputs
		got, want := make([]float64, rows*each), make([]float64, rows*each)
		if err := copyRows(got, out[0]); err != nil {
			t.Fatal(err)
		}
		if err := copyRows(want, windows(cfg, x, lengths)); err != nil {
			t.Fatal(err)
		}
		for i, r := range indices {
			for k := range each {
				if got[i*each+k] != want[int(r)*each+k] {
					t.Fatalf("window of row %d is %v, want %v", r, got[i*each:(i+1)*each], want[int(r)*each:(int(r)+1)*each])
				}
			}
		}
	})
}
