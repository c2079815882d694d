package flow

import (
	"testing"
	"time"
)

// Answers keep the gap before the first answer of each direction, one that is not zero.
func TestAnswers(t *testing.T) {
	var a Answers
	f := Flow{}
	now := int64(0)
	const ms = time.Millisecond
	for i, row := range []struct {
		direction Direction
		gap       time.Duration
		answer    bool
		want      [2]time.Duration
	}{
		{Forward, 0, false, [2]time.Duration{}},
		{Backward, 0, true, [2]time.Duration{}},
		{Backward, time.Second, false, [2]time.Duration{}},
		{Forward, 10 * ms, true, [2]time.Duration{10 * ms, 0}},
		{Backward, ms, true, [2]time.Duration{10 * ms, ms}},
		{Forward, time.Second, true, [2]time.Duration{10 * ms, ms}},
	} {
		if got := a.Next(row.direction); got != row.answer {
			t.Errorf("packet %d is an answer: %v, want %v", i, got, row.answer)
		}
		a.Add(row.direction, row.gap)
		now += int64(row.gap)
		f.Packets = append(f.Packets, Packet{Time: now, Direction: row.direction})
		if got := [2]time.Duration{a.First(Forward), a.First(Backward)}; got != row.want {
			t.Errorf("behind packet %d the first gaps are %v, want %v", i, got, row.want)
		}
		if f.Answers() != a {
			t.Errorf("behind packet %d the flow has answers %v, want %v", i, f.Answers(), a)
		}
	}
	if a := BeginAnswers(Backward, ms); a.First(Backward) != ms || a.First(Forward) != 0 || a.Next(Forward) {
		t.Errorf("answers that begin with a known gap are %v", a)
	}
}
