package trace

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
)

// Selection says which packets are asked for. The zero value asks for all.
type Selection struct {
	// Applications are what the packets are wanted for. LoRaWAN asks for uplinks alone,
	// out of a gateway's log, LoRaTap records or Semtech's datagrams; every other
	// application refuses a gateway's log. Other packets are not left out: their flows
	// are known only later. None takes every trace as it is.
	Applications flow.Applications

	Port    int         // FPort of uplinks, 0: any
	Gateway uint64      // EUI-64 of uplinks, 0: any
	Period  flow.Period // of time; the packets before and behind it are passed over
	Limit   int         // of packets that are read in the period, 0: none

	// Outer leaves the frames of captures as the link carried them. Without it, what is
	// inside of VLAN tags, MPLS labels and tunnels counts, and what has been taken off is
	// each packet's Encapsulation.
	Outer bool
}

// Packets reads the packets in the order of the trace, or of several files in time
// order, once. Damaged records are errors in the stream, with their file and their
// numbers in it; an error that ends it is the last element, as is the end of ctx, which
// also ends the wait for a pipe or device; it says so if the file grew meanwhile. A
// period in which no packet is, is an error that says what the packets span. A
// packet's Payload is valid until the next one is asked for.
//
// Of one file a packet's Number is that of the file; of several it counts all their
// records, so that no two packets have the same, and [Trace.Origin] has the file's.
// Flow ids that the files have are kept apart as well (D07).
func (t *Trace) Packets(ctx context.Context, s Selection) iter.Seq2[flow.Packet, error] {
	packets := t.decoded(ctx, s)
	if t.parts != nil {
		packets = t.merged(ctx, s)
	}
	if !s.Period.IsZero() {
		packets = during(ctx, t.Name, packets, s.Period, packetTime)
	}
	return func(yield func(flow.Packet, error) bool) { t.pass(ctx, packets, s, yield) }
}

// decoded reads all packets of a single file or stream.
func (t *Trace) decoded(ctx context.Context, s Selection) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		plain, compression, err := pcap.Decompress(t.source(ctx), t.Name)
		if err != nil {
			yield(flow.Packet{}, err)
			return
		}
		defer plain.Close()
		defer t.watch()
		t.compression = compression
		packets, err := t.packets(bufio.NewReaderSize(plain, 1<<16), s)
		if err != nil {
			yield(flow.Packet{}, err)
			return
		}
		packets(yield)
	}
}

// flowIDBits are what a file's own flow ids may take of the ids of a merged trace.
const flowIDBits = 40

// merged reads the packets of several files in time order.
func (t *Trace) merged(ctx context.Context, s Selection) iter.Seq2[flow.Packet, error] {
	streams := make([]iter.Seq2[flow.Packet, error], len(t.parts))
	for i, part := range t.parts {
		streams[i] = reopened(part, func() iter.Seq2[flow.Packet, error] { return part.decoded(ctx, s) })
	}
	return func(yield func(flow.Packet, error) bool) {
		number := int64(0)
		all := merge(streams, packetTime, func(stream int) { t.at = stream })
		for p, err := range all {
			t.origin = Origin{t.parts[t.at].Name, p.Number}
			p.Number, p.FlowID = number, p.FlowID+int64(t.at)<<flowIDBits
			number++
			if !yield(p, err) {
				return
			}
		}
	}
}

// reopened opens the file of a part whenever its stream is begun, and closes it at
// the stream's end.
func reopened[T any](part *Trace, stream func() iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		f, err := os.Open(part.Name)
		if err != nil {
			var none T
			yield(none, fmt.Errorf("trace: %w", err))
			return
		}
		defer f.Close()
		part.in, part.file = f, f
		stream()(yield)
	}
}

// source returns the reader of the bytes. One that may have to be waited for ends with ctx.
func (t *Trace) source(ctx context.Context) io.Reader {
	if !t.waits {
		return t.in
	}
	return &interruptible{ctx: ctx, in: t.in, say: t.Say, name: t.Name, every: sayEvery}
}

func packetTime(p *flow.Packet) int64 { return p.Time }

