package report

import (
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity"
)

// TrafficOf is what readTraffic makes of a table of the flows.
func TrafficOf(flows []*flow.Flow) *Traffic {
	t, err := countPackets(func(yield func(flow.Packet, error) bool) {
		for i, f := range flows {
			for _, p := range f.Packets {
				if p.FlowID = int64(i); !yield(p, nil) {
					return
				}
			}
		}
	})
	if err != nil {
		panic(err)
	}
	t.Sample = flows
	return t
}

// ReadTraffic is readTraffic.
var ReadTraffic = readTraffic

// Sampled is what the page says of samples.
func (a *Data) Sampled() string { return a.sampled() }

// GradeOf is the grade of a score in words.
func GradeOf(s fidelity.Score) string { return string(gradeOf(s)) }
