package evaluate

import (
	"cmp"
	"iter"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// labels gathers the packets of a stream by the flow that they name themselves, as
// NeCSTGen's published packets do.
type labels struct {
	found bool // a packet has a label other than 0, or comes from the server
	flows map[int64]*flow.Flow
	seen  int
}

// mostUnlabelled is how many packets without a label are kept until it is clear that
// there are none.
const mostUnlabelled = 1 << 16

// watch passes packets on and keeps copies of them as long as they may have labels.
func (l *labels) watch(packets iter.Seq2[flow.Packet, error]) iter.Seq2[flow.Packet, error] {
	l.flows = make(map[int64]*flow.Flow)
	return func(yield func(flow.Packet, error) bool) {
		for p, err := range packets {
			if err == nil && l.flows != nil {
				l.add(p)
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// add takes a packet into its flow.
func (l *labels) add(p flow.Packet) {
	l.found = l.found || p.FlowID != 0 || p.Direction == flow.Backward
	if l.seen++; l.seen > mostUnlabelled && !l.found {
		l.flows = nil
		return
	}
	p.Payload = nil
	f := l.flows[p.FlowID]
	if f == nil {
		f = &flow.Flow{ID: p.FlowID, Tuple: p.Tuple, Before: p.Time}
		if p.Direction == flow.Backward {
			f.Tuple = p.Tuple.Reverse()
		}
		l.flows[p.FlowID] = f
	}
	if f.Application == flow.Unknown {
		f.Application = p.Application
	}
	f.Packets = append(f.Packets, p)
}

// of returns the flows of the applications, or all for none, by their starts.
func (l *labels) of(apps flow.Applications) []*flow.Flow {
	var flows []*flow.Flow
	for _, f := range l.flows {
		if len(apps) == 0 || apps.Label(f) {
			slices.SortStableFunc(f.Packets, func(a, b flow.Packet) int { return cmp.Compare(a.Time, b.Time) })
			flows = append(flows, f)
		}
	}
	slices.SortFunc(flows, func(a, b *flow.Flow) int {
		return cmp.Or(cmp.Compare(a.Start(), b.Start()), cmp.Compare(a.ID, b.ID))
	})
	return flows
}
