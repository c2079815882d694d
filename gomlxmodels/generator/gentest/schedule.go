package gentest

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// scheduled returns a schedule of flows, some as short as can be and some longer than any
// learnt, or, for a timeline, of the packets of these flows; some start together.
func scheduled(noFlow bool) *generator.Schedule {
	s := &generator.Schedule{}
	after := int64(0)
	for i, packets := range []int64{5, 1, 9, 2, 40, 3, 8, 7, 120, 12, 10, 11} {
		s.Flows = append(s.Flows, generator.ScheduledFlow{After: after, Packets: packets, Payload: int64(i%3-1) * 700, Client: -1, Server: -1})
		after += int64(i%4) * 1_234_567
	}
	if !noFlow {
		return s
	}
	timeline := &generator.Schedule{}
	for i, f := range s.Flows {
		for j := range f.Packets {
			timeline.Packets = append(timeline.Packets, generator.ScheduledPacket{After: int64(len(timeline.Packets)) * 1_234_567 / 2, Device: int(j)%9 - 1 + i})
		}
	}
	return timeline
}

// testSchedule draws what a schedule says: each flow starts then and has as many
// packets, each packet of a timeline is sent then; the same for the same seed, at
// another rate, within the request's bounds; and a schedule of the other kind of
// traffic is refused.
func testSchedule(t *testing.T, l *Learned, g generator.Generator, request generator.Request) {
	t.Helper()
	r := generator.Request{Seed: request.Seed, Start: request.Start, Schedule: scheduled(l.noFlow)}
	if !l.Kind.Follows {
		refuses(t, g, r, nil)
		return
	}
	flows := collect(t, g, r)
	checkScheduled(t, flows, r)
	if !same(flows, collect(t, g, r)) {
		t.Error("the same schedule and seed gave other flows")
	}
	quick := r
	quick.RateFactor = 2
	checkScheduled(t, collect(t, g, quick), quick)
	short := r
	if short.Flows = 4; l.noFlow {
		short.Flows, short.Duration = 0, 20*time.Millisecond
	}
	if part := collect(t, g, short); !l.noFlow && len(part) != 4 || l.noFlow && packets(part) != 33 {
		t.Errorf("a bound gave %d flows and %d packets of the schedule, want 4 flows, or 33 packets of a timeline", len(part), packets(part))
	}
	other := r
	other.Schedule = scheduled(!l.noFlow)
	refuses(t, g, other, map[bool]error{true: generator.ErrNoFlows, false: generator.ErrFlows}[l.noFlow])
	for _, bad := range []*generator.Schedule{{}, {Flows: []generator.ScheduledFlow{{Packets: 0}}},
		{Flows: []generator.ScheduledFlow{{Packets: 1, After: 5}, {Packets: 1}}}, {Packets: []generator.ScheduledPacket{{After: 5}, {}}}} {
		refuses(t, g, generator.Request{Schedule: bad}, nil)
	}
}

// checkScheduled holds flows against the schedule of their request.
func checkScheduled(t *testing.T, flows []*flow.Flow, r generator.Request) {
	t.Helper()
	at := func(after int64) int64 { return r.Start + int64(math.Round(float64(after)/r.Factor())) }
	for i, want := range r.Schedule.Flows {
		if i >= len(flows) {
			break
		}
		if f := flows[i]; f.Start() != at(want.After) || int64(len(f.Packets)) != want.Packets {
			t.Errorf("flow %d has %d packets from %d ns on, the schedule says %d from %d on", i, len(f.Packets), f.Start(), want.Packets, at(want.After))
		}
	}
	if n := len(r.Schedule.Flows); n > 0 && len(flows) != n {
		t.Errorf("%d flows, the schedule has %d", len(flows), n)
	}
	if n := len(r.Schedule.Packets); n > 0 && packets(flows) != n {
		t.Errorf("%d packets, the schedule has %d", packets(flows), n)
		return
	}
	devices := make(map[int]string)
	for _, f := range flows {
		for i := range f.Packets {
			if len(r.Schedule.Packets) == 0 {
				break
			}
			want := r.Schedule.Packets[0]
			r.Schedule = &generator.Schedule{Packets: r.Schedule.Packets[1:]}
			p := &f.Packets[i]
			if p.Time != at(want.After) {
				t.Errorf("a packet at %d ns, the schedule says %d", p.Time, at(want.After))
			}
			if p.Radio == nil || want.Device < 0 || p.Radio.Address == 0 {
				continue
			}
			if name := p.Radio.Device(); devices[want.Device] == "" {
				devices[want.Device] = name
			} else if devices[want.Device] != name {
				t.Errorf("device %d of the schedule is %s and %s", want.Device, devices[want.Device], name)
			}
		}
	}
}

// packets counts the packets of flows.
func packets(flows []*flow.Flow) (n int) {
	for _, f := range flows {
		n += len(f.Packets)
	}
	return n
}

// refuses wants an error instead of a flow: the one given, or, for nil, any.
func refuses(t *testing.T, g generator.Generator, r generator.Request, want error) {
	t.Helper()
	for f, err := range g.Flows(context.Background(), r) {
		if f != nil || err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("a schedule of %d flows and %d packets: %v, %v: want the error %v", len(r.Schedule.Flows), len(r.Schedule.Packets), f, err, want)
		}
		return
	}
	t.Errorf("a schedule of %d flows and %d packets: nothing, want the error %v", len(r.Schedule.Flows), len(r.Schedule.Packets), want)
}
