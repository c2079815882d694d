package radio_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
	"github.com/necstgen/necstgen/gomlxmodels/generator/radio"
)

func Example() {
	for _, flows := range [][]*flow.Flow{gentest.Uplinks(20, time.Hour, rand.NewPCG(1, 1)), gentest.Flows(20, rand.NewPCG(1, 1))} {
		m, err := radio.Fit(flows, false)
		if err != nil {
			fmt.Println(err)
			return
		}
		var names []string
		for _, head := range m.Heads() {
			names = append(names, head.Name)
		}
		fmt.Printf("%T %q\n", m.Fields, names)
	}
	// Output:
	// *radio.Uplinks ["settings" "frequency" "rssi" "snr" "step"]
	// radio.None []
}
