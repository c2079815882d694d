package table

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/netip"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
)

// Export is what is written of one pass over a stream of packets: the packet table
// and, beside it, the features of each packet, row by row. The caller's goroutine
// reads and labels; features, encoding, compression and writing run beside it on
// all processors. What is held does not depend on the stream's length.
type Export struct {
	Packets  io.Writer // the packet table; nil: none
	Features io.Writer // the feature table; nil: none
	Format   Format    // of both; "": Parquet
	Variant  feature.Variant
	Compat   feature.Compat
}

// Write exports a stream of packets whose flows are labelled. A packet's time
// features look at the packets before it of its application (algorithm.md, section
// 3). Variant "" stands for feature.General; the radio features of LoRaWAN come
// from package lorawan. Damaged records of the stream (errors with a RecordNumber
// method) are left out; any other error ends the tables after the rows before it,
// and is returned.
func (e Export) Write(packets iter.Seq2[flow.Packet, error]) error {
	out, err := e.open()
	if err != nil {
		return err
	}
	pipe := newPipe[*packetBatch](out, func() *packetBatch { return new(packetBatch) })
	return writeAll(packets, func(p *flow.Packet) error {
		if pipe.filled.add(p); pipe.filled.n < batchRows {
			return nil
		}
		return pipe.pass()
	}, pipe.close)
}

// exporter writes what an Export asks for of each batch of packets.
type exporter struct {
	packets  batchWriter // nil: not asked for
	features batchWriter
	variant  feature.Variant
	compat   feature.Compat
	groups   [256]*feature.Extractor // by application
	rows     *featureBatch
	row      []float64
}

func (e Export) open() (*exporter, error) {
	x := &exporter{variant: cmp.Or(e.Variant, feature.General), compat: e.Compat}
	if _, err := feature.NewExtractor(x.variant, x.compat); err != nil {
		return nil, fmt.Errorf("table: export: %w", err)
	}
	format, err := cmp.Or(e.Format, Parquet), error(nil)
	if e.Packets != nil {
		if x.packets, err = newWriter(e.Packets, format, packetFields); err != nil {
			return nil, err
		}
	}
	if e.Features != nil {
		fields := featureFields(x.variant, x.compat)
		x.rows = newFeatureBatch(fields)
		if x.features, err = newWriter(e.Features, format, fields); err != nil {
			return nil, err
		}
	}
	return x, nil
}

func (x *exporter) take(b *packetBatch) error {
	if x.packets != nil {
		if err := x.packets.write(b.columns(), b.n); err != nil {
			return err
		}
	}
	if x.features == nil {
		return nil
	}
	if err := x.extract(b); err != nil {
		return err
	}
	return x.features.write(x.rows.columns(), b.n)
}

// extract computes the feature rows of a batch.
func (x *exporter) extract(b *packetBatch) error {
	x.rows.reset()
	var p flow.Packet
	for i := range b.n {
		b.get(i, &p)
		group := x.groups[p.Application]
		if group == nil {
			var err error
			if group, err = feature.NewExtractor(x.variant, x.compat); err != nil {
				return fmt.Errorf("table: export: %w", err)
			}
			x.groups[p.Application] = group
		}
		x.row = group.Append(x.row[:0], &p)
		x.rows.add(x.row)
	}
	return nil
}

func (x *exporter) close() error {
	var errs []error
	for _, out := range []batchWriter{x.packets, x.features} {
		if out != nil {
			errs = append(errs, out.close())
		}
	}
	return errors.Join(errs...)
}

// get sets what of a packet the features depend on, from row i.
func (b *packetBatch) get(i int, p *flow.Packet) {
	r := uint(i) % batchRows
	p.Time, p.Length, p.HeaderLength, p.PayloadLength = b.time[r], b.length[r], b.header[r], b.payload[r]
	p.Flags, p.Application = flow.TCPFlags(b.flags[r]), b.application[r]
	p.Capture = b.capture.list[b.capture.index[r]]
	p.Tuple.Src, p.Tuple.Dst = netip.AddrPortFrom(netip.Addr{}, b.sport[r]), netip.AddrPortFrom(netip.Addr{}, b.dport[r])
	for l := range p.Layers {
		p.Layers[l] = flow.Layer{Name: flow.LayerName(b.layers[l][r]), Length: b.lengths[l][r]}
	}
}

// featureFields are the columns of a variant. Whole numbers are kept as such: a
// reader gives the same float64, and they take less room and time.
func featureFields(v feature.Variant, compat feature.Compat) []field {
	names := v.Columns()
	fields := make([]field, len(names))
	for i, name := range names {
		switch c := v.Column(name, compat); {
		case c.Integer && c.Scale == feature.Log && name != "length_total" && name != "header_length" && name != "payload_length":
			fields[i] = field{name, kindInt64} // a sum over time
		case c.Integer || c.Kind == feature.Category:
			fields[i] = field{name, kindInt32}
		default:
			fields[i] = field{name, kindFloat64}
		}
	}
	return fields
}
