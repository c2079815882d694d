package identifier_test

import (
	"fmt"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity/identifier"
)

// A synthetic capture repeats one of the two hosts that the training flows ask for.
func Example() {
	ask := func(id int64, host string) *flow.Packet {
		return &flow.Packet{FlowID: id, Application: flow.HTTP, Payload: []byte("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n")}
	}
	original := identifier.New()
	original.Add(ask(1, "files.anna-and-sons.com"), identifier.Training)
	original.Add(ask(2, "mail.anna-and-sons.com"), identifier.Training)
	original.Add(ask(3, "www.elsewhere.net"), identifier.HeldOut)

	original.Look(ask(1, "files.anna-and-sons.com"))
	names, runs := original.Names(flow.HTTP), original.Runs(flow.HTTP)
	fmt.Printf("%d of %d names, %d of %d runs of 16 bytes\n", names.Found, names.Known, runs.Found, runs.Known)
	// Output: 1 of 2 names, 20 of 39 runs of 16 bytes
}
