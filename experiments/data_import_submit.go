package main

import (
	"context"
	"path/filepath"

	"github.com/necstgen/necstgen/experiments/convert"
	"github.com/necstgen/necstgen/experiments/shard"
	"github.com/necstgen/necstgen/experiments/slurm"
)

// submitImport has a cluster make a table of each file, and then merge them, or prints how.
func (c *command) submitImport(ctx context.Context, files []string, o convert.Options, p partOptions) error {
	title := shard.Title(o.Packets)
	beside := filepath.Join(filepath.Dir(o.Packets), title)
	folder := beside + ".parts"
	parts, err := c.array(p.executor, "parts-"+title, beside+".slurm")
	if err != nil {
		return err
	}
	merge := parts
	parts.Args, parts.Items, parts.Stop = []string{"data", "import", "--parts=" + folder}, files, true
	merge.Name, merge.PerTask = "merge-"+title, 1
	merge.Args = []string{"data", "import"}
	for _, file := range files {
		merge.Args = append(merge.Args, convert.PartName(folder, file))
	}
	merge.Args = append(merge.Args, p.given...)
	merge.Items = []string{"--out=" + o.Packets}
	arrays := []slurm.Array{parts, merge}
	if p.dryRun {
		return c.printScripts(ctx, arrays, slurm.Dependency{})
	}
	return c.submit(ctx, arrays, slurm.Dependency{})
}
