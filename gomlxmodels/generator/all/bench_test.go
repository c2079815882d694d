package all_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
	"github.com/necstgen/necstgen/gomlxmodels/generator/paper"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

// BenchmarkPackets draws packets from labels of the chain, 65,536 at a time.
func BenchmarkPackets(b *testing.B) {
	g := gentest.Learn(b, devicetest.XLA(b), paper.Name, gentest.Small(), gentest.Flows(100, rand.NewPCG(1, 1))).Load(b)
	level, src := g.(generator.PacketLevel), rand.NewPCG(3, 3)
	labels, err := level.ChainLabels(1<<16, src)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := level.Packets(labels, 0, src); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(labels))/b.Elapsed().Seconds(), "packets/s")
}

// BenchmarkUplinkTimeline draws a LoRaWAN gateway's timeline of 60 devices.
func BenchmarkUplinkTimeline(b *testing.B) {
	segments, err := timeline.Segments(gentest.Uplinks(60, 24*time.Hour, rand.NewPCG(2, 2)), 16)
	if err != nil {
		b.Fatal(err)
	}
	for _, k := range generator.Kinds() {
		b.Run(k.Name, func(b *testing.B) {
			s := gentest.Small()
			s.NoFlow = true
			g := gentest.Learn(b, devicetest.XLA(b), k.Name, s, segments).Load(b)
			packets := 0
			for b.Loop() {
				for f, err := range g.Flows(context.Background(), generator.Request{Flows: 8192, Seed: 1, Start: later}) {
					if err != nil {
						b.Fatal(err)
					}
					packets += len(f.Packets)
				}
			}
			b.ReportMetric(float64(packets)/b.Elapsed().Seconds(), "packets/s")
		})
	}
}
