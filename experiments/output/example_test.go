package output_test

import (
	"fmt"
	"math/rand/v2"
	"os"

	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
)

// Flows as NeCSTGen would publish them.
func ExampleNeCSTGen_Write() {
	dir, err := os.MkdirTemp("", "output")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	files := output.NeCSTGen{Application: "HTTP", Connected: true}
	if _, err := files.Write(dir, stream(gentest.Flows(10, rand.NewPCG(1, 2)))); err != nil {
		fmt.Println(err)
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range entries {
		fmt.Println(e.Name())
	}
	// Output:
	// DF_GEN_FLOW_HTTP_FINAL.csv
	// DF_GEN_FLOW_HTTP_FINAL.parquet
	// DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv
	// DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.parquet
}
