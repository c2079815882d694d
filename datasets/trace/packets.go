package trace

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
)

// Selection says which packets are asked for. The zero value asks for all.
type Selection struct {
	// Application is what the packets are wanted for. LoRaWAN asks for uplinks alone,
	// out of a gateway's log, LoRaTap records or Semtech's datagrams; every other
	// application refuses a gateway's log. Other packets are not left out: their flows
	// are known only later. Unknown takes every trace as it is.
	Application flow.Application

	Port    int    // FPort of uplinks, 0: any
	Gateway uint64 // EUI-64 of uplinks, 0: any
	Limit   int    // of packets that are read, 0: none
}

// Packets reads the packets in the order of the trace, once. Damaged records are
// errors in the stream, with their numbers; an error that ends it is the last
// element, as is the end of ctx, which also ends the wait for a pipe or device; it
// says so if the file grew meanwhile. A packet's Payload is valid until the next one
// is asked for.
func (t *Trace) Packets(ctx context.Context, s Selection) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		plain, compression, err := pcap.Decompress(t.source(ctx), t.Name)
		if err != nil {
			yield(flow.Packet{}, err)
			return
		}
		defer plain.Close()
		defer t.watch()
		t.compression = compression
		packets, err := t.packets(bufio.NewReaderSize(plain, 1<<16), s.Application)
		if err != nil {
			yield(flow.Packet{}, err)
			return
		}
		t.pass(ctx, packets, s, yield)
	}
}

// source returns the reader of the bytes. One that may have to be waited for ends with ctx.
func (t *Trace) source(ctx context.Context) io.Reader {
	if !t.waits {
		return t.in
	}
	return &interruptible{ctx: ctx, in: t.in, say: t.Say, name: t.Name, every: sayEvery}
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

// explain adds to the error that ends the stream that the file is still growing: its
// last record may be cut for that alone.
func (t *Trace) explain(err error) error {
	if t.watch(); t.grown != nil {
		return fmt.Errorf("%w (%w)", err, t.grown)
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
func (t *Trace) packets(in *bufio.Reader, app flow.Application) (iter.Seq2[flow.Packet, error], error) {
	what, err := contentOf(in, t.Name)
	if err != nil {
		return nil, err
	}
	t.what = what
	radio := app == flow.LoRaWAN
	switch {
	case what == columnar && (t.file == nil || t.compression != ""):
		return nil, fmt.Errorf("trace: %s: is a packet table: want its file, plain, not a stream", t.Name)
	case what == columnar:
		return table.ReadPackets(t.file.Name()), nil
	case radio && what == published:
		return nil, fmt.Errorf("trace: %s: these are packets with IP addresses: want a LoRaWAN gateway log or a capture of uplinks, or another data.application", t.Name)
	case radio:
		return lorawan.Read(in, t.Name), nil
	case what == uplinks && app != flow.Unknown:
		return nil, fmt.Errorf("trace: %s: is a LoRaWAN gateway log: want data.application=LORAWAN", t.Name)
	case what == uplinks:
		return lorawan.Packets(lorawan.Log(in, t.Name)), nil
	case what == published:
		return necstgencsv.Packets(in, t.Name), nil
	}
	t.reader = pcap.NewReader(in, t.Name)
	return t.reader.Packets(), nil
}
