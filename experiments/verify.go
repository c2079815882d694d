package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/run"
)

// wantedRun says in messages how a run is named.
const wantedRun = "a run folder, an experiment (its latest run), experiment/id, or the name of a run"

func (c *command) verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify RUN",
		Short: "Digest every file of a run again and compare with its manifest",
		Long: `Digests every file of a finished run again. What is missing, is not what the manifest
says, or is not in the manifest is named, and the exit code is 1.`,
		Example:           "  go run ./experiments verify quickstart",
		Args:              arguments(1, 1, wantedRun),
		ValidArgsFunction: c.completeRun,
		RunE: func(_ *cobra.Command, args []string) error {
			m, err := run.Find(c.runs, args[0])
			if err != nil {
				return err
			}
			if err := run.Verify(m.Dir); err != nil {
				return fmt.Errorf("%s is not what its manifest says:\n%w", m.Dir, err)
			}
			if c.json {
				return printJSON(c.out, map[string]any{"run": m.Dir, "artifacts": len(m.Artifacts), "verified": true})
			}
			_, err = fmt.Fprintf(c.out, "%s: %d files as the manifest says\n", m.Dir, len(m.Artifacts))
			return err
		},
	}
}
