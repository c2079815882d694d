package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"path"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/artifact"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// readParams are the settings that decide which packets are learnt. What the data are
// called is none of them: what is in them counts.
type readParams struct {
	packetParams
	TestShare float64      `json:"test_share"`
	Flows     config.Flows `json:"flows"`
}

// readStage reads the trace and keeps the application's flows, or the segments of
// their timeline, in two parts: to learn from, and held out for the scores. Of several
// applications it keeps the flows of each, in a folder of its own, and those of all.
func readStage(e config.Experiment) stage.Stage {
	p := readParams{packetsOf(e.Data), e.Data.TestShare, e.Data.Flows}
	outs := []string{generator.TrainingName, heldOutName, generator.TrafficName}
	if len(p.Application) > 1 {
		for _, name := range outs {
			outs = append(outs, ownNames(p.Application, name)...)
		}
	}
	return stage.Stage{Name: "read", Version: 5, Params: p, Deps: []string{dataName}, Seeds: []string{"split"},
		Outs: outs,
		Run: func(ctx context.Context, env *stage.Env) error {
			src, err := env.Source("split")
			if err != nil {
				return err
			}
			whole, parts, err := readData(ctx, env, p, src)
			if err != nil {
				return err
			}
			env.Warn(whole.doubts...)
			for app, t := range parts {
				if err := t.write(env, artifact.Folder(app, p.Application)); err != nil {
					return err
				}
			}
			env.Note("%s: %d %s to learn from, %d held out, %d packets", p.Application, len(whole.training), unit(whole.facts), len(whole.heldOut), whole.facts.Packets)
			if len(parts) > 1 {
				return whole.write(env, "")
			}
			return nil
		}}
}

// ownNames are the names of an artifact that each of several applications has.
func ownNames(apps flow.Applications, name string) (names []string) {
	for _, app := range apps {
		names = append(names, path.Join(artifact.Folder(app, apps), name))
	}
	return names
}

// traffic is what is learnt of a trace before any model: the flows of the
// application, or the segments of its timeline, in start order.
type traffic struct {
	training, heldOut []*flow.Flow
	facts             generator.Traffic
	doubts            []error
}

// write makes the artifacts of the traffic in a folder.
func (t *traffic) write(env *stage.Env, folder string) error {
	for name, flows := range map[string][]*flow.Flow{generator.TrainingName: t.training, heldOutName: t.heldOut} {
		if err := env.Write(path.Join(folder, name), func(w io.Writer) error { return table.WriteFlowPackets(w, table.Parquet, flows) }); err != nil {
			return err
		}
	}
	return writeJSON(env, path.Join(folder, generator.TrafficName), t.facts)
}

// readData reads the data once, keeps the applications' flows and splits those of each.
// What can be known before training is checked here: a clock that jumps, and too few
// flows. The whole of one application is that application's.
func readData(ctx context.Context, env *stage.Env, p readParams, src rand.Source) (whole *traffic, parts map[flow.Application]*traffic, err error) {
	data, err := openEnv(env)
	if err != nil {
		return nil, nil, err
	}
	defer data.Close()
	var damaged damage
	packets := damaged.leftOut(data.Packets(ctx, p.selection()), func(n int64) { env.Progress(n, 0, "packets") })
	flows, _, err := flow.Collect(p.assembler().Flows(packets))
	if changed := data.unchanged(); changed != nil {
		return nil, nil, changed // whatever that has broken
	}
	if err != nil {
		return nil, nil, err
	}
	if len(flows) == 0 {
		return nil, nil, nothing(ctx, env, p, data.Trace)
	}
	doubts := slices.Concat(data.Warnings(), damaged.doubts())
	random := rand.New(src)
	parts = make(map[flow.Application]*traffic)
	for _, app := range p.Application {
		own := p
		own.Application = flow.Applications{app}
		if parts[app], err = divide(flow.OnlyOf(app, flows), own, data.Name, len(p.Application) > 1, random); err != nil {
			return nil, nil, err
		}
		whole = parts[app]
	}
	if len(parts) > 1 {
		whole = together(p.Application, parts, generator.TrafficOf(flows))
	}
	whole.doubts = slices.Concat(whole.doubts, doubts)
	return whole, parts, nil
}

