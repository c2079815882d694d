package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// readStage reads the trace and keeps the application's flows, or the segments of
// their timeline, in two parts: to learn from, and held out for the scores.
func readStage(e config.Experiment) stage.Stage {
	d := e.Data
	d.Path, d.Name = "", "" // what is in the file counts, not what it is called
	return stage.Stage{Name: "read", Version: 1, Params: d, Deps: []string{dataName}, Seeds: []string{"split"},
		Outs: []string{generator.TrainingName, heldOutName, generator.TrafficName},
		Run: func(ctx context.Context, env *stage.Env) error {
			src, err := env.Source("split")
			if err != nil {
				return err
			}
			t, err := readData(ctx, env, e.Data, src)
			if err != nil {
				return err
			}
			t.warn(env)
			for name, flows := range map[string][]*flow.Flow{generator.TrainingName: t.training, heldOutName: t.heldOut} {
				if err := env.Write(name, func(w io.Writer) error { return table.WriteFlowPackets(w, table.Parquet, flows) }); err != nil {
					return err
				}
			}
			env.Note("%s: %d %s to learn from, %d held out, %d packets", e.Data.Application, len(t.training), unit(t.facts), len(t.heldOut), t.facts.Packets)
			return writeJSON(env, generator.TrafficName, t.facts)
		}}
}

// openData opens the trace that the configuration names: the user's own, or a data
// set of the catalog. A pipe is refused, since several stages may read it.
func openData(ctx context.Context, d config.Data) (*trace.Trace, error) {
	if d.Path != "" {
		t, err := trace.OpenFile(ctx, d.Path, nil)
		if err != nil {
			return nil, fmt.Errorf("data.path: %w", err)
		}
		return t, nil
	}
	t, err := trace.Open(ctx, d.Name, nil)
	if err != nil {
		return nil, fmt.Errorf("data.name = %q: %w", d.Name, err)
	}
	return t, nil
}

// digestData reads an experiment's data once, so that what is made of it can be
// named by its content. It also returns the file's stamp from before that.
func digestData(ctx context.Context, d config.Data, o Options) (run.Input, stamp, error) {
	before := stampOf(d)
	t, err := openData(ctx, d)
	if err != nil {
		return run.Input{}, before, err
	}
	defer t.Close()
	bytes, sum, err := o.Store.DigestInput(t, d.Path, o.Progress)
	if err != nil {
		return run.Input{}, before, fmt.Errorf("data: %s: %w", t.Name, err)
	}
	if bytes == 0 {
		return run.Input{}, before, fmt.Errorf("data: %s: the capture is empty", t.Name)
	}
	return run.Input{Name: dataName, Path: d.Path, Bytes: bytes, SHA256: sum}, before, nil
}

// stamp is by what a file is known to be the one that was digested.
type stamp struct {
	bytes    int64
	modified time.Time
}

// stampOf returns the stamp of the configuration's file: the zero stamp for a data
// set of the catalog, which nobody writes to, and for a file that is not there.
func stampOf(d config.Data) stamp {
	if d.Path == "" {
		return stamp{}
	}
	info, err := os.Stat(d.Path)
	if err != nil {
		return stamp{}
	}
	return stamp{info.Size(), info.ModTime()}
}

// input is the data as a stage has it open.
type input struct {
	*trace.Trace

	data     config.Data
	digested stamp
}

// reopen opens the data for a stage, if they are what they were when they were
// digested: others would be stored under a wrong name.
func reopen(ctx context.Context, d config.Data, digested stamp) (*input, error) {
	in := &input{data: d, digested: digested}
	if err := in.unchanged(); err != nil {
		return nil, err
	}
	var err error
	in.Trace, err = openData(ctx, d)
	return in, err
}

// unchanged returns an error when the file is not the one that was digested. A stage
// asks when it has read it, too.
func (in *input) unchanged() error {
	now := stampOf(in.data)
	if now.bytes == in.digested.bytes && now.modified.Equal(in.digested.modified) {
		return nil
	}
	return fmt.Errorf("data.path: %s has changed since it was digested: it had %d bytes of %s, and has %d of %s: run again when nothing writes to it",
		in.data.Path, in.digested.bytes, clockTime(in.digested.modified), now.bytes, clockTime(now.modified))
}

func clockTime(t time.Time) string { return t.Format("2006-01-02 15:04:05.000") }

// selection says which packets the configuration asks for.
func selection(d config.Data) trace.Selection {
	gateway, _ := config.ParseGateway(d.Gateway) // validated
	return trace.Selection{Application: d.Application, Port: d.Port, Gateway: gateway, Limit: d.Limit}
}

// assembler gathers flows as the configuration says, those of its application alone.
func assembler(d config.Data) *flow.Assembler {
	return &flow.Assembler{IdleTimeout: time.Duration(d.IdleTimeout), Only: d.Application}
}

// traffic is what is learnt of a trace before any model: the flows of the
// application, or the segments of its timeline, in start order.
type traffic struct {
	training, heldOut []*flow.Flow
	facts             generator.Traffic
	doubts            []error
}

