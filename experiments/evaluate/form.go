package evaluate

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

// form is how both sides are taken, so that they can be compared.
type form struct {
	labels   bool // flows are what the files' labels say
	timeline bool // there are no flows
	lacks    fidelity.Lacks
}

// form returns what the options and the generated packets among the files make of both
// sides.
func (c *comparison) form() form {
	f := form{labels: c.Segment > 0, timeline: c.Segment > 0}
	for _, o := range []*necstgencsv.OutputFile{c.real, c.synthetic, c.training} {
		f.take(o)
	}
	if f.timeline {
		f.lacks &^= fidelity.NoStarts // one clock runs through all of it
	}
	return f
}

// take adds what a file of generated packets makes of both sides; nil is another kind of
// file.
func (f *form) take(o *necstgencsv.OutputFile) {
	switch {
	case o == nil:
		return
	case o.HasAddresses():
		f.lacks |= fidelity.NoHeaders | fidelity.NoFlags | fidelity.NoPadding
		return
	}
	f.labels = true
	f.timeline = f.timeline || !o.HasLabels()
	f.lacks |= fidelity.NoAddresses | fidelity.NoPadding
	if o.HasLabels() {
		f.lacks |= fidelity.NoStarts
	}
	if !o.HasFlags() {
		f.lacks |= fidelity.NoFlags
	}
	if o.HasUplinks() {
		f.lacks |= fidelity.NoDevices
	}
}

// realFlows reads the real side. Without a training file a random half of the real one
// stands for it; a timeline is cut later.
func (c *comparison) realFlows(ctx context.Context, f form) (split fidelity.Split, err error) {
	if split.HeldOut, err = c.read(ctx, c.Real, c.real, f, true); err != nil {
		return split, err
	}
	if c.Training != "" {
		split.Training, err = c.read(ctx, c.Training, c.training, f, true)
		return split, err
	}
	if f.timeline {
		return split, nil
	}
	flows := split.HeldOut
	rand.New(c.src).Shuffle(len(flows), func(i, j int) { flows[i], flows[j] = flows[j], flows[i] })
	split.Training, split.HeldOut = flows[:len(flows)/2], flows[len(flows)/2:]
	return split, nil
}

// read reads the flows of a file. Where only is set, what is outside the period and flows
// of other applications than the one that is compared are left out.
func (c *comparison) read(ctx context.Context, name string, output *necstgencsv.OutputFile, f form, only bool) (flows []*flow.Flow, err error) {
	if output != nil {
		var damaged []error
		if flows, damaged, err = output.Flows(); err != nil {
			return nil, fmt.Errorf("evaluate: %w", err)
		}
		c.warnDamaged(damaged)
	} else if flows, err = c.readTrace(ctx, name, f.labels, only); err != nil {
		return nil, err
	}
	f.lacks.Remove(flows)
	return flows, nil
}

// readTrace gathers the flows of a capture or another file of packets: by their labels
// where that is wanted and they have some, otherwise by their addresses.
func (c *comparison) readTrace(ctx context.Context, name string, byLabel, only bool) ([]*flow.Flow, error) {
	data, err := c.Open(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("evaluate: %w", err)
	}
	defer data.Close()
	if !data.Repeatable() {
		c.once = append(c.once, name)
	}
	assembler := flow.Assembler{}
	selection := trace.Selection{Applications: c.Applications}
	if only {
		assembler.Only, selection.Period = c.Applications, c.Period
	}
	packets := data.Packets(ctx, selection)
	var l labels
	if byLabel {
		packets = l.watch(packets)
	}
	flows, damaged, err := flow.Collect(assembler.Flows(packets))
	if err != nil {
		return nil, err
	}
	for _, warning := range data.Warnings() {
		c.Warn(warning)
	}
	c.warnDamaged(damaged)
	if l.found {
		flows = l.of(assembler.Only)
	}
	if len(flows) == 0 {
		return nil, fmt.Errorf("evaluate: %s: no flow%s to compare", name, ofApplication(c.Applications))
	}
	return flows, nil
}

// warnDamaged says how many records are left out.
func (c *comparison) warnDamaged(damaged []error) {
	if len(damaged) > 0 {
		c.Warn(fmt.Errorf("%d damaged records are left out, the first: %w", len(damaged), damaged[0]))
	}
}

// ofApplication returns " of HTTP", or nothing for all applications.
func ofApplication(apps flow.Applications) string {
	if len(apps) == 0 {
		return ""
	}
	return " of " + apps.String()
}

// segments cuts all sides into segments of as many packets. Without a training file
// every other real segment stands for it, so that both parts are of the whole time.
func (c *comparison) segments(split fidelity.Split, candidate []*flow.Flow) (fidelity.Split, []*flow.Flow, error) {
	trained := c.Training != ""
	size := c.Segment
	if size == 0 {
		size = segmentSize(split.HeldOut, candidate, trained)
	}
	var sides [3][]*flow.Flow
	for i, flows := range [][]*flow.Flow{split.Training, split.HeldOut, candidate} {
		var err error
		if sides[i], err = timeline.Segments(flows, size); err != nil {
			return split, nil, fmt.Errorf("evaluate: %w", err)
		}
	}
	if !trained {
		all := sides[1]
		sides[1] = nil
		for i, f := range all {
			sides[i%2] = append(sides[i%2], f)
		}
	}
	return fidelity.Split{Training: sides[0], HeldOut: sides[1]}, sides[2], nil
}

// segmentSize returns how many packets a segment has: as many as runs give it or, of short
// timelines, so few that each side has enough segments.
func segmentSize(real, candidate []*flow.Flow, trained bool) int {
	count := func(flows []*flow.Flow) (n int) {
		for _, f := range flows {
			n += len(f.Packets)
		}
		return n
	}
	held := count(real)
	if !trained {
		held /= 2
	}
	return max(2, min(timeline.SegmentPackets, min(held, count(candidate))/(generator.FewFlows+1)))
}
