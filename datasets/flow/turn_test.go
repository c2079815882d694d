package flow_test

import (
	"reflect"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// TestTurns covers what begins and ends a turn, and clocks that step back.
func TestTurns(t *testing.T) {
	for _, tt := range []struct {
		name       string
		times      []int64
		directions []flow.Direction
		want       []flow.Turn
	}{
		{"one packet", []int64{5}, []flow.Direction{0}, nil},
		{"one way", []int64{5, 6, 9}, []flow.Direction{1, 1, 1}, nil},
		{"question and answer", []int64{5, 9}, []flow.Direction{0, 1}, []flow.Turn{{4, 4}}},
		{"an answer of two, a question of three", []int64{0, 10, 11, 20, 22, 25, 40}, []flow.Direction{0, 1, 1, 0, 0, 0, 1}, []flow.Turn{{10, 10}, {9, 10}, {15, 20}}},
		{"the clock steps back", []int64{50, 40, 60}, []flow.Direction{0, 1, 0}, []flow.Turn{{0, 0}, {20, 20}}},
	} {
		f := new(flow.Flow)
		for i := range tt.times {
			f.Packets = append(f.Packets, flow.Packet{Time: tt.times[i], Direction: tt.directions[i]})
		}
		if got := f.Turns(nil); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
