package lorawan_test

import (
	"fmt"
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
)

// The devices of a gateway's log are flows; a capture of gateways is read the same.
func ExampleRead() {
	const log = `time,physical_payload,gateway,spreading_factor
2020-04-25 01:01:23+00:00,QIImASYAVXkBl4VrQJm//ccHbA==,0000024b0b031c97,7
2020-04-25 03:01:23+00:00,QIImASYAVnkBl4VrQJm//ccHbA==,0000024b0b031c97,9
`
	for f, err := range new(flow.Assembler).Flows(lorawan.Read(strings.NewReader(log), "gateway.csv")) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("device", f.Packets[0].Radio.Device(), f.Application)
		for _, p := range f.Packets {
			fmt.Println(p.Timestamp().Format("15:04:05"), p.Length, "bytes, counter", p.Radio.Counter, "SF", p.Radio.SpreadingFactor)
		}
	}
	// Output:
	// device 0000024b0b031c97/26012682 LORAWAN
	// 01:01:23 19 bytes, counter 31061 SF 7
	// 03:01:23 19 bytes, counter 31062 SF 9
}
