package main

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/necstgen/necstgen/experiments/slurm"
)

// printScripts prints what submit would submit: each script below the command that
// submits it.
func (c *command) printScripts(ctx context.Context, arrays []slurm.Array, after slurm.Dependency) error {
	limit := slurm.DefaultArraySize // where there is no cluster, that of most
	if cluster, err := slurm.Find(ctx); err == nil {
		limit = cluster.MaxArraySize
	}
	for _, a := range arrays {
		var ids []string
		previous := ""
		for _, s := range a.Submissions(limit) {
			if err := printLine(c.out, "\n$ %s\n%s", s.Command(after, previous), strings.TrimSuffix(s.Script, "\n")); err != nil {
				return err
			}
			previous = "ID_OF_" + strings.TrimSuffix(filepath.Base(s.File), ".sh")
			ids = append(ids, previous)
		}
		if len(ids) > 0 {
			after.Jobs = ids
		}
	}
	return nil
}
