package main

import "github.com/spf13/cobra"

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
