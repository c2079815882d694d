package payload

import (
	"math/rand/v2"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// TestLineEndFirst: no filling of an HTTP segment begins with a line end, wherever the
// turn is cut.
func TestLineEndFirst(t *testing.T) {
	pool := NewPool(Options{}, rand.New(rand.NewPCG(1, 1)))
	var w Writer
	w.Start(pool, Connection{Application: flow.HTTP, Proto: flow.TCP, ServerPort: 80}, rand.New(rand.NewPCG(2, 2)))
	for i, size := range []int{190, 1, 63, 64, 65, 128, 9} {
		b := make([]byte, size)
		w.Fill(b, flow.Backward, false, i, oneTurn(4000))
		if b[0] == '\r' || b[0] == '\n' {
			t.Errorf("segment %d begins with %q", i, b[:min(4, size)])
		}
	}
}

// oneTurn is a connection of one turn of so many bytes.
type oneTurn int

func (n oneTurn) Turn(int) Turn { return Turn{Direction: flow.Backward, Length: int(n), Last: true} }
