package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/executor"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/runner"
)

func (c *command) planCommand() *cobra.Command {
	var repeat runner.Repetition
	cmd := &cobra.Command{
		Use:   "plan NAME [key=value...]",
		Short: "What a run would compute, stage by stage, and why",
		Long: `Prints every stage of an experiment: that its result is stored, or why it would run. The
reason is what differs from the stored result that was used last. Nothing is computed;
the data are digested.`,
		Example: "  go run ./experiments plan quickstart\n" +
			"  go run ./experiments plan quickstart lstm.units=48",
		Args:              arguments(1, -1, "the name of an experiment, then key=value as often as needed"),
		ValidArgsFunction: c.completeExperiment,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.plan(cmd.Context(), args[0], c.overrides(cmd, args[1:]), repeat)
		},
	}
	cmd.Flags().BoolVar(&repeat.Force, "force", false, "plan run --force: every stage is made again")
	cmd.Flags().StringVar(&repeat.From, "from", "", "plan run --from `STAGE`")
	return cmd
}

// plan prints the plan of one experiment.
func (c *command) plan(ctx context.Context, name string, overrides []string, repeat runner.Repetition) error {
	p, err := c.runner().Prepare(ctx, name, overrides, repeat)
	if err != nil {
		return err
	}
	defer p.Close()
	steps := executor.Plan(p.Job)
	id := p.Spec.ID()
	if c.json {
		return printJSON(c.out, struct {
			ID    string          `json:"id"`
			Steps []executor.Step `json:"stages"`
		}{id, steps})
	}
	var rows [][]string
	missing := 0
	for _, s := range steps {
		what, took := "stored", "-"
		if !s.Cached {
			what = "runs: " + s.Why
			missing++
		}
		if s.Seconds > 0 {
			took = run.Seconds(s.Seconds)
		}
		rows = append(rows, []string{s.Stage, took, what})
	}
	if err := printTable(c.out, []string{"STAGE", "TOOK", ""}, rows); err != nil {
		return err
	}
	if m := c.runner().Finished(p); m != nil {
		return printLine(c.out, "run %s/%s is finished: run computes nothing", name, id)
	}
	return printLine(c.out, "run %s/%s: %d of %d stages run", name, id, missing, len(steps))
}
