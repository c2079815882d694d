package wire

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// quoted is an HTTP connection with payloads that tell where they come from.
func quoted(id int64) *flow.Flow {
	f := plainFlow(id, epoch+id*1e9, 20)
	for i := range f.Packets {
		p := &f.Packets[i]
		if p.PayloadLength > 0 {
			p.Payload = bytes.Repeat([]byte(fmt.Sprintf("<flow %d packet %d>", id, i)), 200)[:p.PayloadLength]
		}
	}
	return f
}

// Copied payloads are bytes of the training data, of the side and the length
// where there are such, and nothing is copied that was not asked for.
func TestCopyPayload(t *testing.T) {
	var training []*flow.Flow
	for i := range int64(6) {
		training = append(training, quoted(i))
	}
	plan, err := FitPlanWith(training, FitOptions{KeepPayloads: true})
	if err != nil {
		t.Fatal(err)
	}
	var saved bytes.Buffer
	if err := plan.Write(&saved); err != nil {
		t.Fatal(err)
	}
	if plan, err = ReadPlan(&saved, "plan"); err != nil {
		t.Fatal(err)
	}
	all := []byte{}
	for _, e := range plan.Examples {
		all = append(append(all, e.Bytes...), e.Bytes...) // repeated, as long turns are
	}
	longer := plainFlow(1, epoch, 20)
	longer.Packets[3].PayloadLength = 200
	longer.Packets[5].PayloadLength = 700
	said := 0
	for _, p := range framedWith(t, plan, Options{Payload: CopyPayload}, []*flow.Flow{plainFlow(0, epoch, 20), longer}) {
		if len(p.Payload) == 0 {
			continue
		}
		said++
		head := p.Payload[:min(len(p.Payload), 100)]
		if !bytes.Contains(all, head) {
			t.Errorf("frame %d: %q is not of the training", p.Number, head)
		}
		if p.FlowID == 0 && p.Direction == flow.Forward && !bytes.HasPrefix(head, []byte("<flow ")) {
			t.Errorf("frame %d: an example of its length begins anew: %q", p.Number, head)
		}
	}
	if said < 10 {
		t.Errorf("%d payloads", said)
	}
	for _, p := range framedWith(t, plan, Options{}, []*flow.Flow{plainFlow(0, epoch, 20)}) {
		if bytes.Contains(p.Payload, []byte("<flow")) {
			t.Errorf("frame %d holds training data that nobody asked for", p.Number)
		}
	}
}

// What cannot be copied is refused, or counted.
func TestCopyPayloadRefused(t *testing.T) {
	if _, err := NewFramer(nil, Options{Payload: CopyPayload}, testSource()); err == nil || !strings.Contains(err.Error(), "payload is copy, but the plan has no examples of payloads") {
		t.Errorf("no examples: error %v", err)
	}
	if _, err := FitPlanWith(httpFlows(3), FitOptions{KeepPayloads: true}); err == nil || !strings.Contains(err.Error(), "no packet of the training flows has one") {
		t.Errorf("no payloads: error %v", err)
	}
	plan, err := FitPlanWith([]*flow.Flow{quoted(1)}, FitOptions{KeepPayloads: true})
	if err != nil {
		t.Fatal(err)
	}
	other := plainFlow(1, epoch, 20)
	other.Application = flow.SSH
	f := newTestFramer(t, plan, Options{Payload: CopyPayload})
	for _, err := range f.Frames(sequence([]*flow.Flow{other})) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if f.Repairs()[repairNames[payloadMade]] == 0 {
		t.Errorf("repairs %v: want the payloads without an example counted", f.Repairs())
	}
}

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
	got, err := Examples(func(yield func(flow.Packet, error) bool) {
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
	e := newExamining()
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
