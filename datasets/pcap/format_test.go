package pcap_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// builder appends numbers in one byte order.
type builder struct {
	order binary.AppendByteOrder
	data  []byte
}

func (b *builder) u16(values ...uint16) *builder {
	for _, v := range values {
		b.data = b.order.AppendUint16(b.data, v)
	}
	return b
}

func (b *builder) u32(values ...uint32) *builder {
	for _, v := range values {
		b.data = b.order.AppendUint32(b.data, v)
	}
	return b
}

func (b *builder) raw(bytes ...byte) *builder {
	b.data = append(b.data, bytes...)
	return b
}

// block appends a pcapng block around a body of whole words.
func (b *builder) block(kind uint32, body func(*builder)) *builder {
	inner := &builder{order: b.order}
	body(inner)
	for len(inner.data)%4 != 0 {
		inner.data = append(inner.data, 0)
	}
	total := uint32(len(inner.data) + 12)
	return b.u32(kind, total).raw(inner.data...).u32(total)
}

func (b *builder) section() *builder {
	return b.block(0x0a0d0d0a, func(b *builder) { b.u32(0x1a2b3c4d).u16(1, 0).u32(0xffffffff, 0xffffffff) })
}

// port appends an interface description with options as code, value pairs.
func (b *builder) port(link uint16, options ...any) *builder {
	return b.block(1, func(b *builder) {
		b.u16(link, 0).u32(0)
		for i := 0; i < len(options); i += 2 {
			value := options[i+1].([]byte)
			b.u16(uint16(options[i].(int)), uint16(len(value))).raw(value...)
			for len(b.data)%4 != 0 {
				b.raw(0)
			}
		}
		b.u16(0, 0)
	})
}

func (b *builder) enhanced(id uint32, stamp uint64, frame []byte) *builder {
	return b.block(6, func(b *builder) {
		b.u32(id, uint32(stamp>>32), uint32(stamp), uint32(len(frame)), uint32(len(frame))).raw(frame...)
	})
}

func classic(order binary.AppendByteOrder, magic uint32, minor uint16, network uint32) *builder {
	b := &builder{order: order}
	return b.u32(magic).u16(2, minor).u32(0, 0, 65535, network)
}

func (b *builder) record(seconds, fraction uint32, frame []byte) *builder {
	return b.u32(seconds, fraction, uint32(len(frame)), uint32(len(frame))).raw(frame...)
}

// loop is a frame that is quickly recognised: the Ethernet loopback of
// algorithm.md 1.1.
var loop = append([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x90, 0x00}, make([]byte, 46)...)

const (
	base  = 1_700_000_000
	micro = 0xa1b2c3d4
	nano  = 0xa1b23c4d
)

func le() *builder { return &builder{order: binary.LittleEndian} }
func be() *builder { return &builder{order: binary.BigEndian} }

