package tcp

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/datasets/payload"
)

// withPayloads returns an HTTP connection with payloads that tell where they come from.
func withPayloads(id int64) *flow.Flow {
	f := flowtest.Plain(id, flowtest.Epoch+id*1e9, 20)
	for i := range f.Packets {
		p := &f.Packets[i]
		if p.PayloadLength > 0 {
			p.Payload = bytes.Repeat([]byte(fmt.Sprintf("<flow %d packet %d>", id, i)), 200)[:p.PayloadLength]
		}
	}
	return f
}

// examplesOf gathers the examples of flows, saves them and loads them.
func examplesOf(t *testing.T, flows []*flow.Flow) []payload.Example {
	t.Helper()
	examples, err := payload.Gather(func(yield func(flow.Packet, error) bool) {
		for p := range flow.Packets(flows) {
			p.Application, p.Tuple.Proto = flow.HTTP, flow.TCP
			if !yield(p, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	var saved bytes.Buffer
	if err := payload.WriteExamples(&saved, examples); err != nil {
		t.Fatal(err)
	}
	back, err := payload.ReadExamples(&saved, "examples.json")
	if err != nil || !reflect.DeepEqual(back, examples) {
		t.Fatalf("read %d examples, wrote %d: %v", len(back), len(examples), err)
	}
	return back
}

// Copied payloads are bytes of the training data, of the side and the length
// where there are such, and nothing is copied that was not asked for.
func TestCopyPayload(t *testing.T) {
	var training []*flow.Flow
	for i := range int64(6) {
		training = append(training, withPayloads(i))
	}
	plan, err := address.Fit(training, address.FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	examples := examplesOf(t, training)
	all := []byte{}
	for _, e := range examples {
		all = append(append(all, e.Bytes...), e.Bytes...) // repeated, as long turns are
	}
	longer := flowtest.Plain(1, flowtest.Epoch, 20)
	longer.Packets[3].PayloadLength = 200
	longer.Packets[5].PayloadLength = 700
	said := 0
	for _, p := range framedWith(t, plan, Options{Payload: payload.Copy, Examples: examples}, []*flow.Flow{flowtest.Plain(0, flowtest.Epoch, 20), longer}) {
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
	for _, p := range framedWith(t, plan, Options{}, []*flow.Flow{flowtest.Plain(0, flowtest.Epoch, 20)}) {
		if bytes.Contains(p.Payload, []byte("<flow")) {
			t.Errorf("frame %d holds training data that nobody asked for", p.Number)
		}
	}
}

// What cannot be copied is refused, or counted.
func TestCopyPayloadRefused(t *testing.T) {
	if _, err := NewFramer(nil, Options{Payload: payload.Copy}, testSource()); err == nil || !strings.Contains(err.Error(), "payload is copy, but there are no examples of payloads") {
		t.Errorf("no examples: error %v", err)
	}
	if examples := examplesOf(t, flowtest.HTTP(3)); len(examples) > 0 {
		t.Errorf("no payloads, and %d examples", len(examples))
	}
	other := flowtest.Plain(1, flowtest.Epoch, 20)
	other.Application = flow.SSH
	f := newTestFramer(t, nil, Options{Payload: payload.Copy, Examples: examplesOf(t, []*flow.Flow{withPayloads(1)})})
	for _, err := range f.Frames(flowtest.Sequence([]*flow.Flow{other})) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if f.Repairs()[payloadMissing] == 0 {
		t.Errorf("repairs %v: want the payloads without an example counted", f.Repairs())
	}
}
