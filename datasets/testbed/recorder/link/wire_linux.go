package link

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// Config of a wire between two interfaces of this network namespace.
type Config struct {
	Near, Far string // interface names
	Lossy     Direction
	Paths     map[MAC]Path
	Fallback  Path
	Seed      uint64
}

// Counts are the frames that a wire passed and lost.
type Counts struct{ Passed, Lost int64 }

// Run passes frames both ways until the context ends. It needs the right to open packet sockets.
func Run(ctx context.Context, cfg Config) (Counts, error) {
	near, err := open(cfg.Near)
	if err != nil {
		return Counts{}, err
	}
	defer syscall.Close(near.fd)
	far, err := open(cfg.Far)
	if err != nil {
		return Counts{}, err
	}
	defer syscall.Close(far.fd)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var passed, lost atomic.Int64
	results := make(chan error, 2)
	start := time.Now()
	for _, end := range []struct {
		from, to  socket
		direction Direction
	}{{near, far, ToFar}, {far, near, ToNear}} {
		shaper := NewShaper(end.direction, end.direction == cfg.Lossy, cfg.Paths, cfg.Fallback,
			rand.NewPCG(cfg.Seed, uint64(end.direction)))
		due := make(chan parcel, 4096)
		go receive(ctx, end.from, shaper, start, due, &lost, results)
		go deliver(ctx, end.to, start, due, &passed)
	}
	select {
	case <-ctx.Done():
		err = nil
	case err = <-results:
	}
	return Counts{Passed: passed.Load(), Lost: lost.Load()}, err
}

// socket is a packet socket bound to one interface.
type socket struct {
	fd      int
	address syscall.SockaddrLinklayer
	name    string
}

func open(name string) (socket, error) {
	face, err := net.InterfaceByName(name)
	if err != nil {
		return socket{}, fmt.Errorf("link: interface %s: %w", name, err)
	}
	const all = 0x0300 // ETH_P_ALL in network byte order
	fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW, all)
	if err != nil {
		return socket{}, fmt.Errorf("link: packet socket on %s (are you root?): %w", name, err)
	}
	address := syscall.SockaddrLinklayer{Protocol: all, Ifindex: face.Index}
	if err := syscall.Bind(fd, &address); err != nil {
		syscall.Close(fd)
		return socket{}, fmt.Errorf("link: bind to %s: %w", name, err)
	}
	// The receiver must see the end of the context, and the buffer must hold a burst.
	timeout := syscall.Timeval{Usec: 200_000}
	if err := errors.Join(syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &timeout),
		syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, 8<<20)); err != nil {
		syscall.Close(fd)
		return socket{}, fmt.Errorf("link: options of %s: %w", name, err)
	}
	return socket{fd: fd, address: address, name: name}, nil
}

// parcel is a frame and when it leaves.
type parcel struct {
	due   time.Duration
	order int64
	frame []byte
}

func receive(ctx context.Context, from socket, shaper *Shaper, start time.Time, due chan<- parcel, lost *atomic.Int64, results chan<- error) {
	const outgoing = 4 // PACKET_OUTGOING: what this host itself sent on the interface
	buffer := make([]byte, 1<<16)
	for order := int64(0); ctx.Err() == nil; order++ {
		n, sender, err := syscall.Recvfrom(from.fd, buffer, 0)
		if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			if ctx.Err() == nil {
				results <- fmt.Errorf("link: read from %s: %w", from.name, err)
			}
			return
		}
		if l, ok := sender.(*syscall.SockaddrLinklayer); ok && l.Pkttype == outgoing {
			continue
		}
		at, ok := shaper.Departure(time.Since(start), buffer[:n])
		if !ok {
			lost.Add(1)
			continue
		}
		select {
		case due <- parcel{due: at, order: order, frame: append([]byte(nil), buffer[:n]...)}:
		case <-ctx.Done():
			return
		}
	}
}

// deliver sends each frame when it is due.
func deliver(ctx context.Context, to socket, start time.Time, due <-chan parcel, passed *atomic.Int64) {
	var waiting queue
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case p := <-due:
			heap.Push(&waiting, p)
		case <-timer.C:
		}
		for len(waiting) > 0 && waiting[0].due <= time.Since(start) {
			p := heap.Pop(&waiting).(parcel)
			// A full transmit queue is a loss like any other on a wire.
			if err := syscall.Sendto(to.fd, p.frame, 0, &to.address); err == nil {
				passed.Add(1)
			}
		}
		if len(waiting) > 0 {
			timer.Reset(waiting[0].due - time.Since(start))
		}
	}
}

// queue is a heap by departure, then arrival.
type queue []parcel

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].due < q[j].due || q[i].due == q[j].due && q[i].order < q[j].order
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push is heap.Interface's.
func (q *queue) Push(x any) { *q = append(*q, x.(parcel)) }

// Pop is heap.Interface's.
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
