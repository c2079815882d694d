package replay

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"
)

// openInterface opens a packet socket that only sends.
func openInterface(name string) (sendFunc, func(), error) {
	device, err := net.InterfaceByName(name)
	if err != nil {
		return nil, nil, fmt.Errorf("no such interface, want one of %s", interfaceNames())
	}
	socket, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, 0)
	if errors.Is(err, syscall.EPERM) {
		return nil, nil, fmt.Errorf("sending raw frames needs root or CAP_NET_RAW: %w", err)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("packet socket: %w", err)
	}
	to := &syscall.SockaddrLinklayer{Ifindex: device.Index, Halen: 6}
	send := func(frame []byte) error {
		for {
			err := syscall.Sendto(socket, frame, 0, to)
			switch {
			case errors.Is(err, syscall.EINTR):
			case errors.Is(err, syscall.ENOBUFS):
				time.Sleep(fullQueue)
			case errors.Is(err, syscall.EMSGSIZE):
				return fmt.Errorf("the interface takes IP packets of %d bytes at most: %w", device.MTU, err)
			default:
				return err
			}
		}
	}
	return send, func() { _ = syscall.Close(socket) }, nil
}

// fullQueue is how long to wait for room in the interface's queue.
const fullQueue = 50 * time.Microsecond

func interfaceNames() string {
	devices, _ := net.Interfaces()
	names := make([]string, len(devices))
	for i, d := range devices {
		names[i] = d.Name
	}
	return strings.Join(names, ", ")
}

// nap sleeps in the kernel, past the runtime's timers.
func nap(d time.Duration) {
	pause := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&pause, nil) // an early end is no harm: the caller looks at the clock
}
