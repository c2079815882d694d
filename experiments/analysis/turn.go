package analysis

import (
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/figure"
)

// turns returns one of the two times of every turn, in seconds.
func (t *Traffic) turns(of func(turn flow.Turn) int64) fidelity.Values {
	var v fidelity.Values
	var turns []flow.Turn
	for _, f := range t.Sample {
		turns = f.Turns(turns[:0])
		for _, turn := range turns {
			v.List = append(v.List, seconds(of(turn)))
		}
	}
	return v
}

// turnTimes draws the time from one turn of a conversation to the next (A10).
func turnTimes(r *Result, sides []*Side) error {
	all := values(sides, func(t *Traffic) fidelity.Values { return t.turns(func(turn flow.Turn) int64 { return turn.Time }) })
	return r.distribution("", r.Title, "turn time", "time since the turn before, or the flow's start", "s", figure.LogSeconds, sides, all)
}

// turnGaps draws the last gap of each turn (A19).
func turnGaps(r *Result, sides []*Side) error {
	all := values(sides, func(t *Traffic) fidelity.Values { return t.turns(func(turn flow.Turn) int64 { return turn.Gap }) })
	return r.distribution("", r.Title, "turn gap", "time since the other end's last packet", "s", figure.LogSeconds, sides, all)
}

// sizes draws the packets and the bytes of flows (A17).
func sizes(r *Result, sides []*Side) error {
	all := values(sides, func(t *Traffic) (v fidelity.Values) {
		for i := range t.rows {
			v.List = append(v.List, float64(t.rows[i].packets))
		}
		return v
	})
	if err := r.distribution("", "Packets per flow", "packets per flow", "packets of a flow", "packets", figure.Log, sides, all); err != nil {
		return err
	}
	known := with(sides, needBytes)
	if len(known) < 2 || known[0] != sides[0] {
		return nil
	}
	all = values(known, func(t *Traffic) (v fidelity.Values) {
		for i := range t.rows {
			v.List = append(v.List, float64(t.rows[i].bytes))
		}
		return v
	})
	f, err := figure.CDF("Bytes per flow", "bytes of all frames of a flow", figure.Log, samples(known, all)...)
	if err := r.draw("bytes", countedValues(figure.Log, all), f, err); err != nil {
		return err
	}
	r.describeFor(sides, known, "bytes per flow", "bytes", all)
	return nil
}

// needBytes is met by sides whose flows' bytes are known.
var needBytes = need{"bytes of flows", func(s *Side) string {
	for i := range s.Traffic.rows {
		if s.Traffic.rows[i].bytes <= 0 {
			return "the table of flows has no bytes"
		}
	}
	return ""
}}
