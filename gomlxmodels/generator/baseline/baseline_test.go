package baseline_test

import (
	"math/rand/v2"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/baseline"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
)

func TestFitRefuses(t *testing.T) {
	if _, err := baseline.FitMarkov(5, nil, false); err == nil {
		t.Error("a chain was counted over no flow")
	}
	if _, err := baseline.FitBootstrap(nil, false); err == nil {
		t.Error("a bootstrap of no flow was made")
	}
}

// Flows without ports keep the protocol and the kind of each message.
func TestMarkovMessages(t *testing.T) {
	var flows []*flow.Flow
	for i := range int64(40) {
		proto, kinds := uint8(0), []flow.MessageKind{flow.ARPRequest, flow.ARPReply}
		if i%2 == 1 {
			proto, kinds = flow.ICMP, []flow.MessageKind{8 << 8, 0}
		}
		f := &flow.Flow{ID: i, Application: flow.Other, Tuple: flow.FiveTuple{Proto: proto}, Before: (i - 1) * 1e9}
		for k, kind := range kinds {
			f.Packets = append(f.Packets, flow.Packet{Time: i*1e9 + int64(k)*1e6, Length: 60, HeaderLength: 42, Direction: flow.Direction(k),
				Tuple: f.Tuple, Message: &flow.Message{Kind: kind}})
		}
		flows = append(flows, f)
	}
	g, err := baseline.FitMarkov(5, flows, false)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[uint8]int)
	for f, err := range g.Flows(t.Context(), generator.Request{Flows: 50, Seed: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		seen[f.Tuple.Proto]++
		want := flows[0]
		if f.Tuple.Proto == flow.ICMP {
			want = flows[1]
		}
		for i := range f.Packets {
			if p := &f.Packets[i]; !f.Portless() || p.Message == nil || *p.Message != *want.Packets[i].Message || p.Tuple.Proto != want.Tuple.Proto {
				t.Fatalf("flow %d, packet %d: %+v", f.ID, i, p)
			}
		}
	}
	if seen[0] == 0 || seen[flow.ICMP] == 0 {
		t.Errorf("flows by protocol: %v", seen)
	}
}

// Drawing flows, one an operation.
func BenchmarkFlows(b *testing.B) {
	flows := gentest.Flows(300, rand.NewPCG(1, 1))
	b.Run("markov", func(b *testing.B) {
		g, err := baseline.FitMarkov(5, flows, false)
		if err != nil {
			b.Fatal(err)
		}
		b.ResetTimer()
		gentest.Benchmark(b, g)
	})
	b.Run("bootstrap", func(b *testing.B) {
		g, err := baseline.FitBootstrap(flows, false)
		if err != nil {
			b.Fatal(err)
		}
		b.ResetTimer()
		gentest.Benchmark(b, g)
	})
}
