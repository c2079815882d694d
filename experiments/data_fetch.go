package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/datasets/catalog"
	"github.com/necstgen/necstgen/experiments/run"
)

func (c *command) dataFetchCommand() *cobra.Command {
	var options catalog.FetchOptions
	cmd := &cobra.Command{
		Use:     "fetch NAME",
		Short:   "Download a data set and check it",
		Example: "  go run ./experiments data fetch necstgen",
		Long: "Downloads a data set, or one file of it. A download that was cut is continued, and a file has its name only when its\n" +
			"size and digest are right. NAME may also be a file of a data set, NAME/FILE. Data sets lie in $NECSTGEN_DATA, or in necstgen/data\n" +
			"in the user's cache folder.",
		Args: arguments(1, 1, "the name of a data set, as data list prints it"),
		RunE: func(cmd *cobra.Command, args []string) error { return c.dataFetch(cmd.Context(), args[0], options) },
	}
	cmd.Flags().StringVar(&options.From, "from", "", "copy the files from this folder, for machines without internet")
	cmd.Flags().BoolVar(&options.AcceptUnknown, "accept-unknown", false, "take a file whose digest nobody has published, and note its digest")
	return cmd
}

// dataFetch fetches a data set and prints where its files lie.
func (c *command) dataFetch(ctx context.Context, name string, options catalog.FetchOptions) error {
	sets := new(catalog.Catalog)
	err := c.fetch(ctx, sets, name, options)
	if errors.Is(err, catalog.ErrUnknownDigest) {
		return fmt.Errorf("%w (add --accept-unknown)", err)
	}
	if err != nil {
		return err
	}
	info, err := sets.Get(name)
	if err != nil {
		return err
	}
	if info.Embedded() {
		return printLine(c.out, "%s is part of the program", info.Name)
	}
	if n := len(info.Files) - sets.Here(info); n > 0 && name == info.Name {
		c.say(fmt.Sprintf("left out %d of %d files: their digests are not published: add --accept-unknown to fetch them too", n, len(info.Files)))
	}
	paths, err := sets.Paths(name)
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(c.out, map[string]any{"name": info.Name, "files": paths})
	}
	return printLine(c.out, "%s", strings.Join(paths, "\n"))
}

// fetch fetches a data set and shows the progress of each of its files.
func (c *command) fetch(ctx context.Context, sets *catalog.Catalog, name string, options catalog.FetchOptions) error {
	out := c.terminal()
	var shown run.Progress
	var file string
	options.Progress = func(p catalog.Progress) {
		if shown == nil || p.File != file {
			if shown != nil {
				shown.Done()
			}
			shown, file = out.Progress(), p.File
			shown.Start(p.File, p.Total, "bytes")
		}
		shown.Set(p.Done)
	}
	err := sets.Fetch(ctx, name, options)
	if shown != nil {
		shown.Done()
	}
	return err
}