// TestFormats reads the same two frames from every form that a capture can have.
func TestFormats(t *testing.T) {
	little, big := binary.LittleEndian, binary.BigEndian
	swapped := classic(little, micro, 2, 1)
	for i, fraction := range []uint32{5, 7} {
		swapped.u32(base+uint32(i), fraction, uint32(len(loop)), uint32(len(loop))).raw(loop...)
	}
	modified := classic(little, 0xa1b2cd34, 4, 1)
	for i, fraction := range []uint32{5, 7} {
		modified.u32(base+uint32(i), fraction, uint32(len(loop)), uint32(len(loop))).raw(1, 0, 0, 0, 0, 8, 1, 0).raw(loop...)
	}
	withFCS := append(slices.Clone(loop), 1, 2, 3, 4)
	const s = uint64(base)
	for _, row := range []struct {
		name string
		data *builder
	}{
		{"microseconds, little endian", classic(little, micro, 4, 1).record(base, 5, loop).record(base+1, 7, loop)},
		{"microseconds, big endian", classic(big, micro, 4, 1).record(base, 5, loop).record(base+1, 7, loop)},
		{"nanoseconds, little endian", classic(little, nano, 4, 1).record(base, 5000, loop).record(base+1, 7000, loop)},
		{"nanoseconds, big endian", classic(big, nano, 4, 1).record(base, 5000, loop).record(base+1, 7000, loop)},
		{"old version with swapped lengths", swapped},
		{"Kuznetsov's records", modified},
		{"frame check sequence", classic(little, micro, 4, 1|1<<26|2<<28).record(base, 5, withFCS).record(base+1, 7, withFCS)},
		{"pcapng", le().section().port(1).enhanced(0, s*1e6+5, loop).enhanced(0, (s+1)*1e6+7, loop)},
		{"pcapng, big endian", be().section().port(1).enhanced(0, s*1e6+5, loop).enhanced(0, (s+1)*1e6+7, loop)},
		{"pcapng, nanoseconds", le().section().port(1, 9, []byte{9}).enhanced(0, s*1e9+5000, loop).enhanced(0, (s+1)*1e9+7000, loop)},
		{"pcapng, tenths of nanoseconds", le().section().port(1, 9, []byte{10}).enhanced(0, s*1e10+50000, loop).enhanced(0, (s+1)*1e10+70000, loop)},
		{"pcapng, two interfaces", le().section().port(101).port(1, 2, []byte("eth0"), 9, []byte{9}).
			enhanced(1, s*1e9+5000, loop).enhanced(1, (s+1)*1e9+7000, loop)},
		{"pcapng, offset of ten seconds", le().section().port(1, 14, []byte{10, 0, 0, 0, 0, 0, 0, 0}).
			enhanced(0, (s-10)*1e6+5, loop).enhanced(0, (s-9)*1e6+7, loop)},
		{"pcapng, frame check sequence", le().section().port(1, 13, []byte{4}).enhanced(0, s*1e6+5, withFCS).enhanced(0, (s+1)*1e6+7, withFCS)},
		{"pcapng, two sections of two byte orders", le().section().port(1).enhanced(0, s*1e6+5, loop).
			raw(be().section().port(101).port(1).enhanced(1, (s+1)*1e6+7, loop).data...)},
		{"pcapng, other blocks between", le().block(0x0a0d0d0a, func(b *builder) {
			b.u32(0x1a2b3c4d).u16(1, 0).u32(0xffffffff, 0xffffffff).u16(1, 5).raw([]byte("hello\x00\x00\x00")...).u16(0, 0)
		}).port(1).block(4, func(b *builder) { b.u16(0, 0) }).enhanced(0, s*1e6+5, loop).
			block(5, func(b *builder) { b.u32(0, 0, 0) }).block(0xbad, func(b *builder) { b.raw(make([]byte, 5000)...) }).
			enhanced(0, (s+1)*1e6+7, loop)},
		{"pcapng, obsolete packet block", le().section().port(1).enhanced(0, s*1e6+5, loop).block(2, func(b *builder) {
			stamp := (s+1)*1e6 + 7
			b.u16(0, 3).u32(uint32(stamp>>32), uint32(stamp), uint32(len(loop)), uint32(len(loop))).raw(loop...)
		})},
	} {
		for form, data := range compressed(t, row.data.data) {
			for _, reader := range []io.Reader{bytes.NewReader(data), iotest.OneByteReader(bytes.NewReader(data))} {
				var times []int64
				for p, err := range pcap.Packets(reader, row.name) {
					if err != nil {
						t.Fatalf("%s, %s: %v", row.name, form, err)
					}
					if p.Number != int64(len(times)) || p.Length != 60 || p.Captured != 60 || p.Application != flow.LOOP {
						t.Errorf("%s, %s: packet %+v", row.name, form, p)
					}
					times = append(times, p.Time)
				}
				if want := []int64{base*1e9 + 5000, (base+1)*1e9 + 7000}; !slices.Equal(times, want) {
					t.Errorf("%s, %s: times %v, want %v", row.name, form, times, want)
				}
			}
		}
	}
}

