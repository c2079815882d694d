package stage

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/trained"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// traffic is what is learnt of a capture before any model: the flows of the
// application, or the segments of its timeline, in start order, split into
// training and held-out.
type traffic struct {
	training, heldOut []*flow.Flow
	before            []int64 // for each training flow, the start of the one before it in the capture
	segment           int     // packets of a segment; 0: flows
	facts             trained.Traffic
	damaged           []error
}

func (t *traffic) flows() int { return len(t.training) + len(t.heldOut) }

// readTraffic reads the data, keeps the application's flows and splits them.
func readTraffic(ctx context.Context, e config.Experiment, src rand.Source) (*traffic, error) {
	d := e.Data
	data, err := OpenData(ctx, d)
	if err != nil {
		return nil, err
	}
	defer data.Close()
	name := data.Name
	all, damaged, err := flow.Collect(assembler(d).Flows(data.Packets(ctx, selection(d))))
	if err != nil {
		return nil, err
	}
	t := &traffic{damaged: append(data.Warnings(), damaged...)}
	seen := make(map[flow.Application]int64)
	var wanted []*flow.Flow
	for _, f := range all {
		seen[f.Application] += int64(len(f.Packets))
		if f.Application == d.Application {
			wanted = append(wanted, f)
		}
	}
	switch {
	case len(wanted) == 0 && len(data.LeftOut()) > 0:
		return nil, fmt.Errorf("%s: no uplink that data.port = %d and data.gateway = %q ask for; it holds those of %s", name, d.Port, d.Gateway, byCount(data.LeftOut(), "uplinks"))
	case len(wanted) == 0:
		return nil, fmt.Errorf("%s: no packet of %s; it holds %s: set data.application to one of them", name, d.Application, inventory(seen))
	}
	t.facts = trained.TrafficOf(wanted)
	unit := "flows"
	if d.Flows == config.NoFlows {
		unit = "segments"
		if wanted, err = t.cut(wanted, d.TestShare); err != nil {
			return nil, err
		}
		t.splitTime(wanted, d.TestShare)
	} else {
		t.split(wanted, d.TestShare, rand.New(src))
	}
	t.facts.Flows, t.facts.Segment = int64(len(wanted)), t.segment
	if len(t.training) < generator.MinFlows || len(t.heldOut) < generator.MinFlows {
		return nil, fmt.Errorf("%s: %d %s of %s, of which %d to learn from and %d held out: want at least %d of each; give a longer capture, or change data.test_share (%g) or data.application",
			name, len(wanted), unit, d.Application, len(t.training), len(t.heldOut), generator.MinFlows, d.TestShare)
	}
	return t, nil
}

// cut makes segments of the timeline of all flows: as long as they are worth
// learning from, but so short that both parts have enough.
func (t *traffic) cut(flows []*flow.Flow, share float64) ([]*flow.Flow, error) {
	packets := 0
	for _, f := range flows {
		packets += len(f.Packets)
	}
	most := float64(packets) * min(share, 1-share) / (generator.MinFlows + 1)
	t.segment = max(2, min(generator.SegmentPackets, int(most)))
	return generator.Segments(flows, t.segment)
}

// splitTime holds out the last segments: a timeline has no random part.
func (t *traffic) splitTime(segments []*flow.Flow, share float64) {
	n := len(segments) - int(share*float64(len(segments))+0.5)
	t.training, t.heldOut = segments[:n], segments[n:]
}

// assembler gathers flows as the configuration says.
func assembler(d config.Data) *flow.Assembler {
	return &flow.Assembler{IdleTimeout: time.Duration(d.IdleTimeout)}
}

// split holds out a random share of the flows.
func (t *traffic) split(flows []*flow.Flow, share float64, random *rand.Rand) {
	held := make([]bool, len(flows))
	for _, i := range random.Perm(len(flows))[:int(share*float64(len(flows))+0.5)] {
		held[i] = true
	}
	for i, f := range flows {
		if held[i] {
			t.heldOut = append(t.heldOut, f)
			continue
		}
		t.training = append(t.training, f)
		t.before = append(t.before, flows[max(0, i-1)].Start())
	}
}

// inventory lists applications by packets, most first: "HTTP (812 packets), DNS (90)".
func inventory(packets map[flow.Application]int64) string {
	names := make(map[string]int64)
	for app, n := range packets {
		name := app.String()
		if app == flow.Unknown {
			name = "unrecognised traffic"
		}
		names[name] = n
	}
	if len(names) == 0 {
		return "no packet at all"
	}
	return byCount(names, "packets")
}

// mostListed is how many entries a message lists.
const mostListed = 12

// byCount lists names by their counts, most first.
func byCount(counts map[string]int64, unit string) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	var parts []string
	for i, name := range names {
		if i == mostListed {
			parts = append(parts, fmt.Sprintf("%d more", len(names)-mostListed))
			break
		}
		parts = append(parts, fmt.Sprintf("%s (%d %s)", name, counts[name], unit))
	}
	return strings.Join(parts, ", ")
}
