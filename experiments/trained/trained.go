// Package trained draws from the models that a finished run has saved.
package trained

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

// Source is a finished run's generator, ready to draw. The caller must close it.
type Source struct {
	config    config.Generate
	generator generator.Generator
	plan      *wire.Plan
	start     int64 // nanoseconds
	device    *device.Device
}

// Open loads what a run saved. Backend is what computes: "" for the run's own,
// "auto" for the best one there is. Messages about it go to out.
func Open(ctx context.Context, m *run.Manifest, backend string, out io.Writer) (_ *Source, err error) {
	s := &Source{config: m.Config.Generate}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.plan, err = readPlan(m.Path("model/plan.json")); err != nil {
		return nil, err
	}
	if s.start, err = firstTime(m.Path("generated.pcap")); err != nil {
		return nil, err
	}
	var b compute.Backend
	if m.Config.Generator != config.Chain && m.Config.Generator != config.Bootstrap {
		if backend == "" {
			backend = m.Backend.Name
		}
		if backend == string(config.Auto) {
			backend = ""
		}
		if s.device, err = device.Open(ctx, device.Options{Backend: backend, Out: out}); err != nil {
			return nil, err
		}
		b = s.device.Backend
	}
	kind := string(m.Config.Generator)
	if s.generator, err = generator.Load(b, kind, m.Path("model/"+kind)); err != nil {
		return nil, fmt.Errorf("trained: %s: %w", m.Dir, err)
	}
	return s, nil
}

// Close releases the backend.
func (s *Source) Close() {
	if s.device != nil {
		s.device.Close()
	}
}

func readPlan(path string) (*wire.Plan, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("trained: %w", err)
	}
	defer f.Close()
	return wire.ReadPlan(f, path)
}

// firstTime is the time of a capture's first packet.
func firstTime(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("trained: %w", err)
	}
	defer f.Close()
	for p, err := range pcap.Packets(f, path) {
		return p.Time, err
	}
	return 0, fmt.Errorf("trained: %s has no packet", path)
}

// Amount is how much to draw.
type Amount struct {
	Flows   int    // at most; more than 0
	Packets int64  // end after the flow that reaches so many; 0: no limit
	Seed    uint64 // of every choice
}

// framesAhead is how many frames are made before they are written, in a goroutine
// of their own: drawing and framing use one core, writing another.
const framesAhead = 4096

// Write draws flows and writes them as a capture, which it closes. However it
// ends, what was written is a valid capture, and packets is how many it holds.
// Shown is told the packets of the flows drawn so far, from one other goroutine.
func (s *Source) Write(ctx context.Context, w io.Writer, format pcap.WriterOptions, a Amount, shown func(packets int64)) (packets int64, err error) {
	capture, err := pcap.NewWriter(w, format)
	if err != nil {
		return 0, err
	}
	fillings := map[config.Payload]wire.Filling{config.Neutral: wire.Dissectable, config.Zero: wire.ZeroPayload, config.Random: wire.RandomPayload}
	options := wire.Options{Payload: fillings[s.config.Payload], MTU: s.config.MTU}
	framer, err := wire.NewFramer(s.plan, options, rand.NewPCG(a.Seed, 1))
	if err != nil {
		return 0, err
	}
	request := generator.Request{Flows: a.Flows, Seed: a.Seed, Start: s.start}
	frames := framer.Frames(upTo(s.generator.Flows(ctx, request), a.Packets, shown))
	packets, err = wire.WriteCapture(ctx, capture, wire.Ahead(frames, framesAhead))
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
