package pcap_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// check holds for each element of each stream.
func check(t *testing.T, p *flow.Packet, err error, number *int64, ended *bool) {
	t.Helper()
	if *ended {
		t.Fatal("the stream goes on behind its last error")
	}
	if err != nil && !errors.As(err, new(*pcap.DecodeError)) {
		*ended = true
		return
	}
	if p.Number != *number {
		t.Fatalf("packet %d has number %d", *number, p.Number)
	}
	*number++
	if err != nil {
		return
	}
	whole := p.PayloadLength
	if p.Radio != nil {
		whole = p.Length // the payload is the whole frame
	}
	if p.HeaderLength < 0 || p.PayloadLength < 0 || len(p.Payload) > int(p.Captured) || len(p.Payload) > int(whole) {
		t.Fatalf("lengths of %+v", p)
	}
	if p.Captured <= p.Length && p.HeaderLength+p.PayloadLength > p.Length {
		t.Fatalf("%d header and %d payload bytes in a frame of %d", p.HeaderLength, p.PayloadLength, p.Length)
	}
	for i := 1; i < p.Layers.Count(); i++ {
		if p.Layers[i].Length > p.Layers[i-1].Length || p.Layers[i].Length < 0 {
			t.Fatalf("layers %v", p.Layers)
		}
	}
}

// FuzzPackets: any bytes are read to an end, as packets, damage and at most one
// last error.
func FuzzPackets(f *testing.F) {
	f.Add(classic(binary.LittleEndian, micro, 4, 1).record(base, 5, loop).data)
	f.Add(classic(binary.BigEndian, nano, 2, 101).record(base, 5, mustHex(udp4)).data)
	f.Add(le().section().port(1, 9, []byte{9}, 14, make([]byte, 8)).enhanced(0, 5, loop).block(3, func(b *builder) { b.u32(60).raw(loop...) }).data)
	f.Add(be().section().port(113).block(2, func(b *builder) { b.u16(0, 0).u32(0, 0, 4, 4, 0) }).data)
	for _, data := range compressed(f, classic(binary.LittleEndian, micro, 4, 1).record(base, 5, loop).data) {
		f.Add(data)
	}
	addTraces(f, 4096, func(data []byte) { f.Add(data) })
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			t.Skip()
		}
		var number int64
		ended := false
		r := pcap.NewReader(bytes.NewReader(data), "fuzz")
		for p, err := range r.Packets() {
			check(t, &p, err, &number, &ended)
		}
		info := r.Info()
		var packets int64
		for _, i := range info.Interfaces {
			packets += i.Packets
		}
		if packets > number || len(info.Interfaces) > 64 || len(info.Comments) > 5 {
			t.Fatalf("%d packets, info %+v", number, info)
		}
	})
}

// FuzzFrame: any frame on any link layer, cut anywhere.
func FuzzFrame(f *testing.F) {
	links := []uint32{1, 0, 9, 12, 14, 50, 51, 101, 108, 113, 228, 229, 270, 276}
	for i, text := range []string{ether + "0800" + udp4, ether + "8100 0064 86dd" + udp6, ether + "8864 1100 0001 0026 0021" + udp4, "02000000" + udp4,
		"ff03 0021" + udp4, "0004 0001 0006 00005e005302 0000 0800" + udp4, ether + "000c aaaa03 00000c 2000 01020304", ip6Hd + udpHd} {
		f.Add(uint8(i), mustHex(text), uint16(0))
	}
	for _, row := range loRaTapRows {
		f.Add(uint8(12), mustHex(row.tap+row.frame), uint16(0))
	}
	f.Fuzz(func(t *testing.T, link uint8, frame []byte, more uint16) {
		b := classic(binary.LittleEndian, micro, 4, links[int(link)%len(links)])
		b.u32(base, 0, uint32(len(frame)), uint32(len(frame)+int(more))).raw(frame...)
		var number int64
		ended := false
		for p, err := range pcap.Packets(bytes.NewReader(b.data), "fuzz") {
			check(t, &p, err, &number, &ended)
		}
		if number != 1 || ended {
			t.Fatalf("%d packets of one, ended by an error: %v", number, ended)
		}
	})
}

// addTraces adds the traces up to a size, where they are.
func addTraces(f *testing.F, limit int64, add func([]byte)) {
	paths, _ := filepath.Glob(filepath.Join("..", "..", "..", "shared", "traces", "*.pcap*"))
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.Size() <= limit {
			if data, err := os.ReadFile(path); err == nil {
				add(data)
			}
		}
	}
}
