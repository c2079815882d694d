package experiment

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/frame"
	"github.com/necstgen/necstgen/experiments/figure"
	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/gmm"
	"github.com/necstgen/necstgen/kernel-helpers/notebook"
)

// Generate draws an amount of flows from what a finished run has learnt and writes their
// packets to files: captures and tables, by their names' endings as output.KindOf has them.
// What the amount leaves open is as the run's configuration has it, and the seed the one
// after the run's. It shows how many packets each file has.
func Generate(ref string, amount saved.Amount, outs ...string) {
	ctx, stop := interruptible()
	defer stop()
	check(ctx, generate(ctx, ref, amount, outs), "what was written by then is whole; run this cell again to begin anew")
}

func generate(ctx context.Context, ref string, amount saved.Amount, outs []string) (err error) {
	m, err := find(ref)
	if err != nil {
		return err
	}
	v := newView("generate", []string{ref})
	source, err := saved.Open(ctx, []*run.Manifest{m}, "", v)
	if err != nil {
		return err
	}
	defer source.Close()
	amount = amount.With(m.Config)
	options := m.Config.Generate.Framing(source.Uplinks())
	framer, err := source.Framer(options, amount.Seed)
	if err != nil {
		return err
	}
	packets, bytes := source.Estimate(amount)
	if err := output.Room(outs, packets, bytes); err != nil {
		return err
	}
	files, err := output.Create(output.WithFlows(outs), output.Options{Link: options.Link}, nil)
	if err != nil {
		return err
	}
	v.Start("generate", int64(min(packets, math.MaxInt64/2)), "packets")
	_, err = output.Write(ctx, framer.Frames(source.Flows(ctx, amount)), v.Set, files.Sinks()...)
	err = errors.Join(err, files.Close())
	if err != nil {
		return err
	}
	return v.output.Finish(written(files.All))
}

// written returns files and what they hold as a table.
func written(files []*output.File) report.Table {
	t := report.Table{Title: "Written", Heads: []string{"file", "", "of"}, Right: []bool{false, true, false}}
	for _, f := range files {
		t.Rows = append(t.Rows, []string{filepath.Base(f.Path), output.Thousands(f.Written()), f.Kind.Unit()})
	}
	return t
}

// find opens a run.
func find(ref string) (*run.Manifest, error) {
	dir, err := notebook.Runs()
	if err != nil {
		return nil, err
	}
	return run.Find(dir, ref)
}

// PacketLevel draws so many packets from the lowest level of a run's generator, without
// flows: the chain draws labels, each label's Gaussian a point, and the decoder features,
// which are the columns beside the label.
func PacketLevel(ref string, packets int) *frame.Frame {
	ctx, stop := interruptible()
	defer stop()
	m, err := find(ref)
	if err != nil {
		return frame.New(nil, err)
	}
	level, err := saved.OpenPacketLevel(ctx, m, "", nil)
	if err != nil {
		return frame.New(nil, err)
	}
	defer level.Close()
	src := rand.NewPCG(m.Config.Seed+1, 2)
	labels, err := level.ChainLabels(packets, src)
	if err != nil {
		return frame.New(nil, err)
	}
	drawn, err := level.Packets(labels, level.Start, src)
	if err != nil {
		return frame.New(nil, err)
	}
	return frame.Rows(drawn.Table())
}

// AggregateLevel draws so many flows from the aggregate level of a run's generator: of each
// its packets, the seconds since the start of the flow before, and since that of the first.
func AggregateLevel(ref string, flows int) *frame.Frame {
	ctx, stop := interruptible()
	defer stop()
	m, err := find(ref)
	if err != nil {
		return frame.New(nil, err)
	}
	level, start, err := saved.OpenAggregate(m)
	if err != nil {
		return frame.New(nil, err)
	}
	amount := saved.Amount{Flows: flows, Start: start}.With(m.Config)
	rows := level.Draw(ctx, generator.Request{Flows: amount.Flows, RateFactor: amount.RateFactor, Seed: amount.Seed, Start: amount.Start})
	return frame.Rows(saved.AggregateColumns(), saved.AggregateRows(rows))
}

// mixturePoints is how many points a figure of a mixture has at most.
const mixturePoints = 3000

// Mixture draws points [n, 2 or more], coloured by the component of a mixture that each is
// labelled with, and the mixture's components: the first two dimensions of both. Of many
// points an even selection is drawn.
func Mixture(title string, x mat.Matrix, m *gmm.Model) (*figure.Figure, error) {
	n, columns := x.Dims()
	if columns < 2 || columns != m.Columns() {
		return nil, fmt.Errorf("experiment: points of %d columns and a mixture of %d: want as many, at least 2", columns, m.Columns())
	}
	var points [][2]float64
	var labels []int
	for i := 0; i < n; i += max(1, n/mixturePoints) {
		row := mat.Row(nil, i, x)
		points, labels = append(points, [2]float64{row[0], row[1]}), append(labels, m.Label(row))
	}
	components := make([]figure.Component, m.Components())
	for k := range components {
		c := m.Covariances[k]
		components[k] = figure.Component{Weight: m.Weights[k], Mean: [2]float64(m.Means[k][:2]),
			Covariance: [2][2]float64{{c.At(0, 0), c.At(0, 1)}, {c.At(1, 0), c.At(1, 1)}}}
	}
	return figure.Mixture(title, "first dimension", "second dimension", points, labels, components)
}
