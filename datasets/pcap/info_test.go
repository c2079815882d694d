package pcap_test

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/necstgen/necstgen/datasets/pcap"
)

// body appends a pcapng block of these bytes.
func (b *builder) body(kind uint32, body []byte) *builder {
	return b.block(kind, func(b *builder) { b.raw(body...) })
}

// option is a pcapng option in little endian.
func option(code uint16, value string) []byte {
	out := binary.LittleEndian.AppendUint16(nil, code)
	out = append(binary.LittleEndian.AppendUint16(out, uint16(len(value))), value...)
	for len(out)%4 != 0 {
		out = append(out, 0)
	}
	return out
}

func joined(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func sectionOf(options ...[]byte) []byte {
	return joined(append([][]byte{{0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255}}, options...)...)
}

func iface(link uint16, snap uint32, options ...[]byte) []byte {
	head := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, uint32(link)), snap)
	return joined(append([][]byte{head}, options...)...)
}

func enhancedOf(id uint32, frame string, options ...[]byte) []byte {
	var head []byte
	for _, v := range []uint32{id, 0, 0, uint32(len(frame)), uint32(len(frame))} {
		head = binary.LittleEndian.AppendUint32(head, v)
	}
	out := append(head, frame...)
	for len(out)%4 != 0 {
		out = append(out, 0)
	}
	return joined(append([][]byte{out}, options...)...)
}

func TestInfo(t *testing.T) {
	ng := func(blocks func(b *builder)) []byte {
		b := &builder{order: binary.LittleEndian}
		blocks(b)
		return b.data
	}
	ethernet := pcap.Interface{LinkType: 1, Link: "Ethernet", SnapLength: 65535, Resolution: "10^-6 s"}
	with := func(f pcap.Interface, change func(*pcap.Interface)) pcap.Interface { change(&f); return f }
	frame := strings.Repeat("x", 15)
	for _, row := range []struct {
		name  string
		file  []byte
		want  pcap.Info
		links []string
	}{
		{"nothing", nil, pcap.Info{Interfaces: []pcap.Interface{}}, []string{}},
		{"classic without packets", classic(binary.BigEndian, micro, 4, 113).data,
			pcap.Info{Format: "pcap", Sections: 1, Interfaces: []pcap.Interface{{LinkType: 113, Link: "Linux cooked", SnapLength: 65535, Resolution: "10^-6 s"}}}, []string{"Linux cooked"}},
		{"classic, nanoseconds", classic(binary.LittleEndian, nano, 4, 101).u32(base, 0, 1, 1).raw('E').data,
			pcap.Info{Format: "pcap", Sections: 1, Interfaces: []pcap.Interface{{LinkType: 101, Link: "raw IP", SnapLength: 65535, Resolution: "10^-9 s", Packets: 1}}}, []string{"raw IP"}},
		{"sections, interfaces, comments", ng(func(b *builder) {
			b.body(0x0a0d0d0a, sectionOf(option(4, "dumpcap"), option(1, "first"), option(0, "")))
			b.body(1, iface(1, 65535, option(2, "eth0"), option(9, "\x09")))
			b.body(1, iface(101, 96, option(9, "\x94"), option(1, "tunnel")))
			b.body(6, enhancedOf(0, frame, option(2, "abcd"), option(1, "a packet"))).body(6, enhancedOf(0, frame))
			b.body(0x0a0d0d0a, sectionOf(option(4, "another"))).body(1, iface(1, 65535, option(2, "eth0"), option(9, "\x09"))).body(6, enhancedOf(0, frame))
		}), pcap.Info{Format: "pcapng", Sections: 2, Application: "dumpcap", Comments: []string{"first", "tunnel", "a packet"}, Interfaces: []pcap.Interface{
			with(ethernet, func(f *pcap.Interface) { f.Name, f.Resolution, f.Packets = "eth0", "10^-9 s", 3 }),
			{LinkType: 101, Link: "raw IP", SnapLength: 96, Resolution: "2^-20 s"}}}, []string{"Ethernet"}},
		{"a link type that is not read", ng(func(b *builder) {
			b.body(0x0a0d0d0a, sectionOf()).body(1, iface(220, 0)).body(6, enhancedOf(0, frame))
		}), pcap.Info{Format: "pcapng", Sections: 1, Interfaces: []pcap.Interface{{LinkType: 220, Link: "USB", Resolution: "10^-6 s", Packets: 1}}}, []string{"USB"}},
		{"many comments, no text", ng(func(b *builder) {
			b.body(0x0a0d0d0a, sectionOf(option(1, "\xff\x00"), option(1, strings.Repeat("y", 500)), option(1, ""), option(1, ""), option(1, ""), option(1, ""), option(1, "")))
		}), pcap.Info{Format: "pcapng", Sections: 1, Interfaces: nil, Comments: []string{"?", strings.Repeat("y", 400), "", "", ""}, More: 2}, []string{}},
		{"an option beyond its block", ng(func(b *builder) {
			b.body(0x0a0d0d0a, sectionOf([]byte{1, 0, 200, 0, 'a', 'b', 'c', 'd'}))
		}), pcap.Info{Format: "pcapng", Sections: 1}, []string{}},
	} {
		for _, compression := range []string{"", "zstd"} {
			file, want := row.file, row.want
			if want.Compression = compression; compression != "" {
				if file == nil {
					continue
				}
				w, err := zstd.NewWriter(nil)
				if err != nil {
					t.Fatal(err)
				}
				file = w.EncodeAll(file, nil)
			}
			r := pcap.NewReader(bytes.NewReader(file), "x")
			for range r.Packets() {
			}
			got := r.Info()
			if links := got.LinkTypes(); !reflect.DeepEqual(links, row.links) {
				t.Errorf("%s: link types %q, want %q", row.name, links, row.links)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s:\n got %+v\nwant %+v", row.name, got, want)
			}
			if again := r.Info(); !reflect.DeepEqual(again, got) {
				t.Errorf("%s: asked again it says %+v", row.name, again)
			}
		}
	}
}

// However many interfaces a file describes, few are listed.
func TestInfoIsBounded(t *testing.T) {
	b := &builder{order: binary.LittleEndian}
	for i := range 300 {
		b.body(0x0a0d0d0a, sectionOf()).body(1, iface(1, uint32(1000+i))).body(1, iface(1, 1))
	}
	r := pcap.NewReader(bytes.NewReader(b.data), "x")
	for range r.Packets() {
	}
	if info := r.Info(); info.Sections != 300 || len(info.Interfaces) != 64 {
		t.Errorf("%d sections, %d interfaces", info.Sections, len(info.Interfaces))
	}
}
