// Package gentest holds what every generator must do, as one test suite.
package gentest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// Flows are n TCP connections to learn from, in start order: a handshake, one to
// four exchanges of a request and an answer of few or many segments, a closing.
func Flows(n int, src rand.Source) []*flow.Flow {
	random := rand.New(src)
	var all []*flow.Flow
	start := int64(1_700_000_000_000_000_000)
	for id := range int64(n) {
		start += int64(random.ExpFloat64()*2e5) * 1000
		f := &flow.Flow{ID: id, Application: flow.HTTP, Tuple: flow.FiveTuple{Proto: flow.TCP}}
		now, trip := start, int64(5000+random.IntN(40000))*1000
		add := func(d flow.Direction, flags flow.TCPFlags, payload int32, gap int64) {
			now += gap
			f.Packets = append(f.Packets, flow.Packet{Time: now, Direction: d, Flags: flags, HeaderLength: 54, PayloadLength: payload,
				Length: 54 + payload, Captured: 54 + payload, Application: flow.HTTP, FlowID: id, Tuple: f.Tuple})
		}
		add(flow.Forward, flow.SYN, 0, 0)
		add(flow.Backward, flow.SYN|flow.ACK, 0, trip)
		add(flow.Forward, flow.ACK, 0, 20000)
		for range 1 + random.IntN(4) {
			add(flow.Forward, flow.PSH|flow.ACK, int32(100+random.IntN(60)), int64(random.ExpFloat64()*1e4)*1000)
			for segments := random.IntN(5); segments > 0; segments-- {
				add(flow.Backward, flow.ACK, 1460, trip)
			}
			add(flow.Backward, flow.PSH|flow.ACK, int32(200+random.IntN(900)), trip)
		}
		add(flow.Forward, flow.FIN|flow.ACK, 0, 30000)
		add(flow.Backward, flow.FIN|flow.ACK, 0, trip)
		add(flow.Forward, flow.ACK, 0, 20000)
		all = append(all, f)
	}
	return all
}

// Test checks a fitted generator: the number of flows, their order and their
// packets, the same flows for the same seed and others for another, an end when
// the context ends, and the same flows again once saved and loaded.
func Test(t *testing.T, g generator.Generator, load func(dir string) (generator.Generator, error)) {
	t.Helper()
	request := generator.Request{Flows: 40, Seed: 3, Start: 1_700_000_100_000_000_000}
	first := collect(t, g, request)
	for _, problem := range Check(first, request) {
		t.Error(problem)
	}
	if !same(first, collect(t, g, request)) {
		t.Error("the same request gave other flows")
	}
	other := request
	other.Seed++
	if same(first, collect(t, g, other)) {
		t.Error("another seed gave the same flows")
	}
	early := 0
	for range g.Flows(context.Background(), request) {
		if early++; early == 5 {
			break
		}
	}
	if early != 5 {
		t.Errorf("stopping after 5 flows took %d", early)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var last error
	for _, err := range g.Flows(ctx, request) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("with a cancelled context the stream ended with %v, want %v", last, context.Canceled)
	}
	dir := t.TempDir()
	if err := g.Save(dir); err != nil {
		t.Fatal(err)
	}
	loaded, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !same(first, collect(t, loaded, request)) {
		t.Error("the loaded generator gave other flows")
	}
	if _, err := load(t.TempDir()); err == nil {
		t.Error("an empty folder was loaded")
	}
}

// Check lists what is wrong with generated flows.
func Check(flows []*flow.Flow, r generator.Request) (problems []error) {
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if len(flows) != r.Flows {
		bad("%d flows, want %d", len(flows), r.Flows)
	}
	before := r.Start
	for i, f := range flows {
		if f.ID != int64(i) || len(f.Packets) == 0 {
			bad("flow %d has ID %d and %d packets", i, f.ID, len(f.Packets))
			continue
		}
		if f.Start() < before {
			bad("flow %d starts before the one before it", i)
		}
		before = f.Start()
		for j := range f.Packets {
			p := &f.Packets[j]
			switch {
			case j > 0 && p.Time < f.Packets[j-1].Time:
				bad("flow %d, packet %d: time goes back", i, j)
			case p.HeaderLength <= 0 || p.PayloadLength < 0 || p.Length < p.HeaderLength+p.PayloadLength:
				bad("flow %d, packet %d: %d bytes with header %d and payload %d", i, j, p.Length, p.HeaderLength, p.PayloadLength)
			case p.FlowID != f.ID || p.Direction > flow.Backward || p.Tuple.Proto != f.Tuple.Proto:
				bad("flow %d, packet %d: flow %d, direction %d, protocol %d", i, j, p.FlowID, p.Direction, p.Tuple.Proto)
			}
		}
	}
	return problems
}

func collect(t *testing.T, g generator.Generator, r generator.Request) []*flow.Flow {
	t.Helper()
	var flows []*flow.Flow
	for f, err := range g.Flows(context.Background(), r) {
		if err != nil {
			t.Fatal(err)
		}
		flows = append(flows, f)
	}
	return flows
}

func same(a, b []*flow.Flow) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if len(a[i].Packets) != len(b[i].Packets) {
			return false
		}
		for j := range a[i].Packets {
			p, q := &a[i].Packets[j], &b[i].Packets[j]
			if p.Time != q.Time || p.Flags != q.Flags || p.Length != q.Length || p.Direction != q.Direction {
				return false
			}
		}
	}
	return true
}
