package slurm_test

import (
	"fmt"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/slurm"
)

// Seven items, three in a task, one task at a time; the cluster takes at most two tasks
// in an array.
func Example() {
	a := slurm.Array{Name: "seven", Folder: "/data/runs/seven", Dir: "/data", Args: []string{"sweep", "point", "7"}, Items: []string{"1", "2", "3", "4", "5", "6", "7"},
		PerTask: 3, Options: config.Slurm{Throttle: 1}}
	for _, s := range a.Submissions(2) {
		fmt.Println(s.Tasks, s.Command(slurm.Dependency{Jobs: []string{"41"}}, "42"))
	}
	// Output:
	// [[1 2 3] [4 5 6]] sbatch --parsable --dependency=afterok:41 /data/runs/seven/seven-1.sh
	// [[7]] sbatch --parsable --dependency=afterok:41,afterany:42 /data/runs/seven/seven-2.sh
}
