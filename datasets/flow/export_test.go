package flow

import "iter"

// Rows makes the table of flows that are at hand, in the order in which they come:
// what the tests hold Table against. Errors pass.
func Rows(flows iter.Seq2[*Flow, error]) iter.Seq2[TableRow, error] {
	return func(yield func(TableRow, error) bool) {
		var s series
		for f, err := range flows {
			var row TableRow
			if err == nil {
				var sums flowTotals
				for i := range f.Packets {
					sums.add(&f.Packets[i])
				}
				row = sums.row(f.ID, f.Tuple, f.Application)
				row.Device = device(&f.Packets[0])
				s.follow(&row)
			}
			if !yield(row, err) {
				return
			}
		}
	}
}
