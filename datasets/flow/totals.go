package flow

import "math"

// flowTotals are the running sums of one flow's row of the flow table.
type flowTotals struct {
	start   int64
	packets int64
	length  spread
	header  spread
	payload spread
}

func (f *flowTotals) add(p *Packet) {
	if f.packets == 0 {
		f.start = p.Time
	}
	f.start = min(f.start, p.Time)
	f.packets++
	f.length.add(p.Length, f.packets)
	f.header.add(p.HeaderLength, f.packets)
	f.payload.add(p.PayloadLength, f.packets)
}

// spread sums deviations from the first value, which loses nothing: the sums of
// whole numbers are exact.
type spread struct {
	first  int32
	sum    int64
	square float64
}

func (s *spread) add(v int32, count int64) {
	if count == 1 {
		s.first = v
		return
	}
	d := int64(v) - int64(s.first)
	s.sum += d
	s.square += float64(d) * float64(d)
}

// total returns the sum of the values themselves.
func (s *spread) total(count int64) int64 { return s.sum + int64(s.first)*count }

// deviation returns the sample standard deviation (n-1), NaN for less than two values.
func (s *spread) deviation(count int64) float64 {
	if count < 2 {
		return math.NaN()
	}
	n, sum := float64(count), float64(s.sum)
	return math.Sqrt(max(0, s.square-sum*sum/n) / (n - 1))
}
