package feature

// Dynamics are the features of a row that look back in time (algorithm.md section 3).
type Dynamics struct {
	TimeDiff     float64 // seconds since the row before; 0 in the first row and where the clock steps back
	Rate         float64 // bytes of the row before / TimeDiff; 0 in the first row, +Inf in a tie
	ByteSecond   float64 // bytes since the last whole second, this row included
	ByteMinute   float64 // bytes of the last 60 whole seconds, the current one included
	PacketSecond float64 // rows since the last whole second
	PacketMinute float64 // rows of the last 60 whole seconds
}

const (
	nanoseconds   = 1_000_000_000
	minute        = 60  // seconds of the long window
	clockCapacity = 128 // seconds that are kept: the window, and as much for clocks that step back
)

// Clock computes the Dynamics of rows in time order. Its windows jump: with s
// the whole second of a row, the window of W seconds holds the rows so far with
// seconds in (s-W, s]. The zero value is ready. It holds 128 sums, whatever the
// traffic; a row more than a minute older than the newest has an incomplete window.
type Clock struct {
	started    bool
	lastTime   int64
	lastSize   float64
	newest     int64 // latest second seen
	minuteSize float64
	minuteRows float64
	seconds    [clockCapacity]struct {
		second     int64
		size, rows float64
	}
}

// Next adds a row: time in nanoseconds since 1970, size in bytes.
func (c *Clock) Next(time int64, size float64) Dynamics {
	var d Dynamics
	second := floorSecond(time)
	if c.started {
		d.TimeDiff = float64(max(0, time-c.lastTime)) / nanoseconds
		d.Rate = c.lastSize / d.TimeDiff
		c.advance(second)
	} else {
		c.started, c.newest = true, second
		c.bucket(second)
	}
	c.lastTime, c.lastSize = time, size
	slot := &c.seconds[uint64(second)%clockCapacity]
	if slot.second != second { // older than all that is kept
		return Dynamics{d.TimeDiff, d.Rate, size, size, 1, 1}
	}
	slot.size += size
	slot.rows++
	d.ByteSecond, d.PacketSecond = slot.size, slot.rows
	if second == c.newest {
		c.minuteSize += size
		c.minuteRows++
		d.ByteMinute, d.PacketMinute = c.minuteSize, c.minuteRows
		return d
	}
	if second > c.newest-minute {
		c.minuteSize += size
		c.minuteRows++
	}
	d.ByteMinute, d.PacketMinute = c.sum(second)
	return d
}

// advance makes second the newest, where it is later.
func (c *Clock) advance(second int64) {
	if second <= c.newest {
		return
	}
	if second-c.newest >= clockCapacity { // nothing that is kept is in the window
		c.minuteSize, c.minuteRows = 0, 0
		c.newest = second
		c.bucket(second)
		return
	}
	for c.newest < second {
		c.newest++
		if old := &c.seconds[uint64(c.newest-minute)%clockCapacity]; old.second == c.newest-minute {
			c.minuteSize -= old.size
			c.minuteRows -= old.rows
		}
		c.bucket(c.newest)
	}
}

// bucket empties the slot of a second for its use.
func (c *Clock) bucket(second int64) {
	slot := &c.seconds[uint64(second)%clockCapacity]
	slot.second, slot.size, slot.rows = second, 0, 0
}

// sum adds up the minute that ends with a second that is not the newest.
func (c *Clock) sum(last int64) (size, rows float64) {
	for second := last - minute + 1; second <= last; second++ {
		if slot := &c.seconds[uint64(second)%clockCapacity]; slot.second == second {
			size += slot.size
			rows += slot.rows
		}
	}
	return size, rows
}

// Clocks are clocks by name, for rows of several groups that each have their own time
// (algorithm.md section 3: the captures of a file, or the gateways of a log). The
// zero value is ready.
type Clocks struct {
	name  string // of the row before
	clock *Clock
	all   map[string]*Clock
}

// Of returns the clock of a name, a new one for a new name.
func (c *Clocks) Of(name string) *Clock {
	if c.clock != nil && name == c.name {
		return c.clock
	}
	if c.all == nil {
		c.all = make(map[string]*Clock)
	}
	c.name, c.clock = name, c.all[name]
	if c.clock == nil {
		c.clock = new(Clock)
		c.all[name] = c.clock
	}
	return c.clock
}

func floorSecond(time int64) int64 {
	second := time / nanoseconds
	if time%nanoseconds < 0 {
		second--
	}
	return second
}