// together returns the traffic of several applications as one, of the given facts.
func together(apps flow.Applications, parts map[flow.Application]*traffic, facts generator.Traffic) *traffic {
	whole := &traffic{facts: facts}
	for _, app := range apps {
		t := parts[app]
		whole.training, whole.heldOut = append(whole.training, t.training...), append(whole.heldOut, t.heldOut...)
		for _, doubt := range t.doubts {
			whole.doubts = append(whole.doubts, fmt.Errorf("%s: %w", app, doubt))
		}
	}
	byStart := func(a, b *flow.Flow) int { return cmp.Or(cmp.Compare(a.Start(), b.Start()), cmp.Compare(a.ID, b.ID)) }
	slices.SortFunc(whole.training, byStart)
	slices.SortFunc(whole.heldOut, byStart)
	return whole
}

// divide splits the flows of the application of p. Where several applications are learnt,
// each needs flows enough to hold some of them out whole.
func divide(flows []*flow.Flow, p readParams, name string, several bool, random *rand.Rand) (*traffic, error) {
	if len(flows) == 0 {
		return nil, fmt.Errorf("%s: no flow of %s: leave it out of data.application", name, p.Application)
	}
	if err := checkClock(flows); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", name, p.Application, err)
	}
	t := &traffic{facts: generator.TrafficOf(flows)}
	if p.Flows == config.NoFlows {
		var err error
		if flows, err = t.cut(flows, p.TestShare); err != nil {
			return nil, err
		}
	}
	for i, f := range flows {
		f.Before = flows[max(0, i-1)].Start()
		if t.facts.Segment > 0 && i > 0 {
			f.Before = flows[i-1].Start() + int64(flows[i-1].Duration())
		}
	}
	t.facts.Flows = int64(len(flows))
	if t.facts.Segment == 0 && !several && len(flows) < generator.MinFlows+leastHeldOut {
		if t.facts.Piece = pieceOf(t.facts.Packets, p.TestShare); t.facts.Piece >= leastPiece {
			t.splitEach(flows, p.TestShare)
			return t, nil
		}
		t.facts.Piece = 0
	}
	return t, t.split(flows, p, name, random)
}

// checkClock returns an error where the times of flows jump as no clock does: those
// of their starts, and, since a device's uplinks are one flow however long it is
// silent, those of all uplinks.
func checkClock(flows []*flow.Flow) error {
	var clock flow.Clock
	if flows[0].Packets[0].Radio == nil {
		for _, f := range flows {
			clock.Add(f.Start())
		}
		return clock.Check()
	}
	var times []int64
	for _, f := range flows {
		for i := range f.Packets {
			times = append(times, f.Packets[i].Time)
		}
	}
	slices.Sort(times)
	for _, at := range times {
		clock.Add(at)
	}
	return clock.Check()
}

// mostNamed is how many damaged records are named one by one.
const mostNamed = 10

// damage is what is wrong with the records of a trace.
type damage struct {
	first   []error // mostNamed at most
	records int
}

