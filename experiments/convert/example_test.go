package convert_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/necstgen/necstgen/experiments/convert"
)

// The NTP of a data set as NeCSTGen would publish it.
func ExampleRun() {
	dir, err := os.MkdirTemp("", "convert")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	result, err := convert.Run(context.Background(), []string{"testbed-services"}, convert.Options{
		Packets: filepath.Join(dir, "df_raw_NTP.csv"), Flows: filepath.Join(dir, "df_raw_flows_NTP.csv"),
		Layout: convert.NeCSTGen, Application: "NTP",
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Packets > result.Flows, result.Damaged)
	files, err := os.ReadDir(dir)
	fmt.Println(files, err)
	// Output:
	// true 0
	// [- df_raw_NTP.csv - df_raw_flows_NTP.csv] <nil>
}
