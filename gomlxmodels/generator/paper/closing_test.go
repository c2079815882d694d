package paper

import (
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/flow"
)

// said is a segment of a test: flags, and who sent it.
type said struct {
	flags flow.TCPFlags
	from  flow.Direction
}

const (
	client = flow.Forward
	server = flow.Backward
	finACK = flow.FIN | flow.ACK
	pshACK = flow.PSH | flow.ACK
)

func TestClosing(t *testing.T) {
	tests := []struct {
		name       string
		segments   []said
		end        closing
		unexpected []int // indices of segments
	}{
		{"client closes first", []said{{pshACK, client}, {finACK, client}, {finACK, server}, {flow.ACK, client}}, 15, nil},
		{"four segments", []said{{finACK, server}, {flow.ACK, client}, {finACK, client}, {flow.ACK, server}}, 15, nil},
		{"half closed, the other end goes on", []said{{finACK, client}, {flow.ACK, server}, {pshACK, server}, {flow.ACK, client}, {finACK, server}, {flow.ACK, client}}, 15, nil},
		{"never closed", []said{{pshACK, client}, {flow.ACK, server}}, 0, nil},
		{"last FIN not acknowledged", []said{{finACK, client}, {finACK, server}}, 7, nil},
		{"second FIN of one end", []said{{finACK, client}, {finACK, client}, {flow.ACK, server}}, 5, []int{1}},
		{"data behind FIN", []said{{finACK, client}, {pshACK, client}}, 1, []int{1}},
		{"ACK that acknowledges nothing new", []said{{finACK, client}, {finACK, server}, {flow.ACK, server}}, 7, []int{2}},
		{"reset", []said{{finACK, client}, {flow.RST, client}, {flow.RST | flow.ACK, server}}, 1, nil},
	}
	for _, tt := range tests {
		var state closing
		var unexpected []int
		for i, s := range tt.segments {
			next, expected := state.after(s.flags, s.from)
			if state = next; !expected {
				unexpected = append(unexpected, i)
			}
		}
		if state != tt.end || !slices.Equal(unexpected, tt.unexpected) {
			t.Errorf("%s: ends as %04b, unexpected %v, want %04b and %v", tt.name, state, unexpected, tt.end, tt.unexpected)
		}
	}
}

// connections returns n flows of the segments.
func connections(n int, segments []said) (flows []*flow.Flow) {
	for range n {
		f := new(flow.Flow)
		for _, s := range segments {
			f.Packets = append(f.Packets, flow.Packet{Flags: s.flags, Direction: s.from})
		}
		flows = append(flows, f)
	}
	return flows
}

// The network's answers are kept where they agree with each other and with how
// connections close; where they do not, those of which it is least sure give way.
func TestLikeliest(t *testing.T) {
	flags := []int64{int64(flow.ACK), int64(pshACK), int64(finACK)}
	m := fitClosing(connections(500, []said{{pshACK, client}, {finACK, client}, {finACK, server}, {flow.ACK, client}}))
	tests := []struct {
		name string
		rows []float64 // probabilities of the flags, then of the server being the sender
		want []said
	}{
		{"in agreement", []float64{0, 1, 0, 0.1, 0, 0, 1, 0.2, 0.1, 0, 0.9, 0.8, 1, 0, 0, 0.3},
			[]said{{pshACK, client}, {finACK, client}, {finACK, server}, {flow.ACK, client}}},
		{"two FINs of the client, unsure of the second", []float64{0, 1, 0, 0.1, 0, 0, 1, 0.2, 0, 0, 1, 0.4, 1, 0, 0, 0.3},
			[]said{{pshACK, client}, {finACK, client}, {finACK, server}, {flow.ACK, client}}},
		{"unsure of the first", []float64{0, 1, 0, 0.1, 0, 0, 1, 0.4, 0, 0, 1, 0.1, 1, 0, 0, 0.7},
			[]said{{pshACK, client}, {finACK, server}, {finACK, client}, {flow.ACK, server}}},
		{"the last ACK of the wrong end", []float64{0, 1, 0, 0.1, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0.6},
			[]said{{pshACK, client}, {finACK, client}, {finACK, server}, {flow.ACK, client}}},
		{"surely not closed", []float64{0, 1, 0, 0, 1, 0, 0, 1}, []said{{pshACK, client}, {flow.ACK, server}}},
	}
	for _, tt := range tests {
		var got []said
		for _, c := range m.likeliest(mat.NewDense(len(tt.rows)/4, 4, tt.rows), flags) {
			got = append(got, said{flow.TCPFlags(flags[c.code]), c.direction})
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
