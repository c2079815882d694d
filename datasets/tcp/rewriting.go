package tcp

import "github.com/necstgen/necstgen/datasets/flow"

// acknowledged returns the segment that acknowledges segment i, whose sequence numbers end
// at an offset, as a slice of one. It is nil unless i is the last that its side sends before that.
func (c *connection) acknowledged(i int, end uint32) []int {
	dir := c.segments[i].dir
	for j := i + 1; j < len(c.segments); j++ {
		g := &c.segments[j]
		switch {
		case g.flags&flow.RST != 0 || g.dir == dir && g.consumes() > 0:
			return nil
		case g.dir != dir && g.flags&flow.ACK != 0 && int32(g.ack-end) >= 0:
			return []int{j}
		}
	}
	return nil
}

// farthest is how many segments behind a lost one are looked at for acknowledgements.
const farthest = 256

// acknowledgements returns the segments that acknowledge segment i, whose sequence numbers
// end at an offset, and what comes behind it: so many empty ACKs of which each but the last
// can be a duplicate that selects what the one behind it acknowledges, since that has been
// sent. It is nil if there are fewer before anything else happens.
func (c *connection) acknowledgements(i int, end uint32, duplicates int) []int {
	dir := c.segments[i].dir
	sent := end
	var found []int
	var room uint32 // sent before the last one found
	for j := i + 1; j < min(len(c.segments), i+farthest); j++ {
		g := &c.segments[j]
		switch {
		case g.flags&(flow.SYN|flow.FIN|flow.RST) != 0 || g.dir != dir && g.payload > 0:
			return nil
		case g.dir == dir:
			sent += uint32(g.payload)
		case int32(g.ack-end) < 0:
		case g.update || len(found) > 0 && int32(g.ack-room) > 0:
			return nil
		default:
			found, room = append(found, j), sent
			if len(found) > duplicates {
				return found
			}
		}
	}
	return nil
}

// rewriting writes a connection's segments again, with those that are sent twice.
type rewriting struct {
	*connection
	before, after []segment
	next          int     // index in before
	places        []int32 // of those before next, indices in after
	delay         int64   // of what is to come, nanoseconds
	roundTrip     int64
	selective     bool // both ends permit selective acknowledgements (RFC 2018)

	said [2]*segment // last one of each side in after, which never moves, that acknowledges; nil: none
}

// keepUntil takes over the segments before an index.
func (w *rewriting) keepUntil(index int) {
	for ; w.next < index; w.next++ {
		g := w.before[w.next]
		g.time += w.delay
		if g.echo >= 0 {
			g.echo = w.places[g.echo]
		}
		w.places = append(w.places, int32(len(w.after)))
		w.add(g)
	}
}

// add appends a segment, no earlier than the one before it.
func (w *rewriting) add(g segment) *segment {
	if last := len(w.after) - 1; last >= 0 {
		g.time = max(g.time, w.after[last].time)
	}
	w.after = append(w.after, g)
	added := &w.after[len(w.after)-1]
	if g.flags&flow.ACK != 0 {
		w.said[g.dir] = added
	}
	return added
}

// again adds a copy of a segment at a time, with what its side acknowledges by then, and
// returns its index.
func (w *rewriting) again(original int, at int64) int32 {
	w.after[original].kept = true
	g := w.after[original]
	g.kept, g.again, g.time = false, true, at
	if said := w.said[g.dir]; said != nil {
		g.ack, g.echo = said.ack, said.echo
	}
	w.add(g)
	return int32(len(w.after) - 1)
}

// wait delays what is to come until the next segment is no earlier than a time.
func (w *rewriting) wait(until int64) {
	if w.next < len(w.before) {
		w.delay = max(w.delay, until-w.before[w.next].time)
	}
}

// synTimeOut is how long a client waits for the answer to its first SYN (RFC 6298, 2.1),
// nanoseconds.
const synTimeOut = int64(1e9)

// openAgain sends the SYN twice.
func (w *rewriting) openAgain() {
	w.keepUntil(1)
	at := w.after[0].time + synTimeOut
	w.again(0, at)
	w.delay = synTimeOut
}

