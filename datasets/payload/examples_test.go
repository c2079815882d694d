package payload

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Turns are gathered out of a stream of labelled packets, cut captures leave the
// part before the hole, and the bounds hold.
func TestExamples(t *testing.T) {
	packet := func(id int64, dir flow.Direction, length int32, text string) flow.Packet {
		return flow.Packet{FlowID: id, Direction: dir, Application: flow.HTTP, Tuple: flow.FiveTuple{Proto: flow.TCP}, PayloadLength: length, Payload: []byte(text)}
	}
	stream := []flow.Packet{
		packet(1, 0, 3, "abc"), packet(2, 0, 2, "xy"), packet(1, 0, 6, "def"), packet(1, 0, 2, "gh"), packet(1, 1, 0, ""),
		packet(1, 1, 1, "r"), packet(2, 1, 1, "R"), packet(1, 0, 1, "z"),
	}
	broken := errors.New("the end")
	got, err := Gather(func(yield func(flow.Packet, error) bool) {
		for _, p := range stream {
			if !yield(p, nil) {
				return
			}
		}
		yield(flow.Packet{}, broken)
	})
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	var texts []string
	for _, e := range got {
		texts = append(texts, fmt.Sprintf("%v %d %s %t", e.Direction, e.Length, e.Bytes, e.First))
	}
	want := []string{"forward 11 abcdef true", "forward 2 xy true", "backward 1 r true", "forward 1 z false", "backward 1 R true"}
	if !slices.Equal(texts, want) {
		t.Errorf("got %q, want %q", texts, want)
	}
	e := newGathering()
	for i := range 5000 {
		p := packet(int64(i), 0, 1400, strings.Repeat(string(rune('a'+i%26)), 1400))
		p.PayloadLength += int32(i % 2000) // more than was captured
		e.add(&p)
	}
	e.flush()
	size := 0
	for _, x := range e.kept {
		size += len(x.Bytes)
	}
	if size > exampleBytes || size < exampleBytes-exampleMost {
		t.Errorf("%d bytes kept, want at most %d", size, exampleBytes)
	}
}