// leftOut passes the packets of a stream on without its damaged records, and calls
// shown now and then with the number of records so far.
func (d *damage) leftOut(packets iter.Seq2[flow.Packet, error], shown func(int64)) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		n := int64(0)
		for p, err := range packets {
			if n++; n%(1<<16) == 0 {
				shown(n)
			}
			if flow.IsRecordError(err) {
				if d.records++; d.records <= mostNamed {
					d.first = append(d.first, err)
				}
				continue
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// doubts returns the first errors and the number of the others.
func (d *damage) doubts() []error {
	if more := d.records - len(d.first); more > 0 {
		return append(d.first, fmt.Errorf("%d more damaged records", more))
	}
	return d.first
}

// cut makes segments of the timeline of all flows: as long as they are worth
// learning from, but so short that both parts have enough.
func (t *traffic) cut(flows []*flow.Flow, share float64) ([]*flow.Flow, error) {
	t.facts.Segment = max(2, pieceOf(t.facts.Packets, share))
	return timeline.Segments(flows, t.facts.Segment)
}

// pieceOf returns how many packets a segment, or a piece of a flow, has of so many packets
// of which a share is held out.
func pieceOf(packets int64, share float64) int {
	most := float64(packets) * min(share, 1-share) / (generator.FewFlows + 1)
	return min(timeline.SegmentPackets, int(most))
}

// leastPiece is how many packets a piece of a flow has at least that says something.
const leastPiece = 8

// splitEach holds out the last packets of each flow: of a few long flows, as those of
// SNMP that poll for hours, none can be spared.
func (t *traffic) splitEach(flows []*flow.Flow, share float64) {
	t.facts.Part = 1 - share
	for _, f := range flows {
		learnt, rest := *f, *f
		n := max(1, int(math.Round(t.facts.Part*float64(len(f.Packets)))))
		learnt.Packets, rest.Packets = f.Packets[:n:n], f.Packets[n:]
		t.training = append(t.training, &learnt)
		if len(rest.Packets) > 0 {
			rest.Before = rest.Start()
			t.heldOut = append(t.heldOut, &rest)
		}
	}
	slices.SortStableFunc(t.heldOut, func(a, b *flow.Flow) int { return cmp.Compare(a.Start(), b.Start()) })
	t.doubts = slices.Insert(t.doubts, 0, fmt.Errorf("only %d flows: the first %.0f %% of the packets of each are learnt, and the last held out; scores are of pieces of %d packets; models and scores are rough",
		len(flows), 100*t.facts.Part, t.facts.Piece))
}

// leastHeldOut are the flows that scores need.
const leastHeldOut = 2

// split holds out a random part of the flows, or the last segments: a timeline has
// no random part. Of few flows less is held out than is asked for, so that there are
// generator.FewFlows to learn from, as far as that goes.
func (t *traffic) split(flows []*flow.Flow, p readParams, name string, random *rand.Rand) error {
	n := len(flows)
	if n < generator.MinFlows+leastHeldOut {
		instead := "give a longer capture, or another data.application"
		if p.Limit > 0 {
			instead = fmt.Sprintf("raise data.limit, which is %d packets, or set another data.application", p.Limit)
		}
		want := fmt.Sprint(generator.MinFlows + leastHeldOut)
		if t.facts.Segment == 0 {
			want += fmt.Sprintf(", or %.0f packets in all", math.Ceil(leastPiece*(generator.FewFlows+1)/min(p.TestShare, 1-p.TestShare)))
		}
		return fmt.Errorf("%s: %d %s of %s: want at least %s; %s", name, n, unit(t.facts), p.Application, want, instead)
	}
	asked := int(p.TestShare*float64(n) + 0.5)
	held := min(asked, max(leastHeldOut, n-generator.FewFlows), n-generator.MinFlows)
	held = max(held, leastHeldOut)
	if held < generator.FewFlows || n-held < generator.FewFlows {
		t.doubts = slices.Insert(t.doubts, 0, fmt.Errorf("only %d %s: %d to learn from and %d held out (data.test_share = %g would hold out %d): models and scores are rough",
			n, unit(t.facts), n-held, held, p.TestShare, asked))
	}
	if t.facts.Segment > 0 {
		t.training, t.heldOut = flows[:n-held], flows[n-held:]
		return nil
	}
	out := make([]bool, n)
	for _, i := range random.Perm(n)[:held] {
		out[i] = true
	}
	for i, f := range flows {
		if out[i] {
			t.heldOut = append(t.heldOut, f)
		} else {
			t.training = append(t.training, f)
		}
	}
	return nil
}

// unit is what the flows are called.
func unit(t generator.Traffic) string {
	if t.Segment > 0 {
		return "segments"
	}
	return "flows"
}

// nothing says what the trace holds instead of what was asked for, which takes
// reading it again.
func nothing(ctx context.Context, env *stage.Env, p readParams, asked *trace.Trace) error {
	if left := asked.LeftOut(); len(left) > 0 {
		return fmt.Errorf("%s: no uplink that data.port = %d and data.gateway = %q ask for; it holds those of %s", asked.Name, p.Port, p.Gateway, byCount(left, "uplinks"))
	}
	data, err := openEnv(env)
	if err != nil {
		return err
	}
	defer data.Close()
	found := make(map[string]int64)
	for packet, err := range (&flow.Assembler{}).Label(data.Packets(ctx, p.selection())) {
		if err == nil {
			found[packet.Service().String()]++
		}
	}
	holds := byCount(found, "packets")
	if len(found) == 0 {
		holds = "no packet at all"
	}
	return fmt.Errorf("%s: no packet of %s; it holds %s: set data.application to one of them", asked.Name, p.Application, holds)
}

// mostListed is how many entries a message lists.
const mostListed = 12

// byCount lists names by their counts, most first: "HTTP (812 packets), DNS (90
// packets)".
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
