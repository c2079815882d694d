package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/wire"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/gomlxmodels/device"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// source is a finished run's generator, ready to draw.
type source struct {
	config    config.Generate
	generator generator.Generator
	plan      *wire.Plan
	start     int64 // nanoseconds
	device    *device.Device
}

// openSource loads what a run saved.
func (c *command) openSource(ctx context.Context, m *run.Manifest) (_ *source, err error) {
	s := &source{config: m.Config.Generate}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.plan, err = readPlan(m.Path("model/plan.json")); err != nil {
		return nil, err
	}
	if s.start, err = firstTime(m.Path("generated.pcap")); err != nil {
		return nil, err
	}
	var backend compute.Backend
	if m.Config.Generator == config.Sampled {
		asked := c.backend
		if asked == "" {
			asked = m.Backend.Name
		}
		if asked == string(config.Auto) {
			asked = ""
		}
		if s.device, err = device.Open(ctx, device.Options{Backend: asked, Out: c.err}); err != nil {
			return nil, err
		}
		backend = s.device.Backend
	}
	kind := string(m.Config.Generator)
	if s.generator, err = generator.Load(backend, kind, m.Path("model/"+kind)); err != nil {
		return nil, fmt.Errorf("generate: %s: %w", m.Dir, err)
	}
	return s, nil
}

func (s *source) close() {
	if s.device != nil {
		s.device.Close()
	}
}

func readPlan(path string) (*wire.Plan, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	defer f.Close()
	return wire.ReadPlan(f, path)
}

// firstTime is the time of a capture's first packet.
func firstTime(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("generate: %w", err)
	}
	defer f.Close()
	for p, err := range pcap.Packets(f, path) {
		return p.Time, err
	}
	return 0, fmt.Errorf("generate: %s has no packet", path)
}

// write draws flows and writes them as a capture. Packets is how many it holds,
// whatever the error.
func (s *source) write(ctx context.Context, w io.Writer, format pcap.WriterOptions, o order, seed uint64, shown run.Progress) (packets int64, err error) {
	capture, err := pcap.NewWriter(w, format)
	if err != nil {
		return 0, err
	}
	fillings := map[config.Payload]wire.Filling{config.Neutral: wire.Dissectable, config.Zero: wire.ZeroPayload, config.Random: wire.RandomPayload}
	options := wire.Options{Payload: fillings[s.config.Payload], MTU: s.config.MTU}
	framer, err := wire.NewFramer(s.plan, options, rand.NewPCG(seed, 1))
	if err != nil {
		return 0, err
	}
	request := generator.Request{Flows: o.flows, Seed: seed, Start: s.start}
	total := o.packets
	if total == 0 {
		total = -1
	}
	shown.Start("generate", total, "packets")
	defer shown.Done()
	packets, err = wire.WriteCapture(ctx, capture, framer.Frames(upTo(s.generator.Flows(ctx, request), o.packets, shown.Set)))
	if closed := capture.Close(); err == nil {
		err = closed
	}
	return packets, err
}

// upTo ends the stream after the flow that brings the packets to limit (0: never)
// and tells how many there are.
func upTo(flows iter.Seq2[*flow.Flow, error], limit int64, count func(int64)) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		var n int64
		for f, err := range flows {
			if err == nil {
				n += int64(len(f.Packets))
				count(n)
			}
			if !yield(f, err) || limit > 0 && n >= limit {
				return
			}
		}
	}
}