// lose sends a segment twice.
func (w *rewriting) lose(l loss, wait int64) {
	w.keepUntil(l.segment + 1)
	original := int(w.places[l.segment])
	end := l.start + uint32(w.before[l.segment].payload)
	due := w.after[original].time + wait
	last := l.answers[len(l.answers)-1]
	switch l.kind {
	case timedOut:
		w.keepUntil(last)
		copied := w.again(original, due)
		w.cover(copied)
	case needless:
		w.keepUntil(last + 1)
		at, left := due, w.roundTrip
		if w.next < len(w.before) {
			at = min(at, w.after[len(w.after)-1].time+(w.before[w.next].time+w.delay-w.after[len(w.after)-1].time)/2)
		}
		copied := w.again(original, at)
		at = w.after[copied].time
		if w.next < len(w.before) {
			left = min(left, (w.before[w.next].time+w.delay-at)/2)
		}
		said := w.said[1-w.after[original].dir]
		added := w.add(segment{time: at + left, flags: flow.ACK, dir: said.dir, ack: said.ack, echo: copied, options: w.plain(), repeat: true})
		w.selects(added, l.start, end) // that they have come twice (RFC 2883)
	case fast:
		w.duplicates(l, original, end)
	}
}

// duplicateThreshold is how many duplicate acknowledgements make a sender send again at
// once (RFC 5681, 3.2).
const duplicateThreshold = 3

// reaction is how long a sender takes to send again, nanoseconds.
const reaction = int64(20e3)

// duplicates makes duplicates of the acknowledgements that a loss has found, and sends the
// segment again behind the third of them.
func (w *rewriting) duplicates(l loss, original int, end uint32) {
	last := len(l.answers) - 1
	seen, copied := 0, int32(-1)
	for k, at := range l.answers[:last] {
		w.keepUntil(at)
		before := w.said[w.before[at].dir]
		w.keepUntil(at + 1)
		added := &w.after[len(w.after)-1]
		added.ack = l.start
		w.selects(added, end, w.before[l.answers[k+1]].ack)
		if before.ack == l.start && before.flags&flow.SYN == 0 {
			added.repeat, added.echo = true, before.echo
			seen++
		}
		if seen == duplicateThreshold && copied < 0 {
			copied = w.again(original, added.time+reaction)
		}
	}
	w.keepUntil(l.answers[last])
	if copied < 0 {
		copied = w.again(original, w.after[len(w.after)-1].time+reaction)
	}
	w.cover(copied)
}

// cover takes over the next segment as the one that acknowledges a copy: a round trip
// behind it, whose time it echoes (RFC 7323, 4.3).
func (w *rewriting) cover(copied int32) {
	w.wait(w.after[copied].time + w.roundTrip)
	w.keepUntil(w.next + 1)
	if added := &w.after[len(w.after)-1]; added.echo >= 0 {
		added.echo = copied
	}
}

// plain returns how many option bytes a segment has that selects nothing.
func (w *rewriting) plain() uint8 {
	if w.timestamps {
		return timestampOptions
	}
	return 0
}

// selects makes the segment that was added last select sequence numbers, if both ends
// permit that.
func (w *rewriting) selects(g *segment, left, right uint32) {
	if w.selective {
		g.options += sackOptions
		w.selections = append(w.selections, selection{left, right})
	}
}

// settle makes the segments those of the connection, unless more would be in flight than
// its windows have room for.
func (w *rewriting) settle() {
	c := w.connection
	inFlight := mostInFlight(w.after)
	if !c.scaled && max(inFlight[0], inFlight[1]) >= unscaledWindow {
		c.selections = c.selections[:0]
		return
	}
	c.segments, c.inFlight = w.after, inFlight
	for i := range c.segments {
		if c.segments[i].again {
			c.counts.add(segmentRepeated)
		}
	}
}

// mostInFlight returns how many bytes each side has sent at most that are not acknowledged.
func mostInFlight(segments []segment) (most [2]int64) {
	var sent, acked [2]int64
	for i := range segments {
		g := &segments[i]
		if !g.again {
			sent[g.dir] += g.consumes()
		}
		most[g.dir] = max(most[g.dir], sent[g.dir]-acked[g.dir])
		if g.flags&flow.ACK != 0 {
			acked[1-g.dir] = max(acked[1-g.dir], int64(g.ack))
		}
	}
	return most
}
