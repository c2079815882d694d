package stage

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/datasets/wire"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/experiments/trained"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// amount is how much a run generates: without any bound, as many flows as the
// capture has, or as many packets where there are no flows.
func (p *pipeline) amount() trained.Amount {
	g := p.run.Spec.Config.Generate
	a := trained.Amount{Flows: g.Flows, Packets: g.Packets, Duration: time.Duration(g.Duration), RateFactor: g.RateFactor,
		Seed: p.run.Seed("generate"), Start: p.data.training[0].Start()}
	switch {
	case a.Flows != 0 || a.Packets != 0 || a.Duration != 0:
	case p.data.segment > 0:
		a.Packets = p.data.facts.Packets
	default:
		a.Flows = p.data.flows()
	}
	if !g.Start.IsZero() {
		a.Start = g.Start.UnixNano()
	}
	return a
}

// plan learns the hosts.
func (p *pipeline) plan() (*wire.Plan, error) {
	g := p.run.Spec.Config.Generate
	plan, err := wire.FitPlanWith(p.data.training, wire.FitOptions{KeepAddresses: g.KeepAddresses})
	if err != nil {
		return nil, err
	}
	if g.Payload == config.Copy {
		if plan.Examples, err = p.examples(); err != nil {
			return nil, err
		}
	}
	return plan, p.run.WriteFile("model/plan.json", plan.Write)
}

// examples reads the capture again for what its packets say: flows do not keep it.
func (p *pipeline) examples() ([]wire.Example, error) {
	d := p.run.Spec.Config.Data
	data, err := OpenData(p.ctx, d)
	if err != nil {
		return nil, err
	}
	defer data.Close()
	labelled := assembler(d).Label(data.Packets(p.ctx, selection(d)))
	return wire.Examples(func(yield func(flow.Packet, error) bool) {
		for packet, err := range labelled {
			if err == nil && packet.Application != d.Application {
				continue
			}
			if !yield(packet, err) {
				return
			}
		}
	})
}

// generate draws flows, frames them, and writes the capture and its tables in
// one pass; then it reads the capture back, as anybody would.
func (p *pipeline) generate() error {
	plan, err := p.plan()
	if err != nil {
		return err
	}
	source, err := trained.New(trained.Part{Generator: p.source, Plan: plan, Traffic: p.data.facts})
	if err != nil {
		return err
	}
	options, err := p.run.Spec.Config.Generate.Wire(source.Uplinks())
	if err != nil {
		return err
	}
	amount := p.amount()
	framer, err := source.Framer(options, amount.Seed)
	if err != nil {
		return err
	}
	packets, err := p.write(framer.Frames(source.Flows(p.ctx, amount)), amount, source, options.Link)
	if err != nil {
		return err
	}
	repairs := framer.Repairs()
	if err := p.writeJSON("repairs.json", repairs); err != nil {
		return err
	}
	if p.synthetic, err = p.readBack(packets, options.Link); err != nil {
		return err
	}
	total := 0
	for _, n := range repairs {
		total += n
	}
	p.run.Note("%d %s, %d packets, %d repairs", len(p.synthetic), p.unit(), packets, total)
	return nil
}

// unit is what the run's flows are called.
func (p *pipeline) unit() string {
	if p.data.segment > 0 {
		return "segments"
	}
	return "flows"
}

// write writes the frames to generated.pcap, generated.parquet and generated.csv.
func (p *pipeline) write(frames iter.Seq2[wire.Frame, error], a trained.Amount, source *trained.Source, link wire.Link) (packets int64, err error) {
	var sinks []output.Sink
	var files []io.Closer
	defer func() {
		for _, c := range files {
			if closed := c.Close(); err == nil {
				err = closed
			}
		}
	}()
	for _, name := range []string{"generated.pcap", "generated.parquet", "generated.csv"} {
		file, err := p.run.Create(name)
		if err != nil {
			return 0, err
		}
		var sink output.Sink
		if format, failed := table.FormatOf(name); failed == nil {
			sink, err = output.Table(file, format)
		} else {
			sink, err = output.Capture(file, pcap.WriterOptions{LinkType: link.Type()})
		}
		if err != nil {
			return 0, errors.Join(err, file.Close())
		}
		sinks, files = append(sinks, sink), append(files, sink, file)
	}
	total, _ := source.Estimate(a)
	shown := p.run.Progress()
	shown.Start("generate", int64(total), "packets")
	defer shown.Done()
	return output.Write(p.ctx, frames, shown.Set, sinks...)
}

// readBack reads the capture that was written, checks its count, and gathers its
// flows by the same rules as the original's.
func (p *pipeline) readBack(wrote int64, link wire.Link) ([]*flow.Flow, error) {
	const name = "generated.pcap"
	path, err := p.run.Path(name)
	if err != nil {
		return nil, err
	}
	data, err := trace.OpenFile(p.ctx, path, nil)
	if err != nil {
		return nil, err
	}
	defer data.Close()
	data.Name = name
	d := p.run.Spec.Config.Data
	var read int64
	packets := func(yield func(flow.Packet, error) bool) {
		for packet, err := range data.Packets(p.ctx, trace.Selection{Application: d.Application}) {
			read++
			if !yield(packet, err) {
				return
			}
		}
	}
	all, damaged, err := flow.Collect(assembler(d).Flows(packets))
	if err != nil {
		return nil, err
	}
	if len(damaged) > 0 {
		return nil, fmt.Errorf("%s: %w", name, damaged[0])
	}
	datagrams := p.data.facts.Uplinks && link == wire.Ethernet // of which some are acknowledgements
	if read != wrote && !datagrams || read == 0 {
		return nil, fmt.Errorf("%s: wrote %d packets, read back %d: the capture is not what it should be", name, wrote, read)
	}
	p.recognised(all, d.Application)
	if p.data.segment > 0 {
		return generator.Segments(all, p.data.segment)
	}
	return all, nil
}

// recognised warns of flows that do not look like the application that they are
// of, and makes them of it.
func (p *pipeline) recognised(flows []*flow.Flow, app flow.Application) {
	strange := 0
	for _, f := range flows {
		if f.Application != app {
			f.Application = app
			strange++
		}
	}
	if strange > 0 {
		p.run.Warn("%d of the %d generated flows are not recognised as %s by their ports and first bytes", strange, len(flows), app)
	}
}
