package flow

import "time"

// Answers knows, for each direction, the gap before the first answer: the first packet of
// a flow in that direction that comes behind one in the other. Where the end that sends in
// that direction is far from the capture, the gap is the round trip to it, and those
// before later answers are close to it. The zero value is that of a flow without packets.
type Answers struct {
	first  [2]time.Duration // by direction; 0: there was none yet
	before Direction        // direction of the packet before
	begun  bool             // there is a packet before
}

// BeginAnswers returns the answers of a flow without packets of which the gap before the
// first answer in direction d is given.
func BeginAnswers(d Direction, first time.Duration) (a Answers) {
	a.first[d&1] = first
	return a
}

// First returns the gap before the first answer in direction d, 0 where it is not known.
func (a *Answers) First(d Direction) time.Duration { return a.first[d&1] }

// Next reports whether the next packet is an answer if it has direction d.
func (a *Answers) Next(d Direction) bool { return a.begun && d != a.before }

// Add takes in a packet in direction d and the gap before it. A gap of zero before a first
// answer says nothing, and the next one counts as the first.
func (a *Answers) Add(d Direction, gap time.Duration) {
	if a.first[d&1] == 0 && gap > 0 && a.Next(d) {
		a.first[d&1] = gap
	}
	a.before, a.begun = d, true
}

// Answers returns those of the whole flow.
func (f *Flow) Answers() (a Answers) {
	for i := range f.Packets {
		var gap time.Duration
		if i > 0 {
			gap = time.Duration(f.Packets[i].Time - f.Packets[i-1].Time)
		}
		a.Add(f.Packets[i].Direction, gap)
	}
	return a
}
