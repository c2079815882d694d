package tcp

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
)

// As many segments as asked for are sent twice, byte by byte the same, and the
// tools see them; none is unless that is asked for.
func TestRetransmit(t *testing.T) {
	var flows []*flow.Flow
	for i := range int64(300) {
		f := flowtest.Plain(i, flowtest.Epoch+i*1e6, 40)
		f.Application = []flow.Application{flow.HTTP, flow.TLS, flow.IRC, flow.Unknown}[i%4]
		flows = append(flows, f)
	}
	type key struct {
		flow int64
		dir  flow.Direction
		seq  uint32
	}
	for _, proportion := range []float64{0, 0.05, 0.5} {
		f := newTestFramer(t, nil, Options{Retransmit: proportion})
		sent := map[key][]byte{}
		data, again := 0, 0
		for frame, err := range f.Frames(flowtest.Sequence(flows)) {
			if err != nil {
				t.Fatal(err)
			}
			p := &frame.Packet
			if p.PayloadLength == 0 {
				continue
			}
			k := key{p.FlowID, p.Direction, p.Seq}
			if before, ok := sent[k]; ok {
				again++
				if !bytes.Equal(before, p.Payload) {
					t.Fatalf("frame %d: sent again with other bytes", p.Number)
				}
				continue
			}
			data++
			sent[k] = bytes.Clone(p.Payload)
		}
		if got := float64(again) / float64(data); got < proportion*0.8 || got > proportion*1.2 || f.Repairs()[repairNames[segmentRepeated]] != again {
			t.Errorf("%d of %d segments sent again, want a proportion of %g; repairs %v", again, data, proportion, f.Repairs())
		}
		name, _ := writeFile(t, newTestFramer(t, nil, Options{Retransmit: proportion}), flows)
		tool, err := exec.LookPath("tshark")
		if err != nil {
			t.Log("tshark is not installed: what it calls retransmissions is not counted")
			continue
		}
		out, err := exec.Command(tool, "-r", name, "-Y", "tcp.analysis.retransmission", "-T", "fields", "-e", "frame.number").Output()
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(out), "\n"); n != again {
			t.Errorf("tshark sees %d retransmissions, %d were made", n, again)
		}
	}
}
