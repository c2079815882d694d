package main

import (
	"path/filepath"

	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/experiments/shard"
)

// checkShards refuses options that contradict shards, and options of shards without any.
func (o *generateOptions) checkShards(wrong func(string, ...any) error) error {
	s := &o.shards
	cluster := s.executor.name == "slurm"
	switch {
	case !s.wanted() && (s.jobs != 1 || s.dryRun || cluster):
		return wrong("--jobs, --executor and --dry-run are of --shards")
	case !s.wanted():
		return s.executor.check(1)
	case s.count > shard.MostShards:
		return wrong("--shards %d: want 1 to %d", s.count, shard.MostShards)
	case s.count > 0 && len(s.some) > 0:
		return wrong("--shards draws all of them, --shard some: want one of both")
	case s.jobs < 1:
		return wrong("--jobs %d: want at least 1", s.jobs)
	case len(s.some) > 0 && cluster:
		return wrong("--executor slurm: want --shards N, of which its tasks draw some each")
	case s.dryRun && !cluster:
		return wrong("--dry-run prints what would be submitted: want it with --executor slurm")
	case o.level != flowLevel || o.from.file != "" || o.necstgen != "":
		return wrong("shards are of what runs draw, as captures and tables of packets: want no --level, --from or --necstgen")
	case o.iface != "":
		return wrong("shards are files: want no --interface")
	case o.splitSize > 0 || o.splitTime > 0:
		return wrong("shards are files of their own: want no --split-size or --split-time")
	}
	for _, path := range o.outs {
		if path == output.Standard || filepath.Dir(path) == "/dev" {
			return wrong("--out %s: shards are files: want the name of one, like big.pcap for %s", path, shard.Name("big.pcap", shard.Number{Index: 3, Count: 16}))
		}
	}
	return s.executor.check(s.jobs)
}
