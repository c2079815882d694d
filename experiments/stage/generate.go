package stage

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/payload"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/datasets/tcp"
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
func (p *pipeline) plan() (*address.Plan, error) {
	plan, err := address.Fit(p.data.training, address.FitOptions{KeepAddresses: p.run.Spec.Config.Generate.KeepAddresses})
	if err != nil {
		return nil, err
	}
	return plan, p.run.WriteFile("model/plan.json", plan.Write)
}

// examples reads the capture again for what its packets say, which flows do not
// keep, and saves it, if payloads are to be copied.
func (p *pipeline) examples() ([]payload.Example, error) {
	if p.run.Spec.Config.Generate.Payload != payload.Copy {
		return nil, nil
	}
	d := p.run.Spec.Config.Data
	r, name, err := OpenData(d)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var radio choice
	labelled := assembler(d).Label(radio.of(limited(p.ctx, Packets(r, d.Path, name, d.Application), d.Limit), d))
	examples, err := payload.Gather(func(yield func(flow.Packet, error) bool) {
		for packet, err := range labelled {
			if err == nil && packet.Application != d.Application {
				continue
			}
			if !yield(packet, err) {
				return
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return examples, p.run.WriteFile(trained.ExamplesName, func(w io.Writer) error { return payload.WriteExamples(w, examples) })
}

// generate draws flows, frames them, and writes the capture and its tables in
// one pass; then it reads the capture back, as anybody would.
func (p *pipeline) generate() error {
	plan, err := p.plan()
	if err != nil {
		return err
	}
	examples, err := p.examples()
	if err != nil {
		return err
	}
	source, err := trained.New(trained.Part{Generator: p.source, Plan: plan, Examples: examples, Traffic: p.data.facts})
	if err != nil {
		return err
	}
	options := p.run.Spec.Config.Generate.Framing(source.Uplinks())
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
func (p *pipeline) write(frames iter.Seq2[tcp.Frame, error], a trained.Amount, source *trained.Source, link tcp.Link) (packets int64, err error) {
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
func (p *pipeline) readBack(wrote int64, link tcp.Link) ([]*flow.Flow, error) {
	const name = "generated.pcap"
	path, err := p.run.Path(name)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d := p.run.Spec.Config.Data
	var read int64
	packets := func(yield func(flow.Packet, error) bool) {
		for packet, err := range limited(p.ctx, Packets(f, path, name, d.Application), 0) {
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
	datagrams := p.data.facts.Uplinks && link == tcp.Semtech // of which some are acknowledgements
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
