package replay_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/datasets/replay"
	"github.com/necstgen/necstgen/datasets/tcp"
)

// Frames are made ahead and sent at twice their speed; an interface that is not
// there is an error that names those that are.
func ExampleSend() {
	framer, err := tcp.NewFramer(nil, tcp.Options{}, rand.NewPCG(1, 2))
	if err != nil {
		panic(err)
	}
	frames := tcp.Ahead(framer.Frames(flowtest.Sequence(flowtest.HTTP(1))), 4096)
	result, err := replay.Send(context.Background(), "nowhere0", frames, 2)
	fmt.Println(result.Packets, err != nil)
	// Output:
	// 0 true
}
