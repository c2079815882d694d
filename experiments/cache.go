package main

import (
	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/datasets/disk"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
)

func (c *command) cacheCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cache",
		Short: "What the stages of earlier runs have stored",
		Long: `What a stage has made is stored in .cache below the folder of runs, by the digest of
all that decides it: a run with the same settings, data and device takes it from there.`,
		Example: "  go run ./experiments cache list",
		Args:    c.noCommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	keep := 3
	prune := &cobra.Command{
		Use:     "prune",
		Short:   "Remove all but the results of each stage that were used last",
		Long:    "Removes stored results, apart from the few of each stage that were used last, and what commands\nthat were killed have left among the runs. Runs keep their files; a removed result that is\nneeded again is computed again.",
		Example: "  go run ./experiments cache prune --keep 5",
		Args:    arguments(0, 0, "no argument"),
		RunE:    func(*cobra.Command, []string) error { return c.pruneCache(keep) },
	}
	prune.Flags().IntVar(&keep, "keep", keep, "keep `N` results of each stage, those used last")
	cmd.AddCommand(prune, &cobra.Command{
		Use:     "list",
		Short:   "Every stored result, with its size and when it was used last",
		Example: "  go run ./experiments cache list",
		Args:    arguments(0, 0, "no argument"),
		RunE:    func(*cobra.Command, []string) error { return c.listCache() },
	})
	return cmd
}

// listCache prints what is stored.
func (c *command) listCache() error {
	all, err := c.runner().Store().List()
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(c.out, append([]store.Usage{}, all...)) // [], not null
	}
	var rows [][]string
	for _, u := range all {
		rows = append(rows, []string{u.Stage, u.Key[:12], disk.Size(float64(u.Bytes)), run.Seconds(u.Seconds), u.Used.Local().Format("2006-01-02 15:04"), u.Note})
	}
	if err := printTable(c.out, []string{"STAGE", "KEY", "SIZE", "TOOK", "USED", ""}, rows); err != nil {
		return err
	}
	return printLine(c.out, "%d results, %s", len(all), totalSize(all))
}

// totalSize returns the size of all files of stored results together.
func totalSize(all []store.Usage) string {
	bytes := int64(0)
	for _, u := range all {
		bytes += u.Bytes
	}
	return disk.Size(float64(bytes))
}
