package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/doctor"
)

func (c *command) doctorCommand() *cobra.Command {
	var measure bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "What works here, and how to mend what does not",
		Long: `Examines backends, the NVIDIA driver, disk, the Slurm cluster, the notebooks' kernel and the tools that are
used where they are at hand, and says how to mend what does not work.

With --measure, times the training step of each model and the drawing of packets on every
backend that works, or on the one of --backend, and says which to take. It takes a
minute, with a GPU two, and should be the only work of the machine.`,
		Example: "  go run ./experiments doctor --measure",
		Args:    arguments(0, 0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if measure {
				return c.measure(cmd.Context())
			}
			return c.doctor(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&measure, "measure", false, "time each model on every backend that works")
	return cmd
}

// doctor prints its findings and fails where a run would.
func (c *command) doctor(ctx context.Context) error {
	findings := append(doctor.Examine(ctx, c.runs), notebooks(ctx)...)
	var failed error // of the last finding that a run needs
	var rows [][]string
	for _, f := range findings {
		state := "ok"
		if !f.Works {
			state = "-"
		}
		if !f.Works && f.Needed {
			state = "missing"
		}
		if f.Mend != "" {
			f.Detail += "; to mend it: " + f.Mend
		}
		if state == "missing" {
			failed = fmt.Errorf("doctor: %s: %s", f.What, f.Detail)
		}
		rows = append(rows, []string{state, f.What, f.Detail})
	}
	if c.json {
		if err := printJSON(c.out, findings); err != nil {
			return err
		}
		return failed
	}
	if err := printTable(c.out, []string{"STATE", "WHAT", "DETAIL"}, rows); err != nil {
		return err
	}
	return failed
}