// openEnv opens the data of a stage.
func openEnv(env *stage.Env) (*input, error) {
	in, err := env.Open(dataName)
	if err != nil {
		return nil, err
	}
	return in.(*input), nil // as Prepare has it
}

// readData reads the data, keeps the application's flows and splits them. What can
// be known before training is checked here: a clock that jumps, and too few flows.
func readData(ctx context.Context, env *stage.Env, d config.Data, src rand.Source) (*traffic, error) {
	data, err := openEnv(env)
	if err != nil {
		return nil, err
	}
	defer data.Close()
	packets := counted(data.Packets(ctx, selection(d)), func(n int64) { env.Progress(n, 0, "packets") })
	flows, damaged, err := flow.Collect(assembler(d).Flows(packets))
	if changed := data.unchanged(); changed != nil {
		return nil, changed // whatever that has broken
	}
	if err != nil {
		return nil, err
	}
	if len(flows) == 0 {
		return nil, nothing(ctx, env, d, data.Trace)
	}
	if err := checkClock(flows); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", data.Name, d.Application, err)
	}
	t := &traffic{facts: generator.TrafficOf(flows), doubts: slices.Concat(data.Warnings(), damaged)}
	if d.Flows == config.NoFlows {
		if flows, err = t.cut(flows, d.TestShare); err != nil {
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
	return t, t.split(flows, d, data.Name, rand.New(src))
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

// counted tells shown now and then how many packets have passed.
func counted(packets iter.Seq2[flow.Packet, error], shown func(int64)) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		n := int64(0)
		for p, err := range packets {
			if n++; n%(1<<16) == 0 {
				shown(n)
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// cut makes segments of the timeline of all flows: as long as they are worth
// learning from, but so short that both parts have enough.
func (t *traffic) cut(flows []*flow.Flow, share float64) ([]*flow.Flow, error) {
	packets := 0
	for _, f := range flows {
		packets += len(f.Packets)
	}
	most := float64(packets) * min(share, 1-share) / (generator.FewFlows + 1)
	t.facts.Segment = max(2, min(timeline.SegmentPackets, int(most)))
	return timeline.Segments(flows, t.facts.Segment)
}

// leastHeldOut are the flows that scores need.
const leastHeldOut = 2

// split holds out a random part of the flows, or the last segments: a timeline has
// no random part. Of few flows less is held out than is asked for, so that there are
// generator.FewFlows to learn from, as far as that goes.
func (t *traffic) split(flows []*flow.Flow, d config.Data, name string, random *rand.Rand) error {
	n := len(flows)
	if n < generator.MinFlows+leastHeldOut {
		longer := "give a longer capture"
		if d.Limit > 0 {
			longer = fmt.Sprintf("raise data.limit, which is %d packets", d.Limit)
		}
		return fmt.Errorf("%s: %d %s of %s: want at least %d; %s, or set another data.application", name, n, unit(t.facts), d.Application, generator.MinFlows+leastHeldOut, longer)
	}
	asked := int(d.TestShare*float64(n) + 0.5)
	held := min(asked, max(leastHeldOut, n-generator.FewFlows), n-generator.MinFlows)
	held = max(held, leastHeldOut)
	if held < generator.FewFlows || n-held < generator.FewFlows {
		t.doubts = append(t.doubts, fmt.Errorf("only %d %s: %d to learn from and %d held out (data.test_share = %g would hold out %d): models and scores are rough",
			n, unit(t.facts), n-held, held, d.TestShare, asked))
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

// mostNamed is how many damaged records are named one by one.
const mostNamed = 10

// warn notes what is doubtful about the data.
func (t *traffic) warn(env *stage.Env) {
	for i, doubt := range t.doubts {
		if i == mostNamed {
			env.Warn(fmt.Errorf("%d more damaged records", len(t.doubts)-mostNamed))
			break
		}
		env.Warn(doubt)
	}
}

// nothing says what the trace holds instead of what was asked for, which takes
// reading it again.
func nothing(ctx context.Context, env *stage.Env, d config.Data, asked *trace.Trace) error {
	if left := asked.LeftOut(); len(left) > 0 {
		return fmt.Errorf("%s: no uplink that data.port = %d and data.gateway = %q ask for; it holds those of %s", asked.Name, d.Port, d.Gateway, byCount(left, "uplinks"))
	}
	data, err := openEnv(env)
	if err != nil {
		return err
	}
	defer data.Close()
	found := make(map[string]int64)
	for p, err := range (&flow.Assembler{}).Label(data.Packets(ctx, selection(d))) {
		if err == nil {
			found[p.Application.String()]++
		}
	}
	if n := found[flow.Unknown.String()]; n > 0 {
		delete(found, flow.Unknown.String())
		found["unrecognised traffic"] = n
	}
	holds := byCount(found, "packets")
	if len(found) == 0 {
		holds = "no packet at all"
	}
	return fmt.Errorf("%s: no packet of %s; it holds %s: set data.application to one of them", asked.Name, d.Application, holds)
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
