package trace

import (
	"bufio"
	"context"
	"iter"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// Uplinks reads LoRaWAN uplinks of a period, once, as Packets does. Those of a gateway's
// log are as the log has them, with downlinks that the gateway heard; the others are
// what the packets of a capture stand for.
func (t *Trace) Uplinks(ctx context.Context, period flow.Period) iter.Seq2[lorawan.Uplink, error] {
	uplinks := t.logged(ctx)
	if t.parts != nil {
		streams := make([]iter.Seq2[lorawan.Uplink, error], len(t.parts))
		for i, part := range t.parts {
			streams[i] = reopened(part, func() iter.Seq2[lorawan.Uplink, error] { return part.logged(ctx) })
		}
		uplinks = merge(streams, uplinkTime, func(int) {})
	}
	if !period.IsZero() {
		uplinks = during(ctx, t.Name, uplinks, period, uplinkTime)
	}
	return uplinks
}

func uplinkTime(u *lorawan.Uplink) int64 { return u.Time }

// logged reads the uplinks of a single file or stream.
func (t *Trace) logged(ctx context.Context) iter.Seq2[lorawan.Uplink, error] {
	return func(yield func(lorawan.Uplink, error) bool) {
		plain, compression, err := pcap.Decompress(t.source(ctx), t.Name)
		if err != nil {
			yield(lorawan.Uplink{}, err)
			return
		}
		defer plain.Close()
		defer t.watch()
		t.compression = compression
		in := bufio.NewReaderSize(plain, 1<<16)
		uplinks := lorawan.Log(in, t.Name)
		if !lorawan.IsLog(in) {
			uplinks = lorawan.UplinksOf(lorawan.Read(in, t.Name))
		}
		for u, err := range uplinks {
			if err == nil {
				err = ctx.Err()
			}
			if !yield(u, err) || ctx.Err() != nil {
				return
			}
		}
	}
}
