package trace

import (
	"cmp"
	"iter"
	"math"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// merge yields the elements of several streams in the order of their times; of equal
// times that of the stream which stands first. Each stream should be in time order: an
// element that is earlier than the one before it comes as soon as its stream is at it.
//
// Every stream is begun twice: first for the time of its first element, and again
// when that is due, so that of captures that follow each other one is open at a
// time. chosen is called with the index of the stream whose element comes next.
//
// The error of a damaged record comes when its stream is at it. Any other error ends
// the merged stream.
func merge[T any](streams []iter.Seq2[T, error], timeOf func(*T) int64, chosen func(stream int)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		waiting := make([]source[T], len(streams))
		for i, stream := range streams {
			waiting[i] = source[T]{index: i, stream: stream, at: firstTime(stream, timeOf)}
		}
		slices.SortFunc(waiting, func(a, b source[T]) int { return a.compare(&b) })
		m := merger[T]{timeOf: timeOf, chosen: chosen, yield: yield}
		defer m.close()
		for len(waiting) > 0 || len(m.open) > 0 {
			for len(waiting) > 0 && (len(m.open) == 0 || waiting[0].compare(m.first()) < 0) {
				if !m.begin(&waiting[0]) {
					return
				}
				waiting = waiting[1:]
			}
			if !m.take(waiting) {
				return
			}
		}
	}
}

// source is one of the streams that are merged.
type source[T any] struct {
	index  int
	stream iter.Seq2[T, error]
	at     int64 // time of the next element
	value  T     // the next element
	next   func() (T, error, bool)
	stop   func()
}

func (s *source[T]) compare(o *source[T]) int {
	return cmp.Or(cmp.Compare(s.at, o.at), cmp.Compare(s.index, o.index))
}

// merger holds the sources that are open.
type merger[T any] struct {
	timeOf func(*T) int64
	chosen func(int)
	yield  func(T, error) bool
	open   []*source[T]
}

// firstTime returns the time of a stream's first element. Of a stream without one it
// is the earliest of all, so that what is wrong with it comes at once.
func firstTime[T any](stream iter.Seq2[T, error], timeOf func(*T) int64) int64 {
	for v, err := range stream {
		switch {
		case err == nil:
			return timeOf(&v)
		case !flow.IsRecordError(err):
			return math.MinInt64
		}
	}
	return math.MinInt64
}

// begin opens a waiting source at its first element.
func (m *merger[T]) begin(waiting *source[T]) bool {
	s := *waiting
	s.next, s.stop = iter.Pull2(s.stream)
	m.open = append(m.open, &s)
	return m.advance(&s)
}

// advance brings a source to its next element, or closes it behind its last. It
// returns false when the merged stream has ended.
func (m *merger[T]) advance(s *source[T]) bool {
	for {
		v, err, ok := s.next()
		switch {
		case !ok:
			s.stop()
			m.open = slices.DeleteFunc(m.open, func(o *source[T]) bool { return o == s })
			return true
		case err == nil:
			s.value = v // which does not escape as v would
			s.at = m.timeOf(&s.value)
			return true
		}
		m.chosen(s.index)
		if !m.yield(v, err) || !flow.IsRecordError(err) {
			return false
		}
	}
}

// first returns the open source whose element comes next.
func (m *merger[T]) first() *source[T] {
	return slices.MinFunc(m.open, (*source[T]).compare)
}

// take yields the elements of the open source that comes first, as long as it comes
// before the other ones and before what is waiting. It returns false when the merged
// stream has ended.
func (m *merger[T]) take(waiting []source[T]) bool {
	if len(m.open) == 0 {
		return true
	}
	s := m.first()
	limit := source[T]{at: math.MaxInt64, index: math.MaxInt}
	if len(waiting) > 0 {
		limit.at, limit.index = waiting[0].at, waiting[0].index
	}
	for _, o := range m.open {
		if o != s && o.compare(&limit) < 0 {
			limit.at, limit.index = o.at, o.index
		}
	}
	for open := len(m.open); len(m.open) == open && s.compare(&limit) < 0; {
		m.chosen(s.index)
		if !m.yield(s.value, nil) || !m.advance(s) {
			return false
		}
	}
	return true
}

// close ends the sources that are open.
func (m *merger[T]) close() {
	for _, s := range m.open {
		s.stop()
	}
}
