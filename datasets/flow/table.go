package flow

import "iter"

// TableRow is a flow's row of NeCSTGen's flow table (algorithm.md, section 3),
// whose column names stand behind the fields, and what the table lacks: which flow
// it is. TimeDiff, Rate and the rolling columns look at the flows of the same
// application that started before.
type TableRow struct {
	ID          int64
	Tuple       FiveTuple // as the client sends
	Application Application
	Device      string // of uplinks, which have no Tuple: gateway and device, as Radio.Device

	Packets          int64   // flow_id_count
	Length           int64   // length_total_sum, bytes
	LengthDeviation  float64 // length_total_std: n-1; NaN for one packet, as are the other two
	Start            int64   // timestamps_min, nanoseconds since 1970-01-01 UTC
	HeaderDeviation  float64 // header_length_std
	PayloadDeviation float64 // payload_length_std
	TimeDiff         float64 // time_diff: seconds since the previous flow's start; the first 0, never negative
	Rate             float64 // rate: the previous flow's Length / TimeDiff; 0 where TimeDiff is
	BytesSecond      float64 // rolling_rate_byte_sec: bytes of the flows that started in this whole second, up to this one
	BytesMinute      float64 // rolling_rate_byte_min: and in the 59 before it
	FlowsSecond      float64 // rolling_rate_packet_sec: flows likewise
	FlowsMinute      float64 // rolling_rate_packet_min
}

// Table gathers flows as Flows does and keeps of each only its sums, so a capture
// of any size is a table in bounded memory. Rows come in the order of the flows'
// first packets: a row waits for the flows that started before it, and those without an IP
// header do not end before the stream does. Should more than MaxOpen rows wait (208
// bytes each), the flow that they wait for ends.
func (a *Assembler) Table(packets iter.Seq2[Packet, error]) iter.Seq2[TableRow, error] {
	return func(yield func(TableRow, error) bool) {
		w := waiting{going: true, yield: yield}
		t := newTracker(a, func(c *conversation) { w.finish(c) })
		var held error // as in Flows
		for p, err := range packets {
			if held != nil {
				w.going = w.going && yield(TableRow{}, held)
				held = nil
			}
			if !w.going {
				return
			}
			if err != nil {
				held = err
				continue
			}
			c := t.track(&p)
			if c.sums.packets == 0 {
				w.open(c)
			}
			c.sums.add(&p)
			if len(w.rows)-w.head > t.max {
				t.end(w.rows[w.head].flow)
			}
		}
		if held != nil && IsRecordError(held) {
			w.going = w.going && yield(TableRow{}, held)
			held = nil
		}
		if w.going {
			t.flush()
		}
		if w.going && held != nil {
			yield(TableRow{}, held)
		}
	}
}

// waiting are the rows from the oldest open flow on, in the order of flow IDs.
type waiting struct {
	rows  []waitingRow
	head  int   // index of the oldest
	base  int64 // its ID
	going bool
	yield func(TableRow, error) bool
	past  series
}

// waitingRow is an open flow, or the row of one that has ended.
type waitingRow struct {
	flow *conversation // nil: ended
	row  TableRow
}

func (w *waiting) open(c *conversation) {
	if w.head > len(w.rows)/2 { // let go of what has left
		w.rows = w.rows[:copy(w.rows, w.rows[w.head:])]
		w.head = 0
	}
	w.rows = append(w.rows, waitingRow{flow: c})
}

// finish takes a flow's row and passes on those that nothing holds back.
func (w *waiting) finish(c *conversation) {
	at := &w.rows[w.head+int(c.id-w.base)]
	at.flow, at.row = nil, c.sums.row(c.id, c.tuple, c.app)
	at.row.Device = c.device
	for w.head < len(w.rows) && w.rows[w.head].flow == nil {
		row := &w.rows[w.head].row
		w.past.follow(row)
		w.going = w.going && w.yield(*row, nil)
		w.head++
		w.base++
	}
}

// row returns the part of a row that the flow alone gives.
func (f *flowTotals) row(id int64, tuple FiveTuple, app Application) TableRow {
	return TableRow{
		ID: id, Tuple: tuple, Application: app, Packets: f.packets, Length: f.length.total(f.packets), Start: f.start,
		LengthDeviation: f.length.deviation(f.packets), HeaderDeviation: f.header.deviation(f.packets), PayloadDeviation: f.payload.deviation(f.packets),
	}
}

// device names the device of a flow by its first packet.
func device(p *Packet) string {
	if p.Radio == nil {
		return ""
	}
	return p.Radio.Device()
}

// series holds what the rows behind depend on, for each application.
type series [applicationCount]struct {
	any    bool
	start  int64 // of the previous flow
	length int64
	minute rollingMinute
}

// follow fills in the columns that look back.
func (s *series) follow(r *TableRow) {
	past := &s[min(r.Application, applicationCount-1)]
	if past.any {
		r.TimeDiff = float64(max(0, r.Start-past.start)) / 1e9
		if r.TimeDiff > 0 {
			r.Rate = float64(past.length) / r.TimeDiff
		}
	}
	past.any, past.start, past.length = true, r.Start, r.Length
	second, minute := past.minute.add(r.Start, r.Length)
	r.BytesSecond, r.FlowsSecond = float64(second.bytes), float64(second.flows)
	r.BytesMinute, r.FlowsMinute = float64(minute.bytes), float64(minute.flows)
}

// rollingMinute sums over the newest whole second and the 59 before it. A clock
// that steps back counts in the newest second.
type rollingMinute struct {
	newest  int64
	total   secondSum
	seconds [60]secondSum // by second modulo 60
}

type secondSum struct{ bytes, flows int64 }

func (m *rollingMinute) add(time, bytes int64) (second, minute secondSum) {
	now := time / 1e9
	if time%1e9 < 0 {
		now--
	}
	if now >= m.newest+60 || m.total.flows == 0 {
		*m = rollingMinute{newest: now}
	}
	for m.newest < now {
		m.newest++
		left := &m.seconds[m.slot()]
		m.total.bytes -= left.bytes
		m.total.flows -= left.flows
		*left = secondSum{}
	}
	newest := &m.seconds[m.slot()]
	newest.bytes += bytes
	newest.flows++
	m.total.bytes += bytes
	m.total.flows++
	return *newest, m.total
}

func (m *rollingMinute) slot() int { return int((m.newest%60 + 60) % 60) }
