package shard_test

import (
	"fmt"

	"github.com/necstgen/necstgen/experiments/shard"
)

func Example() {
	for i := range 3 {
		fmt.Println(shard.Name("big.pcap.zst", shard.Number{Index: i + 8, Count: 10}))
	}
	fmt.Println(shard.PlanName("big.pcap.zst", 10))
	// Output:
	// big-08-of-10.pcap.zst
	// big-09-of-10.pcap.zst
	// big-10-of-10.pcap.zst
	// big-of-10.json
}
