// Package link is the testbed's wire: Ethernet frames between two interfaces, delayed, held to a rate and now and then lost.
//
// It does in user space what tc netem does, because netem is not in every kernel. A frame is lost after the point where the capture is
// taken, as seen from its sender, so that losses show in the capture as retransmissions. Frames of one client and direction stay in order.
package link

import (
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// MAC is an Ethernet address.
type MAC [6]byte

// Path is what one client's frames meet.
type Path struct {
	Delay  time.Duration // one way, without queueing
	Jitter time.Duration // mean of an exponential that is added to Delay, cut at six times its mean
	Down   float64       // bits a second towards the client; 0: no limit
	Up     float64       // bits a second from the client; 0: no limit
	Loss   float64       // probability that a frame towards Config.Lossy is lost
	Queue  time.Duration // a frame towards the client that would wait longer than this is dropped; 0: never
}

// Direction of a frame on the wire.
type Direction uint8

// Near is the clients' end of the wire, far the servers'.
const (
	ToFar Direction = iota
	ToNear
)

// Shaper decides when each frame leaves. It is not safe for concurrent use: each direction has its own.
type Shaper struct {
	direction Direction
	lossy     bool // whether this direction loses frames
	paths     map[MAC]Path
	fallback  Path
	source    *rand.Rand
	lanes     map[MAC]*lane
}

// lane is the state of one client's direction, in time since the start.
type lane struct {
	free time.Duration // when the last frame has been serialised
	last time.Duration // when the last frame left
}

// NewShaper shapes one direction. Frames of a client that is not in paths take fallback; lossy says whether this direction loses frames.
func NewShaper(direction Direction, lossy bool, paths map[MAC]Path, fallback Path, source rand.Source) *Shaper {
	return &Shaper{direction: direction, lossy: lossy, paths: paths, fallback: fallback,
		source: rand.New(source), lanes: map[MAC]*lane{}}
}

// Departure is when a frame that arrives at now leaves the wire, and false where it is lost.
func (s *Shaper) Departure(now time.Duration, frame []byte) (time.Duration, bool) {
	client := clientOf(frame, s.direction)
	path, ok := s.paths[client]
	if !ok {
		path = s.fallback
	}
	l := s.lanes[client]
	if l == nil {
		l = &lane{}
		s.lanes[client] = l
	}
	if s.lossy && path.Loss > 0 && isIP(frame) && s.source.Float64() < path.Loss {
		return 0, false
	}
	rate := path.Up
	if s.direction == ToNear {
		rate = path.Down
	}
	start := max(now, l.free)
	if s.lossy && path.Queue > 0 && start-now > path.Queue {
		return 0, false
	}
	l.free = start
	if rate > 0 {
		l.free += time.Duration(float64(8*(len(frame)+24)) / rate * float64(time.Second)) // 24: preamble, check sequence, gap
	}
	jitter := min(s.source.ExpFloat64(), 6) * float64(path.Jitter)
	l.last = max(l.last, l.free+path.Delay+time.Duration(jitter))
	return l.last, true
}

// clientOf is the address at the near end: the destination of frames that go there, the source of the others.
func clientOf(frame []byte, direction Direction) (mac MAC) {
	if len(frame) < 14 {
		return mac
	}
	if direction == ToNear {
		return MAC(frame[0:6])
	}
	return MAC(frame[6:12])
}

// isIP tells IP from ARP and the like: a lost ARP request stalls a conversation for a second, which no access network does.
func isIP(frame []byte) bool {
	if len(frame) < 14 {
		return false
	}
	kind := binary.BigEndian.Uint16(frame[12:])
	return kind == 0x0800 || kind == 0x86dd
}
