package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/figure"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
)

func (c *command) reportCommand() *cobra.Command {
	var folder string
	formats := figure.Formats()
	cmd := &cobra.Command{
		Use:   "report RUN",
		Short: "Write a run's report again, as this version does",
		Long: `Writes report.html and report.md of a finished run again from the files of the run, as
this version of the program writes them. Nothing is computed, and the other files stay
as they are. With --figures it writes the report's figures, too: for a paper or slides,
as SVG, PNG (200 dots per inch) and PDF, into the folder that it names.`,
		Example: "  go run ./experiments report quickstart\n" +
			"  go run ./experiments report quickstart --figures paper --format pdf",
		Args:              arguments(1, 1, wantedRun),
		ValidArgsFunction: c.completeRun,
		RunE:              func(_ *cobra.Command, args []string) error { return c.report(args[0], folder, formats) },
	}
	cmd.Flags().StringVar(&folder, "figures", "", "`FOLDER` for the figures, as NAME.FORMAT")
	cmd.Flags().StringSliceVar(&formats, "format", formats, "with --figures, the `FORMATS`: some of "+strings.Join(figure.Formats(), ", "))
	if err := errors.Join(cmd.MarkFlagDirname("figures"), cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))); err != nil {
		panic(err)
	}
	return cmd
}

// report writes the report of a run again and, if a folder is named, its figures.
func (c *command) report(ref, folder string, formats []string) error {
	for _, format := range formats {
		if !slices.Contains(figure.Formats(), format) {
			return usageError{fmt.Errorf("report: --format %s: want some of %s", format, strings.Join(figure.Formats(), ", "))}
		}
	}
	m, err := run.Find(c.runs, ref)
	if err != nil {
		return err
	}
	data := report.Load(m)
	for _, p := range report.Pages() {
		if err := m.Replace(p.Name, func(w io.Writer) error { return p.Write(w, data) }); err != nil {
			return err
		}
	}
	if folder != "" {
		if err := writeFigures(data, folder, formats); err != nil {
			return err
		}
	}
	for _, text := range data.Missing {
		fmt.Fprintf(c.err, "warning: %s\n", text)
	}
	if c.json {
		return printJSON(c.out, map[string]string{"report": m.Path("report.html")})
	}
	_, err = fmt.Fprintln(c.out, m.Path("report.html"))
	return err
}
