package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/convert"
	"github.com/necstgen/necstgen/experiments/output"
)

// partOptions are the flags of data import that are of files by themselves.
type partOptions struct {
	folder   string
	executor executorFlags
	dryRun   bool

	given []string // the other flags but --out, for the task of a cluster that merges
}

// flags adds the flags of files by themselves.
func (p *partOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.folder, "parts", "", "`FOLDER` for a table of each file by itself")
	p.executor.add(cmd, "files")
	cmd.Flags().BoolVar(&p.dryRun, "dry-run", false, "print what --executor slurm would submit")
}

// wanted reports whether files are to be read by themselves.
func (p *partOptions) wanted() bool { return p.folder != "" || p.executor.name != "local" || p.dryRun }

// importParts makes a table of each file, here or on a cluster, which merges them, too.
func (c *command) importParts(ctx context.Context, names []string, o convert.Options, p partOptions) error {
	wrong := func(text string) error { return usageError{errors.New("data import: " + text)} }
	cluster := p.executor.name == "slurm"
	if err := p.executor.check(1); err != nil {
		return err
	}
	switch {
	case p.dryRun && !cluster:
		return wrong("--dry-run prints what would be submitted: want it with --executor slurm")
	case cluster && p.folder != "":
		return wrong("--executor slurm makes a folder of parts of its own: want no --parts")
	case cluster && (o.Layout != convert.Tables || o.Split != convert.Split{}):
		return wrong("--executor slurm: NeCSTGen's files say of each packet in which capture it is: want no --layout and no --split")
	case cluster && o.Packets == "":
		return wrong("--executor slurm: want --out FILE")
	case !cluster && o != convert.Options{}:
		return wrong("--parts makes tables of whole files: want no other flag")
	}
	files, err := trace.Files(names)
	if err != nil {
		return err
	}
	if cluster {
		return c.submitImport(ctx, files, o, p)
	}
	return convert.Parts(ctx, files, p.folder, c.say, func(part string, r *convert.Result) error {
		if r == nil {
			return printLine(c.out, "%s: there already", part)
		}
		for _, reason := range r.Reasons {
			c.say(fmt.Sprintf("left out: %v", reason))
		}
		return printLine(c.out, "%s: %s packets, %s damaged records left out", part, output.Thousands(r.Packets), output.Thousands(r.Damaged))
	})
}
