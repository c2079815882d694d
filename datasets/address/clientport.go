package address

import (
	"errors"
	"fmt"
	"math/rand/v2"
)

// Ports is how the clients of a service go on from one port to the next towards one
// server. Linux takes one that is a little higher and as even as the last, and every ten
// seconds begins elsewhere (RFC 6056, algorithm 4); others count, or draw. The zero value
// draws every port.
type Ports struct {
	Step   uint8   `json:"step"`   // 0: ports are drawn; 1: the next one follows; 2: the next one of the same parity
	Spread uint8   `json:"spread"` // steps from one port to the next, in the mean: 1, 2, 4 or 8
	Jump   float64 `json:"jump"`   // proportion of flows that begin elsewhere
	Even   float64 `json:"even"`   // proportion of even ports, where Step is 2
}

// validate reports every problem at once.
func (p *Ports) validate() error {
	var problems []error
	if p.Step > 2 {
		problems = append(problems, fmt.Errorf("ports.step is %d, want 0 to 2", p.Step))
	}
	if s := p.Spread; p.Step > 0 && s != 1 && s != 2 && s != 4 && s != 8 {
		problems = append(problems, fmt.Errorf("ports.spread is %d, want 1, 2, 4 or 8", s))
	}
	if !(p.Jump >= 0 && p.Jump <= 1) || !(p.Even >= 0 && p.Even <= 1) {
		problems = append(problems, fmt.Errorf("ports.jump is %g and ports.even %g, want proportions of 0 to 1", p.Jump, p.Even))
	}
	return errors.Join(problems...)
}

// runLength is how many ports follow one another before a client begins elsewhere in any
// case.
const runLength = 8

// portRuns is an order of slots 0 to size-1 in which runs of slots, each a little above
// the one before, come one behind the other: no slot is in two runs.
type portRuns struct{ size, length, spread, key uint32 }

// slot returns the n-th slot. Blocks of length*spread slots hold spread runs each; behind
// the last whole block, slots come in order.
func (r *portRuns) slot(n uint32) uint32 {
	block := r.length * r.spread
	blocks := r.size / block
	if n >= blocks*block {
		return n
	}
	run, j := n/r.length, n%r.length
	k := run / blocks // which of the runs of its block
	b := scatter(run%blocks, blocks, r.key+k)
	return b*block + j*r.spread + (k+scatter(j, r.length, r.key+b))%r.spread
}

// portCursor is where a client is in its ports towards a server: in those of either
// parity, or in all.
type portCursor struct {
	turn   uint32 // how often it has used them up
	next   [2]uint32
	begun  bool
	broken [2][]uint32 // places in runs that were left before their ends
}

// classes returns how many classes of ports there are, which do not follow one another.
func (p *Ports) classes() uint32 {
	if p.Step == 2 {
		return 2
	}
	return 1
}

// runs returns the order of the ports of a class, and the number of the first one.
func (s *Service) runs(class, key uint32) (r portRuns, low uint32) {
	classes := s.Ports.classes()
	low, high := uint32(s.ClientLow), uint32(s.ClientHigh)
	if classes == 2 && low&1 != class {
		low++
	}
	r = portRuns{length: 1, spread: 1, key: key ^ class<<31}
	if low <= high {
		r.size = (high-low)/classes + 1
	}
	if s.Ports.Step > 0 {
		r.length, r.spread = runLength, uint32(s.Ports.Spread)
	}
	return r, low
}

// fewestRuns returns how many runs the class of ports that has fewest has, 1 at least.
func (s *Service) fewestRuns(key uint32) (fewest uint32) {
	for class := range s.Ports.classes() {
		if r, _ := s.runs(class, key); r.size > 0 && (fewest == 0 || (r.size+r.length-1)/r.length < fewest) {
			fewest = (r.size + r.length - 1) / r.length
		}
	}
	return max(1, fewest)
}

// port returns the client's next port and how often it had used up all of them. Of several
// parts each has every count-th run.
func (c *portCursor) port(s *Service, key uint32, part Part, random *rand.Rand) (port uint16, turn uint32) {
	part, first, every := part.within(s.fewestRuns(key))
	classes := s.Ports.classes()
	class := uint32(0)
	if classes == 2 && random.Float64() >= s.Ports.Even {
		class = 1
	}
	jump := s.Ports.Jump > 0 && random.Float64() < s.Ports.Jump
	for {
		if !c.begun {
			c.begun, c.next, c.broken = true, [2]uint32{}, [2][]uint32{}
			for k := range c.next {
				r, _ := s.runs(uint32(k), key)
				c.next[k] = part.Index * r.length
			}
		}
		for range classes {
			r, low := s.runs(class, key)
			if n, ok := c.advance(class, r, jump, max(1, part.Count)); ok {
				return uint16(low + classes*r.slot(n)), first + c.turn*every
			}
			class = (class + 1) % classes
		}
		c.turn, c.begun = c.turn+1, false
	}
}

// advance returns the place of the next port of a class, false where there is none.
func (c *portCursor) advance(class uint32, r portRuns, jump bool, parts uint32) (n uint32, ok bool) {
	next, broken := &c.next[class], &c.broken[class]
	if jump && *next < r.size && *next%r.length != 0 {
		*broken = append(*broken, *next)
		*next += (parts-1)*r.length + r.length - *next%r.length
	}
	if *next >= r.size {
		if len(*broken) == 0 {
			return 0, false
		}
		n = (*broken)[len(*broken)-1]
		if *broken = (*broken)[:len(*broken)-1]; (n+1)%r.length != 0 && n+1 < r.size {
			*broken = append(*broken, n+1)
		}
		return n, true
	}
	n = *next
	if *next++; *next%r.length == 0 {
		*next += (parts - 1) * r.length
	}
	return n, true
}
