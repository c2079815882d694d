package drawn_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/necstgen/necstgen/experiments/drawn"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// Two flows, of which the second starts when the first has ended.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "drawn")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "DF_GEN_PACKET_SNMP_FLOW_NO_CONNECT_FINAL.csv")
	text := "length_total_lstm,direction,time_diff_lstm,header_length_lstm,flow_id\n146.2,0,9,42,0\n163.4,1,0.5,42,0\n146,0,9,42,1\n163,1,0.5,42,1\n"
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		fmt.Println(err)
		return
	}
	part, _, err := drawn.Open(path, drawn.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for f, err := range part.Generator.Flows(context.Background(), generator.Request{Flows: 2}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(f.Application, len(f.Packets), float64(f.Start())/1e9)
	}
	// Output:
	// SNMP 2 0
	// SNMP 2 1
}
