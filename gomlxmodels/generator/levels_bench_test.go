package generator_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
)

// BenchmarkPackets draws packets from labels of the chain, 65,536 at a time.
func BenchmarkPackets(b *testing.B) {
	g, err := generator.Fit(context.Background(), devicetest.XLA(b), generator.KindPaper, tiny(), gentest.Flows(100, rand.NewPCG(1, 1)), generator.Observer{})
	if err != nil {
		b.Fatal(err)
	}
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
	segments, err := generator.Segments(gentest.Uplinks(60, 24*time.Hour, rand.NewPCG(2, 2)), 16)
	if err != nil {
		b.Fatal(err)
	}
	for _, kind := range kinds {
		b.Run(kind, func(b *testing.B) {
			cfg := tiny()
			cfg.Variant, cfg.NoFlow, cfg.Lanes = feature.LoRaWAN, true, 1024
			g, err := generator.Fit(context.Background(), devicetest.XLA(b), kind, cfg, segments, generator.Observer{})
			if err != nil {
				b.Fatal(err)
			}
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
