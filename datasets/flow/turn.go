package flow

// Turn is a change of direction inside a flow, with the two times in nanoseconds
// that a round trip is estimated by (algorithm.md 11.1). Both are 0 where the clock
// steps back.
type Turn struct {
	Gap  int64 // since the packet before, which the other end sent
	Time int64 // since the turn before, of the first turn since the flow's start
}

// Turns appends the changes of direction of the flow to dst, in their order. The
// times are those of the flow's own packets, so packets of other flows in between
// do not shorten them (D33).
func (f *Flow) Turns(dst []Turn) []Turn {
	since := f.Packets[0].Time
	for i := 1; i < len(f.Packets); i++ {
		before, p := &f.Packets[i-1], &f.Packets[i]
		if p.Direction == before.Direction {
			continue
		}
		dst = append(dst, Turn{Gap: max(0, p.Time-before.Time), Time: max(0, p.Time-since)})
		since = p.Time
	}
	return dst
}
