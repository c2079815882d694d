package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/run"
)

func (c *command) runCommand() *cobra.Command {
	var repeat repetition
	cmd := &cobra.Command{
		Use:   "run NAME [key=value...]",
		Short: "Learn a capture, generate another one, score it and write a report",
		Long: `Runs an experiment. Stages whose settings, data and device are those of an earlier run
are taken from there, and a run that has finished is not computed again. What was
interrupted or has failed goes on from where it was.`,
		Example: "  go run ./experiments run quickstart\n" +
			"  go run ./experiments run http generator=markov seed=2\n" +
			"  go run ./experiments run capture data.path=my.pcap data.application=SMTP\n" +
			"  go run ./experiments run quickstart --from lstm",
		Args:              arguments(1, -1, "the name of an experiment, then key=value as often as needed"),
		ValidArgsFunction: c.completeExperiment,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd.Context(), args[0], c.overrides(cmd, args[1:]), repeat)
		},
	}
	cmd.Flags().BoolVar(&repeat.force, "force", false, "make every stage again, whether or not it is stored")
	cmd.Flags().StringVar(&repeat.from, "from", "", "make this `STAGE` and all that depends on it again")
	return cmd
}

// run runs one experiment to its end, and prints its scores and its folder.
func (c *command) run(ctx context.Context, name string, overrides []string, repeat repetition) error {
	m, fresh, err := c.finish(ctx, name, overrides, repeat)
	if err != nil {
		return err
	}
	if fresh {
		if err := c.printClosing(m); err != nil {
			return err
		}
	}
	return c.printRun(m)
}

// finish makes a finished run of an experiment. It is not fresh where it was one before.
func (c *command) finish(ctx context.Context, name string, overrides []string, repeat repetition) (m *run.Manifest, fresh bool, err error) {
	p, err := c.prepare(ctx, name, overrides, repeat)
	if err != nil {
		return nil, false, err
	}
	defer p.Close()
	out := c.terminal()
	dir := filepath.Join(c.runs, name, p.Spec.ID())
	// A run whose files were changed takes them out of the store again.
	if m, err := run.Open(dir); err == nil && len(p.Job.Again) == 0 && run.Verify(dir) == nil {
		out.Printf("it finished on %s and is not computed again (--force does)\n", m.Finished.Local().Format("2006-01-02 15:04:05"))
		return m, false, nil
	}
	r, err := p.Run(ctx, c.runs, run.Options{Out: out, Source: run.ReadSource(ctx, ".")})
	if err != nil && len(p.Job.Again) > 0 {
		return nil, false, stoppedError{err, ": run it again without --force or --from to go on from here"}
	}
	if err != nil {
		return nil, false, err
	}
	m, err = run.Open(r.Dir())
	return m, true, err
}

// printRun prints the line that a run ends with, or its manifest as JSON.
func (c *command) printRun(m *run.Manifest) error {
	if !c.json {
		_, err := fmt.Fprintf(c.out, "run: %s\n", m.Dir)
		return err
	}
	return printJSON(c.out, struct {
		Dir string `json:"run"`
		*run.Manifest
	}{m.Dir, m})
}
