//go:build !linux

package replay

import (
	"fmt"
	"runtime"
	"time"
)

// openInterface needs packet sockets.
func openInterface(string) (sendFunc, func(), error) {
	return nil, nil, fmt.Errorf("sending frames is for Linux, this is %s: write a capture and use tcpreplay", runtime.GOOS)
}

func nap(d time.Duration) { time.Sleep(d) }
