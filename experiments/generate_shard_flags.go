package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/necstgen/necstgen/experiments/shard"
)

// shardOptions are the flags of generate that are of shards.
type shardOptions struct {
	count    countFlag
	some     shardsFlag
	jobs     int
	executor executorFlags
	dryRun   bool

	given []string // the other flags, for tasks of a cluster
}

// flags adds the flags of shards.
func (o *shardOptions) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Var(&o.count, "shards", "cut what is drawn into this many files, of one span of time each")
	flags.Var(&o.some, "shard", "draw this one alone, like 3/16; as often as needed")
	flags.IntVar(&o.jobs, "jobs", 1, "draw `N` shards at once")
	o.executor.add(cmd, "shards")
	flags.BoolVar(&o.dryRun, "dry-run", false, "print what --executor slurm would submit")
}

// wanted reports whether shards are asked for.
func (o *shardOptions) wanted() bool { return o.count > 0 || len(o.some) > 0 }

// numbers returns the shards that are asked for, and how many there are in all.
func (o *shardOptions) numbers() (numbers []int, count int) {
	for i := range o.count {
		numbers = append(numbers, int(i)+1)
	}
	for _, n := range o.some {
		numbers = append(numbers, n.Index)
	}
	return numbers, max(int(o.count), o.all())
}

// all returns how many shards there are by --shard; 0 without it.
func (o *shardOptions) all() int {
	if len(o.some) == 0 {
		return 0
	}
	return o.some[0].Count
}

// shardsFlag is the value of --shard.
type shardsFlag []shard.Number

func (s *shardsFlag) Type() string { return "shard" }

// String returns the shards with commas between them.
func (s *shardsFlag) String() string {
	var all []string
	for _, n := range *s {
		all = append(all, n.String())
	}
	return strings.Join(all, ",")
}

// Set adds a shard.
func (s *shardsFlag) Set(text string) error {
	var n shard.Number
	if err := n.UnmarshalText([]byte(text)); err != nil {
		return err
	}
	if len(*s) > 0 && (*s)[0].Count != n.Count {
		return fmt.Errorf("it is of %d shards, and %s of %d: want shards of one number", n.Count, (*s)[0], (*s)[0].Count)
	}
	*s = append(*s, n)
	return nil
}

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
