package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
)

func (c *command) reportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "report RUN",
		Short: "Write a run's report.html again, as this version does",
		Long: `Writes report.html of a finished run again from the files of the run, as this version
of the program writes it. Nothing is computed, and the other files stay as they are.`,
		Example:           "  go run ./experiments report quickstart",
		Args:              arguments(1, 1, wantedRun),
		ValidArgsFunction: c.completeRun,
		RunE: func(_ *cobra.Command, args []string) error {
			m, err := run.Find(c.runs, args[0])
			if err != nil {
				return err
			}
			data := report.Load(m)
			err = m.Replace("report.html", func(w io.Writer) error { return report.Write(w, data) })
			if err != nil {
				return err
			}
			for _, text := range data.Missing {
				fmt.Fprintf(c.err, "warning: %s\n", text)
			}
			if c.json {
				return printJSON(c.out, map[string]string{"report": m.Path("report.html")})
			}
			_, err = fmt.Fprintln(c.out, m.Path("report.html"))
			return err
		},
	}
}
