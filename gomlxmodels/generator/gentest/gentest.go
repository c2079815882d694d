// Package gentest holds what every generator must do, as one test suite.
package gentest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// Flows returns n TCP connections to learn from, in start order: a handshake, one to
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
	return Before(all)
}

// Before sets the start of the flow before each, and returns the flows.
func Before(flows []*flow.Flow) []*flow.Flow {
	for i, f := range flows {
		f.Before = flows[max(0, i-1)].Start()
	}
	return flows
}

// Test checks a kind of generator, which it has learnt: the number of flows, their
// order and their packets, the same flows for the same seed and others for another,
// however many processors there are; an end when the context ends or the consumer has
// enough, with nothing left running; the request's bounds, rate and schedule; parts that
// make a whole; the same flows again once loaded again; and an error where an artifact is
// missing.
func Test(t *testing.T, l *Learned) {
	t.Helper()
	g := l.Load(t)
	request := generator.Request{Flows: 40, Seed: 3, Start: 1_700_000_100_000_000_000}
	first := collect(t, g, request)
	for _, problem := range Check(first, request) {
		t.Error(problem)
	}
	if !same(first, collect(t, g, request)) {
		t.Error("the same request gave other flows")
	}
	processors := runtime.GOMAXPROCS(1)
	alone := collect(t, g, request)
	runtime.GOMAXPROCS(processors)
	if !same(first, alone) {
		t.Error("with one processor, the same request gave other flows")
	}
	other := request
	other.Seed++
	if same(first, collect(t, g, other)) {
		t.Error("another seed gave the same flows")
	}
	testEnds(t, g, request)
	testBounds(t, g, request, first)
	testSchedule(t, l, g, request)
	testWindows(t, l, g, request, first)
	if !same(first, collect(t, l.Load(t), request)) {
		t.Error("the generator, loaded again, gave other flows")
	}
	if _, err := l.Kind.Load(l.backend, func(artifact string) (string, error) { return filepath.Join(t.TempDir(), artifact), nil }); err == nil {
		t.Error("a generator was loaded from an empty folder")
	}
	testTogether(t, g, request, first)
}

// testTogether draws two requests at the same time.
func testTogether(t *testing.T, g generator.Generator, request generator.Request, first []*flow.Flow) {
	t.Helper()
	var drawn [2][]*flow.Flow
	var errs [2]error
	var running sync.WaitGroup
	for k := range drawn {
		running.Go(func() {
			for f, err := range g.Flows(context.Background(), request) {
				if errs[k] = err; err != nil {
					return
				}
				drawn[k] = append(drawn[k], f)
			}
		})
	}
	running.Wait()
	for k, flows := range drawn {
		if errs[k] != nil || !same(first, flows) {
			t.Errorf("of two requests at the same time, one gave other flows, or the error %v", errs[k])
		}
	}
}

// testEnds stops early, cancels before the first flow and in the middle.
func testEnds(t *testing.T, g generator.Generator, request generator.Request) {
	t.Helper()
	running := runtime.NumGoroutine()
	early := 0
	for range g.Flows(context.Background(), request) {
		if early++; early == 5 {
			break
		}
	}
	if early != 5 {
		t.Errorf("stopping after 5 flows took %d", early)
	}
	request.Flows = 1 << 12 // many more than are drawn ahead
	for _, after := range []int{0, 3} {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if after == 0 {
			cancel()
		}
		var last error
		var since time.Time
		flows := 0
		for _, err := range g.Flows(ctx, request) {
			last = err
			if flows++; flows == after {
				cancel()
				since = time.Now()
			}
		}
		if !errors.Is(last, context.Canceled) {
			t.Errorf("cancelled after %d flows, the stream ended with %v, want %v", after, last, context.Canceled)
		}
		if took := time.Since(since); after > 0 && took > 5*time.Second { // one is meant; machines that test are busy
			t.Errorf("cancelled after %d flows, the stream went on for %v", after, took)
		}
	}
	for patience := 100; runtime.NumGoroutine() > running; patience-- {
		if patience == 0 {
			t.Errorf("%d goroutines are left running", runtime.NumGoroutine()-running)
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// testBounds asks for a time instead of a number of flows, for another rate, and
// for neither. first is what the request gives.
func testBounds(t *testing.T, g generator.Generator, request generator.Request, first []*flow.Flow) {
	t.Helper()
	span := func(flows []*flow.Flow) time.Duration {
		return time.Duration(flows[len(flows)-1].Start() - flows[0].Start())
	}
	timed := request
	timed.Flows, timed.Duration = 0, span(first)/2
	flows := collect(t, g, timed)
	timed.Flows = len(flows)
	for _, problem := range Check(flows, timed) {
		t.Errorf("%v: %v", timed.Duration, problem)
	}
	if len(flows) == 0 || span(flows) > timed.Duration {
		t.Errorf("in %v: %d flows, the last too late", timed.Duration, len(flows))
	}
	if timed.Flows > 1 {
		timed.Flows /= 2
		if n := len(collect(t, g, timed)); n != timed.Flows {
			t.Errorf("%d flows where both bounds are given, want the %d that come first", n, timed.Flows)
		}
	}
	quick := request
	quick.RateFactor = 2
	if ratio := float64(span(first)) / float64(span(collect(t, g, quick))); ratio < 1.5 || ratio > 2.7 {
		t.Errorf("at twice the rate the flows take %.2f times less, want about 2", ratio)
	}
	for _, bad := range []generator.Request{{}, {Flows: -1}, {Duration: -1}, {Flows: 1, RateFactor: -1}} {
		var last error
		for _, err := range g.Flows(context.Background(), bad) {
			last = err
		}
		if last == nil {
			t.Errorf("%d flows in %v at %g times the rate: no error", bad.Flows, bad.Duration, bad.RateFactor)
		}
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

// collect draws all flows of a request.
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

// same reports whether flows have the same packets.
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

// Benchmark draws flows from a generator; an operation is a flow.
func Benchmark(b *testing.B, g generator.Generator) {
	packets := 0
	for f, err := range g.Flows(context.Background(), generator.Request{Flows: b.N, Seed: 1}) {
		if err != nil {
			b.Fatal(err)
		}
		packets += len(f.Packets)
	}
	b.ReportMetric(float64(packets)/b.Elapsed().Seconds(), "packets/s")
	b.ReportMetric(float64(packets)/float64(b.N), "packets/flow")
}
