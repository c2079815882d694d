package trace_test

import (
	"context"
	"fmt"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/trace"
)

// The first packets of a data set by their applications. Any files do as well.
func ExampleOpen() {
	ctx := context.Background()
	t, err := trace.Open(ctx, []string{"testbed"}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer t.Close()
	seen := make(map[flow.Application]int)
	for p, err := range t.Packets(ctx, trace.Selection{Limit: 1000}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		seen[p.Application]++
	}
	info := t.Info()
	fmt.Println(info.Format, info.LinkTypes(), len(t.Warnings()), "warnings")
	fmt.Println(seen[flow.HTTP] > 0, seen[flow.DNS] > 0)
	// Output:
	// pcap [Ethernet] 0 warnings
	// true true
}