// compressed gives the data plain, gzipped, in two gzip members, and as zstd.
func compressed(t testing.TB, data []byte) map[string][]byte {
	t.Helper()
	zip := func(data []byte) []byte {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		w.Write(data)
		w.Close()
		return out.Bytes()
	}
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"plain": data, "gzip": zip(data), "two gzip members": append(zip(data[:10]), zip(data[10:])...), "zstd": encoder.EncodeAll(data, nil),
	}
}

// TestSimpleBlock: it has no time and no captured length.
func TestSimpleBlock(t *testing.T) {
	data := le().section().block(1, func(b *builder) { b.u16(1, 0).u32(40) }).enhanced(0, uint64(base)*1e6, loop).
		block(3, func(b *builder) { b.u32(60).raw(loop[:40]...) }).data
	var got []flow.Packet
	for p, err := range pcap.Packets(bytes.NewReader(data), "simple") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, p)
	}
	if len(got) != 2 || got[1].Time != base*1e9 || got[1].Captured != 40 || got[1].Length != 60 {
		t.Errorf("%+v", got)
	}
}

// TestBadCaptures: the good packets are read, and the errors say what is wrong.
func TestBadCaptures(t *testing.T) {
	little := binary.LittleEndian
	good := classic(little, micro, 4, 1).record(base, 5, loop)
	garbage := bytes.Repeat([]byte{0xff, 0xee}, 50)
	for _, row := range []struct {
		name    string
		data    []byte
		good    int    // packets
		damaged int    // *DecodeErrors
		last    string // in the last error, which is no *DecodeError; "": none
	}{
		{"empty", nil, 0, 0, "the capture is empty"},
		{"three bytes", []byte{0xd4, 0xc3, 0xb2}, 0, 0, "not a capture"},
		{"text", []byte("hello, this is not a capture at all"), 0, 0, "not a capture"},
		{"text has its first bytes said", []byte("hello, this is not a capture at all"), 0, 0, "68 65 6c 6c"},
		{"cut file header", classic(little, micro, 4, 1).data[:20], 0, 0, "cut inside the file header"},
		{"no packets", classic(little, micro, 4, 1).data, 0, 0, ""},
		{"version 3", (&builder{order: little}).u32(micro).u16(3, 0).u32(0, 0, 65535, 1).data, 0, 0, "version 3.0"},
		{"USB", classic(little, micro, 4, 220).data, 0, 0, "link type 220 (USB) is not supported: want Ethernet"},
		{"unknown link type", classic(little, micro, 4, 999).data, 0, 0, "link type 999 (unknown)"},
		{"cut record header", append(slices.Clone(good.data), 1, 2, 3), 1, 0, "packet 1: the file is cut inside a record header"},
		{"cut record", good.data[:len(good.data)-1], 0, 0, "packet 0: the file is cut inside a record of 60 bytes"},
		{"garbage between records", classic(little, micro, 4, 1).record(base, 5, loop).raw(garbage...).record(base, 6, loop).record(base, 7, loop).data, 3, 1, ""},
		{"garbage before the last record", classic(little, micro, 4, 1).record(base, 5, loop).raw(garbage...).record(base, 6, loop).data, 2, 1, ""},
		{"garbage at the end", classic(little, micro, 4, 1).record(base, 5, loop).raw(garbage...).data, 1, 0, "no record is found"},
		{"frame of 4 GB on the wire", classic(little, micro, 4, 1).u32(base, 0, 60, 0xffffffff).raw(loop...).record(base, 6, loop).data, 1, 1, ""},
		{"more captured than there was", classic(little, micro, 4, 1).u32(base, 0, 60, 40).raw(loop...).record(base, 6, loop).data, 1, 1, ""},
		{"999,999 us", classic(little, micro, 4, 1).record(base, 999_999, loop).data, 1, 0, ""},
		{"a second of us", classic(little, micro, 4, 1).record(base, 1_000_000, loop).record(base, 6, loop).data, 1, 1, ""},
		{"4,000,000,000 us", classic(binary.BigEndian, micro, 4, 1).record(base, 4_000_000_000, loop).record(base, 6, loop).data, 1, 1, ""},
		{"999,999,999 ns", classic(little, nano, 4, 1).record(base, 999_999_999, loop).data, 1, 0, ""},
		{"a second of ns", classic(little, nano, 4, 1).record(base, 1_000_000_000, loop).record(base, 6, loop).data, 1, 1, ""},
		{"the last record is impossible", classic(little, micro, 4, 1).record(base, 5, loop).record(base, 4_000_000_000, loop).data, 1, 1, ""},
		{"pcapng, more captured than there was", le().section().port(1).block(6, func(b *builder) { b.u32(0, 0, 0, 60, 40).raw(loop...) }).
			enhanced(0, 0, loop).data, 1, 1, ""},
		{"pcapng, a block that ends with another length", le().section().port(1).u32(6, 92, 0, 0, 0, 60, 60).raw(loop...).u32(96).enhanced(0, 0, loop).data, 1, 1, ""},
		{"pcapng, a length that is no whole word", le().section().port(1).u32(6, 91, 0, 0, 0, 60, 60).raw(loop...).u32(91).enhanced(0, 0, loop).data, 2, 0, ""},
		{"empty frame", classic(little, micro, 4, 1).record(base, 5, nil).record(base, 6, loop).data, 1, 1, ""},
		{"cut gzip", compressed(t, good.data)["gzip"][:40], 0, 0, "unexpected EOF"},
		{"broken gzip header", []byte{0x1f, 0x8b, 0xff, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 0, "gzip"},
		{"broken zstd", []byte{0x28, 0xb5, 0x2f, 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 0, 0, "reserved bit"},
		{"text in gzip", compressed(t, []byte("hello, this is not a capture"))["gzip"], 0, 0, "not a capture"},
		{"pcapng cut", le().section().port(1).enhanced(0, 0, loop).data[:80], 0, 0, "cut inside a block"},
		{"pcapng without its interface", le().section().enhanced(0, 0, loop).port(1).enhanced(0, 0, loop).data, 1, 1, ""},
		{"pcapng, interface of another section", le().section().port(1).section().enhanced(0, 0, loop).data, 0, 1, ""},
		{"pcapng, one interface not supported", le().section().port(220).port(1).enhanced(0, 0, loop).enhanced(1, 0, loop).data, 1, 1, ""},
		{"pcapng, absurd resolution", le().section().port(1, 9, []byte{77}).enhanced(0, 0, loop).data, 0, 1, ""},
		{"pcapng, time beyond 2262", le().section().port(1).enhanced(0, 1<<63, loop).enhanced(0, 0, loop).data, 1, 1, ""},
		{"pcapng, more captured than the block holds", le().section().port(1).block(6, func(b *builder) { b.u32(0, 0, 0, 900, 900).raw(loop...) }).
			enhanced(0, 0, loop).data, 1, 1, ""},
		{"pcapng, short packet block", le().section().port(1).block(6, func(b *builder) { b.u32(0, 0) }).enhanced(0, 0, loop).data, 1, 1, ""},
		{"pcapng, empty simple block", le().section().port(1).block(3, func(*builder) {}).enhanced(0, 0, loop).data, 1, 1, ""},
		{"pcapng, block length 4", le().section().u32(6, 4).data, 0, 0, "cut inside a block header"},
		{"pcapng, block length 8", le().section().u32(6, 8, 8).data, 0, 0, "claims 8 bytes"},
		{"pcapng, block of 4 GB", le().section().u32(6, 0xfffffff0, 0).data, 0, 0, "claims 4294967280 bytes"},
		{"pcapng, block of 1 GB that is not there", le().section().u32(99, 1<<30, 0).data, 0, 0, "cut inside a block"},
		{"pcapng, packet of 100 MB that is not there", le().section().port(1).u32(6, 100<<20, 0).data, 0, 1, "cut inside a block"},
		{"pcapng, byte order", le().block(0x0a0d0d0a, func(b *builder) { b.u32(7).u16(1, 0).u32(0, 0) }).data, 0, 0, "byte order magic"},
	} {
		packets, damaged := 0, 0
		var last error
		for _, err := range pcap.Packets(bytes.NewReader(row.data), "bad.pcap") {
			if last != nil {
				t.Errorf("%s: the stream goes on behind %v", row.name, last)
			}
			var decode *pcap.DecodeError
			switch {
			case errors.As(err, &decode):
				if decode.Number != int64(packets+damaged) || decode.Name != "bad.pcap" {
					t.Errorf("%s: %v has number %d, want %d", row.name, err, decode.Number, packets+damaged)
				}
				damaged++
			case err != nil:
				last = err
			default:
				packets++
			}
			if err != nil && !strings.HasPrefix(err.Error(), "pcap: bad.pcap: ") {
				t.Errorf("%s: the error does not name the file: %v", row.name, err)
			}
		}
		text := ""
		if last != nil {
			text = last.Error()
		}
		if packets != row.good || damaged != row.damaged || (row.last == "") != (last == nil) || !strings.Contains(text, row.last) {
			t.Errorf("%s: %d packets, %d damaged, last %q; want %d, %d, %q", row.name, packets, damaged, text, row.good, row.damaged, row.last)
		}
	}
}

// An impossible field of a record spoils its time at most: the frame is decoded.
func TestImpossibleFields(t *testing.T) {
	for _, row := range []struct {
		name, want string
		data       *builder
		time       int64
	}{
		{"microseconds", "4000000000 units of 1000 ns behind the whole second: want less than 1000000", classic(binary.LittleEndian, micro, 4, 1).record(base, 4_000_000_000, loop), base * 1e9},
		{"captured", "60 bytes captured of a frame of 40", classic(binary.LittleEndian, nano, 4, 1).u32(base, 7, 60, 40).raw(loop...), base*1e9 + 7},
	} {
		for p, err := range pcap.Packets(bytes.NewReader(row.data.data), "f") {
			if !errors.As(err, new(*pcap.DecodeError)) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%s: %v, want %s", row.name, err, row.want)
			}
			if p.Time != row.time || p.Length != 60 || p.Application != flow.LOOP {
				t.Errorf("%s: %d, %d bytes of %v", row.name, p.Time, p.Length, p.Application)
			}
		}
	}
}

// stuck is a reader that never has anything.
type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// TestFailingReaders: what the source says is in the last error.
func TestFailingReaders(t *testing.T) {
	data := classic(binary.LittleEndian, micro, 4, 1).record(base, 5, loop).data
	broken := errors.New("the disk is gone")
	for _, row := range []struct {
		name    string
		reader  io.Reader
		packets int
		want    error
	}{
		{"at once", iotest.ErrReader(broken), 0, broken},
		{"behind the file header", io.MultiReader(bytes.NewReader(data[:24]), iotest.ErrReader(broken)), 0, broken},
		{"inside a record", io.MultiReader(bytes.NewReader(data[:50]), iotest.ErrReader(broken)), 0, broken},
		{"behind a packet", io.MultiReader(bytes.NewReader(data), iotest.ErrReader(broken)), 1, broken},
		{"inside pcapng", io.MultiReader(bytes.NewReader(le().section().port(1).enhanced(0, 0, loop).data), iotest.ErrReader(broken)), 1, broken},
		{"inside gzip", io.MultiReader(bytes.NewReader(compressed(t, data)["gzip"][:30]), iotest.ErrReader(broken)), 0, broken},
		{"no progress", io.MultiReader(bytes.NewReader(data), stuck{}), 1, io.ErrNoProgress},
		{"data with the end", iotest.DataErrReader(bytes.NewReader(data)), 1, nil},
	} {
		packets := 0
		var last error
		for _, err := range pcap.Packets(row.reader, row.name) {
			if last = err; err == nil {
				packets++
			}
		}
		if packets != row.packets || !errors.Is(last, row.want) {
			t.Errorf("%s: %d packets, then %v; want %d, then %v", row.name, packets, last, row.packets, row.want)
		}
	}
}
