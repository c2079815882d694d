// Package flow holds packets and the flows they belong to: five-tuples,
// direction, applications, and the assembly of a packet stream into flows.
//
//   - [Packet] is one packet of a capture, a table or a generator, [FiveTuple] its ends,
//     [Layers] what it is made of, and [Encapsulation] what a reader has taken off its frame.
//   - [Application] is what it is for. [Identify] finds it by ports and first bytes,
//     [Rules] as NeCSTGen's tables have it; what is known of each application stands in
//     one row of the registry.
//   - [Flow] is one conversation. An [Assembler] gathers packets into flows, or into the
//     rows of a flow table ([TableRow]); [Collect] takes them all, and [Packets] merges
//     flows into packets again.
//   - A [Recorder] makes a [Record] of each flow as its packets go by: counts each way, times,
//     the Community ID, and what Zeek would say of the connection.
//   - [Clock] sees whether the times of a stream can be those of one recording.
//
// The package depends on the standard library alone. Packets enter as
// iter.Seq2[Packet, error]: an error belongs to one damaged record and does not
// end the stream unless it is the last element. Memory and work go with the packets,
// never with the time that they span.
package flow

import "time"

// Flow is one conversation: a TCP connection, or the datagrams of one five-tuple
// that no idle time-out separates.
type Flow struct {
	ID          int64
	Tuple       FiveTuple   // as the client (the initiator) sends
	Application Application // of its first packet that has one
	Packets     []Packet    // in time order, never empty; Direction is set on each

	// Before is the start of the flow that began before this one in the whole
	// capture, in nanoseconds since 1970-01-01 UTC: the gap between starts, also
	// where that flow is not at hand. It is the flow's own start for the first flow,
	// and what a reader sets that does not know the others.
	Before int64

	Origin *Origin // what generated it, or the file that it was taken from; nil: unknown
}

// Start returns the time of the first packet, in nanoseconds since 1970-01-01 UTC.
func (f *Flow) Start() int64 { return f.Packets[0].Time }

// Portless reports whether the flow is of ARP, or of an IP protocol without ports.
func (f *Flow) Portless() bool {
	p := &f.Packets[0]
	return p.Message != nil || p.Tuple.Proto != 0 && p.Tuple.Proto != TCP && p.Tuple.Proto != UDP
}

// Duration returns the time between the first and the last packet.
func (f *Flow) Duration() time.Duration {
	return time.Duration(f.Packets[len(f.Packets)-1].Time - f.Packets[0].Time)
}

// Bytes returns the sum of the frame lengths.
func (f *Flow) Bytes() int64 {
	var sum int64
	for i := range f.Packets {
		sum += int64(f.Packets[i].Length)
	}
	return sum
}
