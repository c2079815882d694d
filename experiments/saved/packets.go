package saved

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/gomlxmodels/device"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/artifact"
	"github.com/necstgen/necstgen/gomlxmodels/generator/embedding"
)

// PacketLevel draws single packets, without flows. The caller must close it.
type PacketLevel struct {
	generator.PacketLevel

	Start  int64 // of the training, nanoseconds since 1970-01-01 UTC
	device *device.Device
}

// Close releases the backend.
func (p *PacketLevel) Close() { p.device.Close() }

// OpenPacketLevel loads the packet level of a run: of one that has learnt nothing else,
// or of a generator that has one. Backend and out are those of Open.
func OpenPacketLevel(ctx context.Context, m *run.Manifest, backend string, out io.Writer) (_ *PacketLevel, err error) {
	fail := func(err error) (*PacketLevel, error) { return nil, fmt.Errorf("saved: %s: %w", m.Dir, err) }
	kind, err := kindOf(m)
	if err != nil {
		return fail(err)
	}
	switch {
	case m.Config.Level == config.AggregateLevel:
		return fail(errors.New("it has learnt the level aggregate alone: want a run with level=flow or level=packet"))
	case !kind.Device:
		return fail(fmt.Errorf("its generator, %s, has no packet level: want a run with generator=sampled or generator=paper", kind.Name))
	}
	d, err := openDevice(ctx, kind, m, backend, out)
	if err != nil {
		return fail(err)
	}
	defer func() {
		if err != nil {
			d.Close()
		}
	}()
	path := func(artifact string) (string, error) { return m.Path(artifact), m.Check(artifact) }
	t, err := artifact.Read(path, generator.TrafficName, generator.ReadTraffic)
	if err != nil {
		return fail(err)
	}
	p := &PacketLevel{Start: t.Start, device: d}
	if m.Config.Level == config.PacketLevel {
		p.PacketLevel, err = embedding.LoadLevel(d.Backend, path)
	} else {
		var g generator.Generator
		if g, err = kind.Load(d.Backend, path); err == nil {
			p.PacketLevel = g.(generator.PacketLevel) // as every kind that computes on a device is
		}
	}
	if err != nil {
		return fail(err)
	}
	return p, nil
}
