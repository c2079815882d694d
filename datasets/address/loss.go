package address

import (
	"fmt"
	"slices"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Losses says how often data of a TCP service are sent again, and why, as far as its flows
// show it. The proportions are of its data segments.
type Losses struct {
	TimedOut   float64    `json:"timed_out"`  // lost, and sent again when no acknowledgement came
	Fast       float64    `json:"fast"`       // lost, and sent again at duplicate acknowledgements (RFC 5681, 3.2)
	Needless   float64    `json:"needless"`   // not lost, as the receiver says when they come again (RFC 2883)
	Duplicates float64    `json:"duplicates"` // acknowledgements for each that is Fast, beside the one for each that is Needless
	Wait       [5]float64 `json:"wait"`       // seconds until the others are sent again: least, quartiles and greatest
	SYNs       float64    `json:"syns"`       // proportion of connections whose SYN is sent again
}

// The bounds of what a plan may say of a loss: seconds of a wait, twice the longest that
// RFC 6298 has (2.5), and duplicate acknowledgements.
const (
	maxWait       = 120
	maxDuplicates = 64
)

// validate reports whether the losses are ones that a network can have.
func (l *Losses) validate() error {
	for name, p := range map[string]float64{"timed_out": l.TimedOut, "fast": l.Fast, "needless": l.Needless, "syns": l.SYNs} {
		if !(p >= 0 && p <= 1) {
			return fmt.Errorf("%s is %g, want 0 to 1", name, p)
		}
	}
	if !(l.Duplicates >= 0 && l.Duplicates <= maxDuplicates) {
		return fmt.Errorf("duplicates is %g, want 0 to %d", l.Duplicates, maxDuplicates)
	}
	for _, w := range l.Wait {
		if !(w >= 0 && w <= maxWait) {
			return fmt.Errorf("wait has %g, want 0 to %d seconds", w, maxWait)
		}
	}
	return nil
}

// WaitAt returns a quantile of the waits, interpolated; luck is 0 to 1.
func (l *Losses) WaitAt(luck float64) time.Duration {
	place := luck * float64(len(l.Wait)-1)
	k := min(int(place), len(l.Wait)-2)
	seconds := l.Wait[k] + (place-float64(k))*(l.Wait[k+1]-l.Wait[k])
	return time.Duration(seconds * float64(time.Second))
}

// lossCounts counts the data segments of a service and what became of them.
type lossCounts struct {
	data, connections              int
	timedOut, fast, needless, syns int
	duplicates                     int // acknowledgements
	waits                          []time.Duration
}

// add counts one flow.
func (c *lossCounts) add(f *flow.Flow) {
	if f.Packets[0].Flags&(flow.SYN|flow.ACK) == flow.SYN {
		c.connections++
	}
	for i := range f.Packets {
		if f.Packets[i].PayloadLength > 0 {
			c.data++
		}
	}
	observed, again := f.Losses(), false
	for i, o := range observed {
		switch {
		case o.Loss == flow.DuplicateACK:
			c.duplicates++
		case o.Loss == flow.SYNAgain && !again && f.Packets[i].Flags&flow.ACK == 0:
			again = true
			c.syns++
		case (o.Loss == flow.SentAgain || o.Loss == flow.SentInVain) && f.Packets[i].PayloadLength > 0:
			c.data--
			c.copy(f, observed, i)
		}
	}
}

// copy counts packet i of a flow, which is a segment that its side has sent before.
func (c *lossCounts) copy(f *flow.Flow, observed []flow.Observation, i int) {
	p := &f.Packets[i]
	answered := func(j int) bool {
		return observed[j].Loss == flow.DuplicateACK && f.Packets[j].Direction != p.Direction
	}
	for j := i - 1; j >= 0 && f.Packets[j].Time >= p.Time-int64(observed[i].Wait); j-- {
		if answered(j) {
			c.fast++
			return
		}
	}
	c.waits = append(c.waits, observed[i].Wait)
	for j := i + 1; j < len(observed) && observed[j].Wait == 0; j++ { // up to the next copy
		if answered(j) {
			c.needless++
			return
		}
	}
	c.timedOut++
}

// losses returns what the counts say.
func (c *lossCounts) losses() (l Losses) {
	if c.connections > 0 {
		l.SYNs = float64(c.syns) / float64(c.connections)
	}
	if c.data <= 0 {
		return l
	}
	proportion := func(n int) float64 { return min(1, float64(n)/float64(c.data)) }
	l.TimedOut, l.Fast, l.Needless = proportion(c.timedOut), proportion(c.fast), proportion(c.needless)
	if c.fast > 0 {
		l.Duplicates = min(maxDuplicates, max(1, float64(c.duplicates-c.needless)/float64(c.fast)))
	}
	slices.Sort(c.waits)
	for k := range l.Wait {
		if len(c.waits) > 0 {
			l.Wait[k] = min(maxWait, max(0, c.waits[k*(len(c.waits)-1)/(len(l.Wait)-1)].Seconds()))
		}
	}
	return l
}