// during passes over what is not of a period. Captures may step back in time, so it
// reads on behind the period's end. A period in which nothing is, though the stream
// holds something, is an error at its end. name is for messages.
func during[T any](ctx context.Context, name string, all iter.Seq2[T, error], period flow.Period, timeOf func(*T) int64) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var span flow.Clock
		var from, to int64
		var none, v T // one for all: timeOf's argument escapes
		var err error
		held := false
		for v, err = range all {
			if err == nil {
				at := timeOf(&v)
				if span.Packets == 0 {
					from, to = period.Bounds(at)
				}
				span.Add(at)
				if at < from || at >= to {
					if span.Packets%4096 != 0 || ctx.Err() == nil {
						continue
					}
					v, err = none, ctx.Err()
				}
				held = true
			}
			if !yield(v, err) || err != nil && !flow.IsRecordError(err) {
				return
			}
		}
		if !held && span.Packets > 0 {
			date := func(nanos int64) string { return time.Unix(0, nanos).UTC().Format(time.RFC3339Nano) }
			yield(none, fmt.Errorf("trace: %s: no packet from %s to %s: its packets span %s to %s", name,
				cmp.Or(period.From.String(), "the start"), cmp.Or(period.To.String(), "the end"), date(span.First), date(span.Last)))
		}
	}
}

// pass passes on what the selection asks for.
func (t *Trace) pass(ctx context.Context, packets iter.Seq2[flow.Packet, error], s Selection, yield func(flow.Packet, error) bool) {
	picky := s.Port != 0 || s.Gateway != 0
	n := 0
	for p, err := range packets {
		if s.Limit > 0 && n >= s.Limit {
			return
		}
		if n%4096 == 0 && ctx.Err() != nil {
			yield(flow.Packet{}, ctx.Err())
			return
		}
		n++
		if t.parts == nil {
			t.origin = Origin{t.Name, p.Number}
		}
		if err == nil {
			if picky && t.leaveOut(p.Radio, s) {
				continue
			}
			t.clock.Add(p.Time)
		} else if !flow.IsRecordError(err) {
			err = t.explain(err)
		}
		if !yield(p, err) {
			return
		}
	}
}

// explain adds to the error that ends the stream that a file is still growing: its
// last record may be cut for that alone.
func (t *Trace) explain(err error) error {
	for _, file := range t.files() {
		if file.watch(); file.grown != nil {
			return fmt.Errorf("%w (%w)", err, file.grown)
		}
	}
	return err
}

// leaveOut reports whether the selection passes over an uplink, and counts it.
func (t *Trace) leaveOut(r *flow.Radio, s Selection) bool {
	if r == nil || (s.Port == 0 || int(r.Port) == s.Port) && (s.Gateway == 0 || r.Gateway == s.Gateway) {
		return false
	}
	if t.leftOut == nil {
		t.leftOut = make(map[string]int64)
	}
	t.leftOut[fmt.Sprintf("port %d at %016x", r.Port, r.Gateway)]++
	return true
}

// packets picks the reader of what the first bytes are.
func (t *Trace) packets(in *bufio.Reader, s Selection) (iter.Seq2[flow.Packet, error], error) {
	what, err := contentOf(in, t.Name)
	if err != nil {
		return nil, err
	}
	t.what = what
	apps, radio := s.Applications, s.Applications.Uplinks()
	switch {
	case what == columnar && (t.file == nil || t.compression != ""):
		return nil, fmt.Errorf("trace: %s: is a packet table: want its file, plain, not a stream", t.Name)
	case what == columnar:
		return table.ReadPackets(t.file.Name()), nil
	case radio && what == published:
		return nil, fmt.Errorf("trace: %s: these are packets with IP addresses: want a LoRaWAN gateway log or a capture of uplinks, or another data.application", t.Name)
	case radio:
		return lorawan.Read(in, t.Name), nil
	case what == uplinks && len(apps) > 0:
		return nil, fmt.Errorf("trace: %s: is a LoRaWAN gateway log: want data.application=LORAWAN", t.Name)
	case what == uplinks:
		return lorawan.Packets(lorawan.Log(in, t.Name)), nil
	case what == published:
		return necstgencsv.Packets(in, t.Name), nil
	}
	t.reader = pcap.NewReader(in, t.Name)
	t.reader.Decapsulate = !s.Outer
	return t.reader.Packets(), nil
}
