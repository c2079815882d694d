package frame_test

import (
	"fmt"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/frame"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/testbed"
)

// Which applications are in the embedded capture, and how large are their packets?
func Example() {
	in, err := testbed.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer in.Close()
	var assembler flow.Assembler
	packets := frame.Packets(assembler.Label(pcap.Packets(in, testbed.Name)))
	by := packets.Filter("application", "!=", "UNKNOWN").Group("application").Count().Mean("length").Quantile("length", 1)
	fmt.Print(by.Descending("count").Head(3))
	// Output:
	// application  count  length_mean  length_1
	// HTTP         70539  685.66       1514
	// SMTP         17111  408.45       1514
	// SNMP         9972   179.44       1068
}
