package flow

import (
	"cmp"
	"maps"
	"slices"
)

// Origin is what a generated flow comes from.
type Origin struct {
	Name      string // Generated, or the name of the file that it was taken from
	Generator string // the kind of generator; "": none, or an unknown one
	Seed      uint64 // of its choices
}

// Generated is the Name of an Origin that is a generator.
const Generated = "generated"

// Record is what is kept of one flow when its packets have gone by: a label, a row of a
// flow table, a line of a connection log. Arrays are by Direction: what the client has
// sent, then what the server has.
type Record struct {
	ID          int64
	Application Application
	Origin      *Origin   // nil: unknown
	Tuple       FiveTuple // as the client sends; invalid addresses: the flow has none
	Gateway     uint64    // of LoRaWAN uplinks, as is Address
	Address     uint32
	Start, End  int64 // of the first and the last packet, nanoseconds since 1970-01-01 UTC

	Packets  [2]int64
	Bytes    [2]int64 // of frames
	IPBytes  [2]int64 // of IP packets, headers included
	Payload  [2]int64 // of transport payload, each byte of a TCP stream once
	Flags    [2]TCPFlags
	First    int64 // Packet.Number of the first packet
	Last     int64 // and of the last
	Finished bool  // the flow has ended by itself, and not with the capture

	connection connState
}

// IsUplinks reports whether the flow is of LoRaWAN uplinks, which have a gateway and a
// device in place of addresses.
func (r *Record) IsUplinks() bool { return r.Gateway != 0 || r.Address != 0 }

// CommunityID returns that of the flow's tuple. It is "" for ICMP, whose ID depends on the
// message's type and code, which a Packet does not have.
func (r *Record) CommunityID() string {
	if r.Tuple.Proto == ICMP || r.Tuple.Proto == ICMPv6 {
		return ""
	}
	return r.Tuple.CommunityID()
}

// Observed is a packet of a flow, and what is known of the flow itself.
type Observed struct {
	Packet      *Packet // with its FlowID, Direction and Number
	Application Application
	Origin      *Origin
	Last        bool // the flow has no other packet behind it
}

// Recorder makes a Record of each flow of a stream of packets. Memory goes with the flows
// that are under way at one time. The zero value is ready.
type Recorder struct {
	open map[int64]*Record
	free []*Record
}

// Add counts a packet. When it is the last of its flow, the flow's record is returned,
// which is valid until the next call; else nil.
func (r *Recorder) Add(o Observed) *Record {
	p := o.Packet
	record := r.open[p.FlowID]
	if record == nil {
		record = r.begin(o)
	}
	record.add(p)
	if !o.Last {
		return nil
	}
	record.Finished = true
	delete(r.open, p.FlowID)
	r.free = append(r.free, record)
	return record
}

// Rest returns the records of the flows that have not ended, in the order of their first
// packets, and forgets them.
func (r *Recorder) Rest() []*Record {
	rest := slices.SortedFunc(maps.Values(r.open), func(a, b *Record) int { return cmp.Compare(a.First, b.First) })
	clear(r.open)
	return rest
}

// begin makes the record of a flow whose first packet it is.
func (r *Recorder) begin(o Observed) *Record {
	if r.open == nil {
		r.open = make(map[int64]*Record)
	}
	record := new(Record)
	if n := len(r.free); n > 0 {
		record, r.free = r.free[n-1], r.free[:n-1]
	}
	p := o.Packet
	*record = Record{ID: p.FlowID, Application: o.Application, Origin: o.Origin, Tuple: p.Tuple, Start: p.Time, First: p.Number,
		connection: connState{history: record.connection.history[:0]}}
	if p.Direction == Backward {
		record.Tuple = p.Tuple.Reverse()
	}
	if p.Radio != nil {
		record.Gateway, record.Address = p.Radio.Gateway, p.Radio.Address
	}
	r.open[p.FlowID] = record
	return record
}

// add counts a packet.
func (r *Record) add(p *Packet) {
	dir := p.Direction & 1
	r.End, r.Last = p.Time, p.Number
	r.Packets[dir]++
	r.Bytes[dir] += int64(p.Length)
	r.IPBytes[dir] += int64(p.IPLength())
	r.Flags[dir] |= p.Flags
	r.Payload[dir] += r.connection.add(p)
}
