package saved

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math"
	"net/netip"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/aggregate"
	"github.com/necstgen/necstgen/gomlxmodels/generator/radio"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

// DynamicsName is the artifact that has what generation can follow: when each flow of
// the original starts, what the aggregate level knows of it, and which hosts of the plan
// it has; without flows, when each packet is sent and by which device. It has no
// addresses: hosts and devices are numbers.
const DynamicsName = "dynamics.parquet"

// The columns of the artifact. Those of flows go on with aggregate.LatentNames.
var (
	flowColumns   = []string{"seconds", "nanoseconds", "packets", "client", "server"}
	packetColumns = []string{"seconds", "nanoseconds", "device"}
)

// Original is what an experiment has read, of which the dynamics are written.
type Original struct {
	Traffic           generator.Traffic
	Training, HeldOut []*flow.Flow
	Hosts             map[netip.Addr]int // of the plan, as address.FitHosts has them
}

// WriteDynamics writes the artifact as Parquet.
func WriteDynamics(w io.Writer, o Original) error {
	flows := joined(o.Training, o.HeldOut)
	if o.Traffic.Segment > 0 {
		return table.WriteFeatures(w, table.Parquet, packetColumns, packetRows(flows, radio.Numbers(o.Training, o.HeldOut)))
	}
	if o.Traffic.Uplinks { // what the gateway heard of others is not learnt
		flows = slices.DeleteFunc(flows, func(f *flow.Flow) bool { return f.Packets[0].Radio == nil })
	}
	return table.WriteFeatures(w, table.Parquet, slices.Concat(flowColumns, aggregate.LatentNames()), flowRows(flows, o.Hosts))
}

// joined returns the flows of both parts in start order. A flow of which both have
// packets, under one ID, is one again.
func joined(training, heldOut []*flow.Flow) []*flow.Flow {
	byID := make(map[int64]*flow.Flow, len(training)+len(heldOut))
	for _, f := range slices.Concat(training, heldOut) {
		if first := byID[f.ID]; first != nil {
			whole := *first
			whole.Packets = slices.Concat(first.Packets, f.Packets)
			f = &whole
		}
		byID[f.ID] = f
	}
	return slices.SortedFunc(maps.Values(byID), func(a, b *flow.Flow) int {
		return cmp.Or(cmp.Compare(a.Start(), b.Start()), cmp.Compare(a.ID, b.ID))
	})
}

// instant returns nanoseconds since 1970 as seconds and the rest, each of which a
// float64 holds exactly.
func instant(nanoseconds int64) (seconds, rest float64) {
	whole := nanoseconds / 1e9
	return float64(whole), float64(nanoseconds - whole*1e9)
}

func flowRows(flows []*flow.Flow, hosts map[netip.Addr]int) iter.Seq2[[]float64, error] {
	number := func(a netip.Addr) float64 {
		if i, ok := hosts[a.Unmap()]; ok {
			return float64(i)
		}
		return math.NaN()
	}
	return func(yield func([]float64, error) bool) {
		summaries := aggregate.Summaries(flows)
		row := make([]float64, 0, len(flowColumns)+aggregate.LatentWidth)
		for i, f := range flows {
			seconds, rest := instant(f.Start())
			row = append(row[:0], seconds, rest, float64(len(f.Packets)), number(f.Tuple.Src.Addr()), number(f.Tuple.Dst.Addr()))
			if !yield(append(row, summaries.RawRowView(i)[:aggregate.LatentWidth]...), nil) {
				return
			}
		}
	}
}

func packetRows(segments []*flow.Flow, devices map[string]int) iter.Seq2[[]float64, error] {
	return func(yield func([]float64, error) bool) {
		row := make([]float64, len(packetColumns))
		for _, at := range timeline.Order(segments) {
			p := &segments[at.Flow].Packets[at.Packet]
			row[0], row[1] = instant(p.Time)
			row[2] = math.NaN()
			if p.Radio != nil {
				row[2] = float64(devices[p.Radio.Device()])
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// Dynamics is what generation follows instead of drawing it.
type Dynamics struct {
	generator.Schedule
	Start int64 // of the first flow or packet, nanoseconds since 1970-01-01 UTC; 0: not known
}

// ReadDynamics reads what WriteDynamics wrote: of the flows that start, and the packets
// that are sent, within a period of the original.
func ReadDynamics(path string, period flow.Period) (*Dynamics, error) {
	rows, err := table.ReadFeatures(path)
	if err != nil {
		return nil, fmt.Errorf("saved: %w", err)
	}
	flows := slices.Equal(rows.Names, slices.Concat(flowColumns, aggregate.LatentNames()))
	if !flows && !slices.Equal(rows.Names, packetColumns) {
		return nil, fmt.Errorf("saved: %s: columns %q: not the dynamics of this version", path, rows.Names)
	}
	d := &Dynamics{}
	first, last := int64(-1), int64(0)
	var from, to int64
	for row, err := range rows.Rows {
		if err != nil {
			return nil, fmt.Errorf("saved: %s: %w", path, err)
		}
		at := int64(row[0])*1e9 + int64(row[1])
		if last = at; first < 0 {
			first = at
			from, to = period.Bounds(first)
		}
		if at < from || at >= to {
			continue
		}
		if d.Len() == 0 {
			d.Start = at
		}
		if flows {
			d.Flows = append(d.Flows, generator.ScheduledFlow{After: at - d.Start, Packets: int64(row[2]), Payload: -1,
				Client: numberOf(row[3]), Server: numberOf(row[4]), Summary: slices.Clone(row[len(flowColumns):])})
		} else {
			d.Packets = append(d.Packets, generator.ScheduledPacket{After: at - d.Start, Device: numberOf(row[2])})
		}
	}
	if d.Len() == 0 {
		return nil, fmt.Errorf("saved: nothing of the original to follow from %v to %v: it is from %s to %s", period.From, period.To, clock(first), clock(last))
	}
	return d, nil
}

// numberOf returns a number from 0 on, -1 for none.
func numberOf(x float64) int {
	if math.IsNaN(x) {
		return -1
	}
	return int(x)
}

// OpenDynamics reads the dynamics of a run, of which the generator must be one that
// follows.
func OpenDynamics(m *run.Manifest, period flow.Period) (*Dynamics, error) {
	err := followsOf(m)
	if err == nil {
		err = m.Check(DynamicsName)
	}
	if err != nil {
		return nil, fmt.Errorf("saved: %s: %w", m.Dir, err)
	}
	return ReadDynamics(m.Path(DynamicsName), period)
}

// OpenFlowTable reads a table of flows for a run, of which t is the traffic.
func OpenFlowTable(m *run.Manifest, path string, t generator.Traffic) (*Dynamics, error) {
	err := followsOf(m)
	if err == nil && t.Segment > 0 {
		err = errors.New("it learnt a timeline without flows (data.flows = \"none\"), so no table of flows can be followed")
	}
	if err != nil {
		return nil, fmt.Errorf("saved: %s: %w", m.Dir, err)
	}
	return ReadFlowTable(path, t)
}

// followsOf returns an error for a run whose generator follows nothing.
func followsOf(m *run.Manifest) error {
	kind, err := kindOf(m)
	if n := len(m.Config.Data.Application); err == nil && n > 1 {
		err = fmt.Errorf("it has learnt %d applications, and nothing is followed of several: want a run of one of them (data.application)", n)
	}
	if err == nil && !kind.Follows {
		err = fmt.Errorf("its generator, %s, copies whole flows and follows nothing", m.Config.Generator)
	}
	return err
}
