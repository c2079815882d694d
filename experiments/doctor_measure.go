package main

import (
	"context"
	"fmt"
	"io"

	"github.com/necstgen/necstgen/experiments/doctor"
)

// measure prints how fast each model is on each backend, and which to take.
func (c *command) measure(ctx context.Context) error {
	progress := c.err
	if c.quiet {
		progress = io.Discard
	}
	m, err := doctor.Measure(ctx, c.backend, progress)
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(c.out, struct {
			doctor.Measurement
			Take []doctor.Take `json:"take"`
		}{m, m.Takes()})
	}
	var rows [][]string
	for _, t := range m.Timings {
		row := []string{t.Model, t.Backend, "-", "-", "-", "-", t.Problem}
		if t.Problem == "" {
			row = []string{t.Model, t.Backend, fmt.Sprintf("%.0f", t.Step), fmt.Sprintf("%.0f", 100*t.Spread),
				fmt.Sprintf("%.0f", t.Rate), fmt.Sprintf("%.2f", t.Rate/m.Fastest(t.Model)), t.Unit}
		}
		rows = append(rows, row)
	}
	if err := printTable(c.out, []string{"MODEL", "BACKEND", "STEP US", "+-%", "PER S", "RATIO", "OF"}, rows); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "\n%s\n", m.Advice())
	return err
}
