package shard_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/experiments/shard"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/baseline"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
)

// source is a source of HTTP connections.
func source(t *testing.T) *saved.Source {
	t.Helper()
	flows := gentest.Flows(60, rand.NewPCG(1, 1))
	g, err := baseline.FitMarkov(3, flows, false)
	if err != nil {
		t.Fatal(err)
	}
	s, err := saved.New(saved.Part{Generator: g, Plan: address.Default(), Traffic: generator.TrafficOf(flows)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// drawing is that of a request for four shards in the working folder.
func drawing(t *testing.T, change func(*shard.Request)) (*shard.Drawing, *[]shard.Drawn, error) {
	t.Helper()
	r := shard.Request{Runs: []string{"/runs/web"}, Outs: []string{"big.pcap", "big.csv"}, Count: 4, Amount: saved.Amount{Flows: 400, Seed: 1 << 60}, Weights: []float64{0}}
	if change != nil {
		change(&r)
	}
	s, drawn := source(t), new([]shard.Drawn)
	plan, err := shard.Open(t.Context(), s, r)
	return &shard.Drawing{Source: s, Plan: plan, Jobs: 2, Done: func(d shard.Drawn) { *drawn = append(*drawn, d) }}, drawn, err
}

// packets returns how many packets a capture has, and the time of the last.
func packets(t *testing.T, path string, after int64) (n int64, last int64) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	last = after
	for p, err := range pcap.Packets(f, path) {
		if err != nil || p.Time < last {
			t.Fatalf("%s: packet %d of %d, behind one of %d: %v", path, n, p.Time, last, err)
		}
		n, last = n+1, p.Time
	}
	return n, last
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Shards are drawn in any order, by one process or several, and are the same files; what
// is there is not drawn again, and nothing else is left in the folder.
func TestRun(t *testing.T) {
	t.Chdir(t.TempDir())
	d, drawn, err := drawing(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	shown := int64(0)
	d.Shown = func(n int64) { shown = max(shown, n) }
	if err := d.Run(t.Context(), []int{1, 2, 3, 4}); err != nil {
		t.Fatal(err)
	}
	all, last := int64(0), int64(0)
	for i := range 4 {
		name := shard.Name("big.pcap", shard.Number{Index: i + 1, Count: 4})
		var n int64
		n, last = packets(t, name, last)
		all += n
		k := slices.IndexFunc(*drawn, func(d shard.Drawn) bool { return d.Paths[0] == name })
		if got := (*drawn)[k]; got.Packets != n || got.There || len(got.Paths) != 4 { // the capture, the table of packets, two of flows
			t.Errorf("%s has %d packets, and %+v is said", name, n, got)
		}
	}
	if shown != all {
		t.Errorf("%d packets are shown, there are %d", shown, all)
	}
	second := read(t, "big-2-of-4.pcap")
	for _, name := range []string{"big-2-of-4.pcap", "big-3-of-4.csv"} {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	again, drawn, err := drawing(t, nil) // reads the plan
	if err != nil {
		t.Fatal(err)
	}
	if n := again.Plan.Missing([]int{1, 2, 3, 4}); n != 2 {
		t.Errorf("%d shards are missing, want 2", n)
	}
	if err := again.Run(t.Context(), []int{1, 2, 3, 4}); err != nil {
		t.Fatal(err)
	}
	for _, d := range *drawn {
		if want := d.Shard == "1/4" || d.Shard == "4/4"; d.There != want {
			t.Errorf("%+v, want that it was there: %t", d, want)
		}
	}
	if !bytes.Equal(read(t, "big-2-of-4.pcap"), second) {
		t.Error("a shard, drawn by itself, has other bytes")
	}
	left, err := filepath.Glob("*")
	hidden, err2 := filepath.Glob(".*")
	if err != nil || err2 != nil || len(left) != 17 || len(hidden) > 0 {
		t.Errorf("%v and %v are left", left, hidden)
	}
}

// Where drawing ends early no shard is there that is not whole.
func TestRunEndsEarly(t *testing.T) {
	t.Chdir(t.TempDir())
	d, _, err := drawing(t, func(r *shard.Request) { r.Amount.Flows = 40_000 })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	d.Shown = func(n int64) {
		if n > 5000 {
			cancel()
		}
	}
	if err := d.Run(ctx, []int{1, 2, 3, 4}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if err := os.WriteFile("file", nil, 0o666); err != nil {
		t.Fatal(err)
	}
	blocked, _, err := drawing(t, func(r *shard.Request) { r.Outs = []string{"none.pcap"} })
	if err != nil {
		t.Fatal(err)
	}
	blocked.Plan.Outs = []string{"file/none.pcap"}
	if err := blocked.Run(t.Context(), []int{2}); err == nil || !strings.HasPrefix(err.Error(), "shard 2 of 4: output: ") {
		t.Errorf("a folder that is a file: error %v", err)
	}
	left, err := filepath.Glob("*-of-*.pcap")
	hidden, err2 := filepath.Glob(".*")
	if err != nil || err2 != nil || len(left) > 0 || len(hidden) > 0 {
		t.Errorf("%v and %v are left", left, hidden)
	}
}

// A plan is that of one request.
func TestOpenRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, _, err := drawing(t, nil); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*shard.Request){
		"(amount.seed: 1152921504606846976, not 1152921504606846977)": func(r *shard.Request) { r.Amount.Seed++ },
		"(outs: [big.pcap big.csv], not [big.pcap])":                  func(r *shard.Request) { r.Outs = r.Outs[:1] },
		"(generate.mtu: 0, not 1400)":                                 func(r *shard.Request) { r.Generate.MTU = 1400 },
		"(follow: <nil>, not all)":                                    func(r *shard.Request) { r.Follow = "all" },
	} {
		if _, _, err := drawing(t, change); err == nil || !strings.HasPrefix(err.Error(), "shard: big-of-4.json: its shards are of other options "+want+": remove it and them") {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if err := os.WriteFile("big-of-4.json", []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := drawing(t, nil); err == nil || !strings.Contains(err.Error(), "big-of-4.json is no plan of shards") {
		t.Errorf("a damaged plan: error %v", err)
	}
}

func TestNumber(t *testing.T) {
	for _, text := range []string{"0/4", "5/4", "1/0", "a/b", "", "3", "-1/4", "1/4/4", "1/1001", "1.5/4", " 1/4"} {
		var n shard.Number
		if err := n.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), "want a shard and how many there are, like 3/16") {
			t.Errorf("%q: %v, error %v", text, n, err)
		}
	}
	var n shard.Number
	if err := n.UnmarshalText([]byte("16/16")); err != nil || n != (shard.Number{Index: 16, Count: 16}) {
		t.Errorf("%v, error %v", n, err)
	}
}

func TestNames(t *testing.T) {
	n := shard.Number{Index: 3, Count: 16}
	for path, want := range map[string][2]string{
		"big.pcap":           {"big-03-of-16.pcap", "big"},
		"a.b/big.pcapng.zst": {"a.b/big-03-of-16.pcapng.zst", "big"},
		"v1.2.pcap.gz":       {"v1.2-03-of-16.pcap.gz", "v1.2"},
		"big":                {"big-03-of-16", "big"},
		"/x/my table.csv":    {"/x/my table-03-of-16.csv", "my-table"},
	} {
		if got := shard.Name(path, n); got != want[0] {
			t.Errorf("%s: %s, want %s", path, got, want[0])
		}
		if got := shard.Title(path); got != want[1] {
			t.Errorf("%s is called %s, want %s", path, got, want[1])
		}
	}
	if got := shard.PlanName("a/big.pcap.gz", 4) + " " + shard.SlurmName("a/big.pcap.gz", 4); got != "a/big-of-4.json a/big-of-4.slurm" {
		t.Error(got)
	}
}
