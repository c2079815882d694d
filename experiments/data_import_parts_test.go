//go:build unix

package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/necstgen/necstgen/experiments/slurm/slurmtest"
)

// A cluster makes of captures the tables that one pass over them makes.
func TestImportOnCluster(t *testing.T) {
	cluster := slurmtest.Start(t)
	learnt(t, "HTTP")
	if err := os.Mkdir("day", 0o777); err != nil {
		t.Fatal(err)
	}
	succeed(t, "generate", "http", "--flows", "100", "--split-time", "10s", "--out", "day/c.pcap")
	succeed(t, "data", "import", "day", "--out", "here.parquet", "--flows", "here.flows.parquet")
	var said string
	cluster.Holding(t, func() {
		said = succeed(t, "data", "import", "day", "--out", "all.parquet", "--flows", "all.flows.parquet", "--executor", "slurm", "--per-task", "2")
	})
	if !matches(`^job 1: parts-all, [0-9]+ tasks\njob 2: merge-all, 1 tasks\n$`, said) {
		t.Errorf("said %q", said)
	}
	cluster.Until(t, "all is merged", func() bool {
		_, err := os.Stat("all.flows.parquet")
		return err == nil
	})
	for _, name := range []string{"parquet", "flows.parquet"} {
		here, err := os.ReadFile("here." + name)
		if err != nil {
			t.Fatal(err)
		}
		if there, err := os.ReadFile("all." + name); err != nil || !bytes.Equal(here, there) {
			t.Errorf("all.%s is not what one pass makes: %v", name, err)
		}
	}
}
