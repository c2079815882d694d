package payload

import (
	"fmt"
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
		w.Fill(b, flow.Backward, i, oneTurn(4000))
		if b[0] == '\r' || b[0] == '\n' {
			t.Errorf("segment %d begins with %q", i, b[:min(4, size)])
		}
	}
}

// oneTurn is a connection of one turn of so many bytes.
type oneTurn int

func (n oneTurn) Turn(int) Turn { return Turn{Direction: flow.Backward, Length: int(n), Last: true} }

// TestQuestions: what was asked is answered as it was asked, however many questions are open
// at once, and the memory of their names is never that of another.
func TestQuestions(t *testing.T) {
	var w Writer
	random := rand.New(rand.NewPCG(1, 1))
	var open []uint32
	for id := uint32(1); id < 2000; id++ {
		if len(open) > 0 && random.IntN(2) == 0 {
			q := w.take()
			if q.id != open[0] || string(q.name) != fmt.Sprint(open[0]) {
				t.Fatalf("question %d %q, want %d", q.id, q.name, open[0])
			}
			open = open[1:]
			continue
		}
		q := w.ask(id)
		q.name = fmt.Append(q.name, id)
		if open = append(open, id); len(open) > maxQuestions {
			open = open[1:]
		}
	}
}
