package address

import (
	"math/bits"
	"net/netip"
	"slices"
)

// portCounts is what flows show of how clients of a service choose their ports.
type portCounts struct {
	last       map[[2]netip.Addr]uint16 // of each pair
	even, odd  int64
	jumps      int64
	steps      []uint16 // from one port to one a little above
	maySequels int64    // flows whose pair had one before
}

// nearPort is how far above the last port one is that follows it; some flows in between
// may belong to the held-out ones.
const nearPort = 64

// add counts the port of a flow.
func (c *portCounts) add(pair [2]netip.Addr, port uint16) {
	if port&1 == 0 {
		c.even++
	} else {
		c.odd++
	}
	if c.last == nil {
		c.last = make(map[[2]netip.Addr]uint16)
	}
	if before, known := c.last[pair]; known {
		c.maySequels++
		if step := int(port) - int(before); step <= 0 || step > nearPort {
			c.jumps++
		} else if len(c.steps) < maxSamples {
			c.steps = append(c.steps, uint16(step))
		}
	}
	c.last[pair] = port
}

// What says that ports follow one another, or keep their parity.
const (
	leastPorts  = 16  // seen; from fewer nothing is learned
	mostlyEven  = 0.9 // proportion of one parity
	leastFollow = 0.1 // proportion of ports that follow the one before
)

// ports returns how clients choose their ports.
func (c *portCounts) ports() Ports {
	n := c.even + c.odd
	if n < leastPorts || c.maySequels == 0 {
		return Ports{}
	}
	p := Ports{Step: 1, Spread: 1, Jump: float64(c.jumps) / float64(c.maySequels), Even: float64(c.even) / float64(n)}
	if max(p.Even, 1-p.Even) >= mostlyEven {
		p.Step = 2
	} else if p.Even = 0; 1-p.Jump < leastFollow {
		return Ports{}
	}
	if len(c.steps) > 0 {
		slices.Sort(c.steps)
		mean := max(1, uint(c.steps[len(c.steps)/2])/uint(p.Step))
		p.Spread = 1 << min(3, bits.Len(mean)-1)
	}
	return p
}
