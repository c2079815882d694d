package doctor_test

import (
	"context"
	"fmt"
	"os"

	"github.com/necstgen/necstgen/experiments/doctor"
)

func ExampleExamine() {
	for _, f := range doctor.Examine(context.Background(), os.TempDir()) {
		if f.What == "run folder" {
			fmt.Println(f.Works, f.Needed)
		}
	}
	// Output: true true
}
