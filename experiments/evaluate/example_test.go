package evaluate_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/evaluate"
)

// A generated table of flows against a real one: the flows start as they should, and
// are too long.
func ExampleFiles() {
	dir, err := os.MkdirTemp("", "evaluate")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	real, synthetic := "flow_id_count,timestamps_min\n", "count_total,time_diff\n"
	for i := range 100 {
		real += fmt.Sprintf("%d,%d\n", 5+i%3, 1000+i)
		synthetic += fmt.Sprintf("%d,1\n", 50+i%3)
	}
	o := evaluate.Options{
		Real: filepath.Join(dir, "df_raw_flows_HTTP.csv"), Synthetic: filepath.Join(dir, "DF_GEN_FLOW_HTTP_FINAL.csv"), Seed: 1,
		Open: func(ctx context.Context, name string) (*trace.Trace, error) {
			return trace.OpenFile(ctx, name, nil)
		},
		Warn: func(err error) { fmt.Println(err) },
	}
	for name, text := range map[string]string{o.Real: real, o.Synthetic: synthetic} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			fmt.Println(err)
			return
		}
	}
	scores, err := evaluate.Files(context.Background(), o)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range scores {
		if strings.HasSuffix(s.Score, " W1") && s.Value != nil {
			fmt.Printf("%s %s: %.2f\n", s.Application, s.Score, *s.Value)
		}
	}
	// Output:
	// HTTP packets W1: 45.00
	// HTTP time between flows W1: 0.00
}
