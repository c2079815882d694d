package address

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// Window is how the receive windows of a host's connections develop. A connection
// begins with First, and its window grows with the segments that the host
// receives, as Linux's does (tcp_grow_window, and receive buffer tuning behind it); how
// far depends on how soon its application reads, so every connection grows in its own
// way. What depends on the room that a segment leaves for payload has two values, of
// connections without and with timestamps.
type Window struct {
	SYN   [2]uint16 `json:"syn"`   // of its SYNs, bytes
	First [2]uint16 `json:"first"` // behind the SYN, as sent (not scaled)
	Scale uint8     `json:"scale"` // where the SYN has room for the option

	// Growth is by how many bytes the window is above its first one after 1, 2, 4, 8 and
	// so on segments that count ([Received]): least, quartiles and greatest over connections. No row: windows
	// do not grow.
	Growth [][5]int64 `json:"growth,omitempty"`

	// ResetZero is the proportion of its RSTs that have window 0 instead of the
	// connection's: of those without and of those with the ACK flag.
	ResetZero [2]float64 `json:"reset_zero"`
}

// Received says which of the segments that a connection receives make its window grow: as
// in Linux those of 128 bytes and more (tcp_event_data_recv) from the first one on that
// fills half of the buffer of an Ethernet frame (__tcp_grow_window). The windows of all 265
// connections of the embedded capture that receive no such one stay as they are.
type Received struct{ full bool }

// The payloads in bytes from which a segment counts, and is full.
const (
	countedSegment = 128
	fullSegment    = 1152
)

// Counts reports whether a segment makes the window grow.
func (r *Received) Counts(payload int32) bool {
	r.full = r.full || payload >= fullSegment
	return r.full && payload >= countedSegment
}

// validate reports every problem of the window at once.
func (w *Window) validate() error {
	var problems []error
	if w.Scale > MaxScale {
		problems = append(problems, fmt.Errorf("window.scale is %d, want 0 to %d", w.Scale, MaxScale))
	}
	for k, row := range w.Growth {
		for _, above := range row {
			if above < 0 || above > maxGrowth {
				problems = append(problems, fmt.Errorf("window.growth[%d] has %d, want 0 to %d bytes", k, above, maxGrowth))
			}
		}
	}
	for _, proportion := range w.ResetZero {
		if !(proportion >= 0 && proportion <= 1) {
			problems = append(problems, fmt.Errorf("window.reset_zero has %g, want 0 to 1", proportion))
		}
	}
	return errors.Join(problems...)
}

// MaxScale is the largest window scale (RFC 7323, 2.3).
const MaxScale = 14

// maxGrowth is the largest window in bytes (RFC 7323, 2.3).
const maxGrowth = math.MaxUint16 << MaxScale

// Grown returns by how many bytes the window of a connection is above its first one after
// so many segments that count. luck of 0 to 1 is the connection's own: which part of the host's
// connections has a smaller window.
func (w *Window) Grown(segments int, luck float64) int64 {
	if segments == 0 || len(w.Growth) == 0 {
		return 0
	}
	row := bits.Len(uint(segments)) - 1
	if row >= len(w.Growth)-1 {
		return at(&w.Growth[len(w.Growth)-1], luck)
	}
	low, high := at(&w.Growth[row], luck), at(&w.Growth[row+1], luck)
	return low + (high-low)*int64(segments-1<<row)>>row
}

// at returns a quantile, interpolated.
func at(row *[5]int64, luck float64) int64 {
	place := luck * float64(len(row)-1)
	k := min(int(place), len(row)-2)
	return row[k] + int64((place-float64(k))*float64(row[k+1]-row[k]))
}

// linuxWindow is the window of a host of which nothing is known: that of Linux with its
// usual buffers, as connections of the embedded capture have it.
func linuxWindow() Window {
	return Window{SYN: [2]uint16{64240, 65160}, First: [2]uint16{502, 510}, Scale: 7, Growth: [][5]int64{
		{0, 3072, 3072, 3072, 3072},
	}}
}
