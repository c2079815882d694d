package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// given returns the flags that the user has given, as arguments for the tasks of a
// cluster, without those that say what its tasks are.
func given(cmd *cobra.Command) (args []string) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "shards", "shard", "jobs", "executor", "slurm", "per-task", "dry-run", "share", "seed", "runs", "json", "out":
			return
		}
		values := []string{f.Value.String()}
		if several, ok := f.Value.(pflag.SliceValue); ok {
			values = several.GetSlice()
		}
		for _, value := range values {
			args = append(args, "--"+f.Name+"="+value)
		}
	})
	return args
}
