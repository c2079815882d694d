package stage

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/datasets/wire"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// fillings are the payloads' names in package wire.
var fillings = map[config.Payload]wire.Filling{
	config.Neutral: wire.Dissectable, config.Zero: wire.ZeroPayload, config.Random: wire.RandomPayload,
}

// request is how much a run generates.
func (p *pipeline) request() generator.Request {
	g := p.run.Spec.Config.Generate
	r := generator.Request{Flows: g.Flows, Seed: p.run.Seed("generate"), Start: p.data.training[0].Start()}
	if r.Flows == 0 {
		r.Flows = p.data.flows()
	}
	if !g.Start.IsZero() {
		r.Start = g.Start.UnixNano()
	}
	return r
}

// generate draws flows, frames them, and writes the capture and its tables in
// one pass; then it reads the capture back, as anybody would.
func (p *pipeline) generate() error {
	e := p.run.Spec.Config
	plan, err := wire.FitPlanWith(p.data.training, wire.FitOptions{})
	if err != nil {
		return err
	}
	if err := p.run.WriteFile("model/plan.json", plan.Write); err != nil {
		return err
	}
	framer, err := wire.NewFramer(plan, wire.Options{Payload: fillings[e.Generate.Payload], MTU: e.Generate.MTU}, p.run.Source("wire"))
	if err != nil {
		return err
	}
	request := p.request()
	shown := p.run.Progress()
	shown.Start("generate", int64(request.Flows), "flows")
	flows := counted(upTo(p.source.Flows(p.ctx, request), e.Generate.Packets), shown.Set)
	packets, err := p.write(framer.Frames(flows))
	shown.Done()
	if err != nil {
		return err
	}
	repairs := framer.Repairs()
	if err := p.writeJSON("repairs.json", repairs); err != nil {
		return err
	}
	if p.synthetic, err = p.readBack(packets); err != nil {
		return err
	}
	total := 0
	for _, n := range repairs {
		total += n
	}
	p.run.Note("%d flows, %d packets, %d repairs", len(p.synthetic), packets, total)
	return nil
}

// upTo ends the stream after the flow that brings the packets to limit (0: never).
func upTo(flows iter.Seq2[*flow.Flow, error], limit int64) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		var n int64
		for f, err := range flows {
			if !yield(f, err) {
				return
			}
			if err == nil {
				n += int64(len(f.Packets))
			}
			if limit > 0 && n >= limit {
				return
			}
		}
	}
}

// counted tells how many flows have passed.
func counted(flows iter.Seq2[*flow.Flow, error], set func(int64)) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		var n int64
		for f, err := range flows {
			if err == nil {
				n++
				set(n)
			}
			if !yield(f, err) {
				return
			}
		}
	}
}

// write writes the frames to generated.pcap, generated.parquet and generated.csv.
func (p *pipeline) write(frames iter.Seq2[wire.Frame, error]) (packets int64, err error) {
	var tables []*table.PacketWriter
	var closers []io.Closer
	closeAll := func() {
		for _, c := range closers {
			if e := c.Close(); e != nil && err == nil {
				err = e
			}
		}
		closers = nil
	}
	defer closeAll()
	for name, format := range map[string]table.Format{"generated.parquet": table.Parquet, "generated.csv": table.CSV} {
		file, err := p.run.Create(name)
		if err != nil {
			return 0, err
		}
		t, err := table.NewPacketWriter(file, format)
		if err != nil {
			return 0, fmt.Errorf("%w; %w", err, file.Close())
		}
		tables, closers = append(tables, t), append(closers, t, file)
	}
	err = p.run.WriteFile("generated.pcap", func(w io.Writer) error {
		capture, err := pcap.NewWriter(w, pcap.WriterOptions{})
		if err != nil {
			return err
		}
		packets, err = wire.WriteCapture(p.ctx, capture, teed(frames, tables))
		return err
	})
	return packets, err
}

// teed writes each frame's packet to the tables as it passes.
func teed(frames iter.Seq2[wire.Frame, error], tables []*table.PacketWriter) iter.Seq2[wire.Frame, error] {
	return func(yield func(wire.Frame, error) bool) {
		for frame, err := range frames {
			if err == nil {
				for _, t := range tables {
					if err = t.Write(&frame.Packet); err != nil {
						break
					}
				}
			}
			if !yield(frame, err) {
				return
			}
		}
	}
}

// readBack reads the capture that was written, checks its count, and gathers its
// flows by the same rules as the original's.
func (p *pipeline) readBack(wrote int64) ([]*flow.Flow, error) {
	path, err := p.run.Path("generated.pcap")
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	flows, err := readFlows(p.ctx, f, "generated.pcap", p.run.Spec.Config, wrote)
	return flows, err
}

// readFlows gathers the application's flows of a capture of a known size.
func readFlows(ctx context.Context, r io.Reader, name string, e config.Experiment, wrote int64) ([]*flow.Flow, error) {
	var read int64
	packets := func(yield func(flow.Packet, error) bool) {
		for packet, err := range limited(ctx, pcap.Packets(r, name), 0) {
			read++
			if !yield(packet, err) {
				return
			}
		}
	}
	assembler := assembler(e.Data)
	all, damaged, err := flow.Collect(assembler.Flows(packets))
	if err != nil {
		return nil, err
	}
	if len(damaged) > 0 {
		return nil, fmt.Errorf("%s: %w", name, damaged[0])
	}
	if read != wrote {
		return nil, errCount(name+": packets", wrote, read)
	}
	var kept []*flow.Flow
	for _, f := range all {
		if f.Application == e.Data.Application {
			kept = append(kept, f)
		}
	}
	if len(kept) == 0 {
		return nil, fmt.Errorf("%s: none of its %d flows is recognised as %s", name, len(all), e.Data.Application)
	}
	return kept, nil
}
