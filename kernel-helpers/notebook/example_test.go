package notebook_test

import (
	"fmt"
	"os"

	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/kernel-helpers/notebook"
)

// A cell opens a run and shows one thing. Outside a notebook there is nothing to
// show it in.
func Example() {
	os.Setenv(notebook.RunsVariable, "/data/runs")
	defer os.Unsetenv(notebook.RunsVariable)
	fmt.Println(notebook.Runs())
	table := report.Table{Heads: []string{"flows"}, Right: []bool{true}, Rows: [][]string{{"812"}}}
	fmt.Println(notebook.ShowTable(table))
	// Output:
	// /data/runs <nil>
	// notebook: this program does not run in a cell of a Go notebook
}
