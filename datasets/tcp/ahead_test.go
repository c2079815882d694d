package tcp

import (
	"bytes"
	"fmt"
	"iter"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
)

// Frames made ahead are the same, errors are in their places, and a consumer may stop.
func TestAhead(t *testing.T) {
	frames := func() iter.Seq2[Frame, error] {
		flows := func(yield func(*flow.Flow, error) bool) {
			for f, err := range flowtest.Sequence(flowtest.Ugly(300, 6)) {
				if f.ID%50 == 0 && !yield(nil, fmt.Errorf("damage before %d", f.ID)) || !yield(f, err) {
					return
				}
			}
		}
		return newTestFramer(t, nil, Options{}).Frames(flows)
	}
	next, stop := iter.Pull2(Ahead(frames(), 1000))
	defer stop()
	n, damaged := 0, 0
	for want, wantErr := range frames() {
		got, err, ok := next()
		if !ok || fmt.Sprint(err) != fmt.Sprint(wantErr) || !bytes.Equal(got.Bytes, want.Bytes) || !bytes.Equal(got.Packet.Payload, want.Packet.Payload) ||
			got.Packet.Time != want.Packet.Time || got.Packet.Number != want.Packet.Number {
			t.Fatalf("element %d: %+v, %v; want %+v, %v", n, got.Packet, err, want.Packet, wantErr)
		}
		if err != nil {
			damaged++
		}
		n++
	}
	if _, _, ok := next(); ok || n < 1000 || damaged != 6 {
		t.Errorf("%d elements, %d errors, and more: %t", n, damaged, ok)
	}
	count := 0
	for range Ahead(newTestFramer(t, nil, Options{}).Frames(flowtest.PlainStream(1<<40)), 512) {
		if count++; count == 700 {
			break
		}
	}
}
