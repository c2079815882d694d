package generator

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

// The inputs of the stages of every generator: the flows to learn from, as
// table.WriteFlowPackets writes them, and a Traffic.
const (
	TrainingName = "training.parquet"
	TrafficName  = "traffic.json"

	// FlowTableName is the input of what learns starts and sizes of flows alone, as
	// table.WriteFlows writes it.
	FlowTableName = "training_flows.parquet"
)

// Traffic is how much there was of what a run learnt from: what is generated
// has the same rates, unless others are asked for.
type Traffic struct {
	Application flow.Application `json:"application"`
	Protocol    uint8            `json:"protocol"`          // of IP, of most flows; 0 for uplinks
	Uplinks     bool             `json:"uplinks,omitempty"` // of LoRaWAN
	Segment     int              `json:"segment,omitempty"` // packets of a segment of a timeline without flows; 0: there are flows
	Part        float64          `json:"part,omitempty"`    // of each flow's packets that is learnt, its first, where flows are too few to hold some of them out; 0: all of it
	Piece       int              `json:"piece,omitempty"`   // packets of the pieces that flows are scored in where Part of each is learnt
	Flows       int64            `json:"flows"`             // or segments
	Packets     int64            `json:"packets"`
	Bytes       int64            `json:"bytes"`   // of frames
	Payload     int64            `json:"payload"` // bytes of it
	Start       int64            `json:"start"`   // of the first flow, nanoseconds since 1970-01-01 UTC
	Last        int64            `json:"last"`    // start of the last flow
	End         int64            `json:"end"`     // of the last packet
	Longest     int64            `json:"longest"` // nanoseconds from the first packet of a flow to its last, at most

	// Padded says by direction whether the link pads frames that are shorter than
	// flow.MinFrame: Ethernet does, but a sender's own frames are often captured
	// before.
	Padded [2]bool `json:"padded"`
}

// TrafficOf measures flows, which are in start order.
func TrafficOf(flows []*flow.Flow) Traffic {
	var t Traffic
	var protocols [256]int
	var short [2]int // packets that ought to be padded: those that are, less those that are not
	for i, f := range flows {
		if i == 0 {
			t.Application, t.Start, t.Uplinks = f.Application, f.Start(), f.Packets[0].Radio != nil
		}
		t.Flows++
		if protocols[f.Tuple.Proto]++; protocols[f.Tuple.Proto] > protocols[t.Protocol] {
			t.Protocol = f.Tuple.Proto
		}
		t.Packets += int64(len(f.Packets))
		t.Bytes += f.Bytes()
		for i := range f.Packets {
			t.Payload += int64(f.Packets[i].PayloadLength)
		}
		t.Last = f.Start()
		t.End = max(t.End, f.Packets[len(f.Packets)-1].Time)
		t.Longest = max(t.Longest, int64(f.Duration()))
		for j := range f.Packets {
			switch p := &f.Packets[j]; {
			case p.Radio != nil || p.Length == 0 || p.Length-p.Padding() >= flow.MinFrame:
			case p.Length < flow.MinFrame:
				short[p.Direction&1]--
			default:
				short[p.Direction&1]++
			}
		}
	}
	t.Padded = [2]bool{short[flow.Forward] > 0, short[flow.Backward] > 0}
	return t
}

// Pad pads the packets of drawn flows as the link does: generators draw header and
// payload, and the length of a frame follows from them.
func (t *Traffic) Pad(flows iter.Seq2[*flow.Flow, error]) iter.Seq2[*flow.Flow, error] {
	if t.Padded == [2]bool{} {
		return flows
	}
	return func(yield func(*flow.Flow, error) bool) {
		for f, err := range flows {
			if err == nil {
				for i := range f.Packets {
					if p := &f.Packets[i]; p.Radio == nil && p.Length < flow.MinFrame && t.Padded[p.Direction&1] {
						p.Length, p.Captured = flow.MinFrame, flow.MinFrame
					}
				}
			}
			if !yield(f, err) {
				return
			}
		}
	}
}

// ReadTraffic reads a Traffic that is written as JSON. The name is for messages.
func ReadTraffic(r io.Reader, name string) (t Traffic, err error) {
	if err := json.NewDecoder(r).Decode(&t); err != nil {
		return Traffic{}, fmt.Errorf("generator: %s: %w", name, err)
	}
	return t, nil
}

// Rate returns the flows (or segments) a second; there is at least one in the time
// from the first start to the end.
func (t *Traffic) Rate() float64 {
	if t.Segment > 0 || t.Flows < 2 {
		return float64(max(1, t.Flows)) / max(1e-3, seconds(t.End-t.Start))
	}
	return float64(t.Flows-1) / max(1e-3, seconds(t.Last-t.Start))
}

// seconds returns nanoseconds in seconds.
func seconds(nanoseconds int64) float64 { return time.Duration(nanoseconds).Seconds() }

// PerFlow returns the mean number of packets of a flow.
func (t *Traffic) PerFlow() float64 { return float64(t.Packets) / float64(max(1, t.Flows)) }

// PerPacket returns the mean number of bytes of a packet.
func (t *Traffic) PerPacket() float64 { return float64(t.Bytes) / float64(max(1, t.Packets)) }

// HeaderPerPacket returns the mean number of bytes of a frame that are no payload.
func (t *Traffic) HeaderPerPacket() float64 {
	return float64(t.Bytes-t.Payload) / float64(max(1, t.Packets))
}
