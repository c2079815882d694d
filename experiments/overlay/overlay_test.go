package overlay_test

import (
	"context"
	"encoding/binary"
	"errors"
	"iter"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/sharedtest"
	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/experiments/overlay"
)

// generated are frames of some connections, and their plan.
func generated(t *testing.T) (*address.Plan, iter.Seq2[tcp.Frame, error]) {
	t.Helper()
	plan := address.Default()
	framer, err := tcp.NewFramer(plan, tcp.Options{}, rand.NewPCG(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	return plan, framer.Frames(flowtest.Sequence(flowtest.HTTP(30)))
}

// at reads a time.
func at(t *testing.T, text string) (a overlay.At) {
	t.Helper()
	if err := a.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return a
}

// original is a packet of a capture with its frame.
type original struct {
	packet flow.Packet
	frame  []byte
}

// packetsOf reads a capture.
func packetsOf(t *testing.T, path string) (all []original) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := pcap.NewReader(f, path)
	for p, err := range r.Packets() {
		if err != nil {
			t.Fatal(err)
		}
		frame, _ := r.Frame()
		p.Payload = nil
		all = append(all, original{p, slices.Clone(frame)})
	}
	return all
}

// The capture's packets are all there, in order and at their times, with the lengths,
// flags, numbers and checksums that they had, and none of its addresses.
func TestAmong(t *testing.T) {
	for _, name := range []string{"ftp.pcap", "http_ipv6.pcap", "icmp-tunnel.pcap", "netbios.pcap", "snmp.pcap", "dns_fragmented.pcap", "sip.pcap"} {
		t.Run(name, func(t *testing.T) {
			path := sharedtest.Path(t, "traces", name)
			want := packetsOf(t, path)
			plan, frames := generated(t)
			c, err := overlay.Open(t.Context(), plan, overlay.Options{Path: path, At: at(t, "+2s")})
			if err != nil {
				t.Fatal(err)
			}
			foreign := map[netip.Addr]bool{}
			for _, o := range want {
				foreign[o.packet.Tuple.Src.Addr()], foreign[o.packet.Tuple.Dst.Addr()] = true, true
			}
			flows, number, time, start, others := map[int64]bool{}, int64(0), int64(0), int64(0), 0
			i := 0
			for f, err := range c.Among(t.Context(), frames) {
				if err != nil {
					t.Fatal(err)
				}
				p := f.Packet
				if p.Number != number || p.Time < time {
					t.Fatalf("packet %d: number %d, time %d after %d", number, p.Number, p.Time, time)
				}
				if number++; number == 1 {
					start = p.Time
				}
				time = p.Time
				if f.Origin == nil {
					others++
					continue
				}
				o := want[i]
				if f.Origin.Name != name || p.FlowID < 1e12 || p.Time < start+2e9+o.packet.Time-want[0].packet.Time || flows[p.FlowID] {
					t.Errorf("packet %d of %v, flow %d, time %d, behind the last of its flow: %t", i, f.Origin, p.FlowID, p.Time, flows[p.FlowID])
				}
				if f.Last {
					flows[p.FlowID] = true
				}
				if a := p.Tuple.Src.Addr(); foreign[a] && !a.IsMulticast() && a.IsValid() && !a.IsUnspecified() {
					t.Errorf("packet %d: %s is the capture's", i, a)
				}
				same(t, i, o, f)
				i++
			}
			if i != len(want)-int(c.LeftOut()) || c.Packets() != int64(i) || others == 0 || len(flows) == 0 {
				t.Errorf("%d packets of %d, %d of others, %d flows", i, len(want), others, len(flows))
			}
		})
	}
}

// same compares a packet with the one that it was.
func same(t *testing.T, i int, o original, f tcp.Frame) {
	t.Helper()
	if len(f.Bytes) != len(o.frame) {
		t.Fatalf("packet %d: %d bytes, want %d", i, len(f.Bytes), len(o.frame))
	}
	was, is := o.packet, f.Packet
	was.Number, was.Time, was.FlowID, was.Direction, was.Application = is.Number, is.Time, is.FlowID, is.Direction, is.Application
	was.SrcMAC, was.DstMAC, is.Payload = is.SrcMAC, is.DstMAC, nil
	if was.Tuple.Src.Port() != is.Tuple.Src.Port() || was.Tuple.Dst.Port() != is.Tuple.Dst.Port() || was.Tuple.Proto != is.Tuple.Proto {
		t.Errorf("packet %d: %v, was %v", i, is.Tuple, was.Tuple)
	}
	was.Tuple = is.Tuple
	for l := range was.Layers { // labels name the layer of data that FTP has announced
		if was.Layers[l].Length != is.Layers[l].Length {
			t.Errorf("packet %d: layer %+v, was %+v", i, is.Layers[l], was.Layers[l])
		}
	}
	if was.Seq != is.Seq || was.Ack != is.Ack || was.Flags != is.Flags || was.Length != is.Length || was.PayloadLength != is.PayloadLength {
		t.Errorf("packet %d: %+v, was %+v", i, is, was)
	}
	if before, after := checksums(o.frame), checksums(f.Bytes); before != after {
		t.Errorf("packet %d: right checksums %v, were %v", i, after, before)
	}
}

// checksums reports whether the checksums of an IPv4 header and of an unfragmented TCP,
// UDP or ICMP message in it are right.
func checksums(frame []byte) (right [2]bool) {
	be := binary.BigEndian
	if len(frame) < 34 || be.Uint16(frame[12:]) != 0x0800 {
		return right
	}
	ip := frame[14:]
	header, total := int(ip[0]&15)*4, min(len(ip), int(be.Uint16(ip[2:])))
	sum := func(b []byte, more uint32) uint16 {
		for ; len(b) > 1; b = b[2:] {
			more += uint32(be.Uint16(b))
		}
		if len(b) == 1 {
			more += uint32(b[0]) << 8
		}
		for more > 0xffff {
			more = more>>16 + more&0xffff
		}
		return uint16(more)
	}
	right[0] = sum(ip[:header], 0) == 0xffff
	if be.Uint16(ip[6:])&0x3fff == 0 && header < total {
		pseudo := uint32(0)
		if ip[9] != flow.ICMP {
			pseudo = uint32(sum(ip[12:20], uint32(ip[9])+uint32(total-header)))
		}
		right[1] = sum(ip[header:total], pseudo) == 0xffff
	}
	return right
}

// Kept addresses leave every byte as it was.
func TestKeepAddresses(t *testing.T) {
	path := sharedtest.Path(t, "traces", "icmp-tunnel.pcap")
	plan, frames := generated(t)
	c, err := overlay.Open(t.Context(), plan, overlay.Options{Path: path, KeepAddresses: true})
	if err != nil {
		t.Fatal(err)
	}
	want, i := packetsOf(t, path), 0
	for f, err := range c.Among(t.Context(), frames) {
		if err != nil {
			t.Fatal(err)
		}
		if f.Origin == nil {
			continue
		}
		if string(f.Bytes) != string(want[i].frame) || f.Packet.Tuple != want[i].packet.Tuple {
			t.Fatalf("packet %d is another one", i)
		}
		i++
	}
	if i != len(want) {
		t.Errorf("%d packets, want %d", i, len(want))
	}
}

// ARP is between the hosts that stand for the capture's, and an ICMP error quotes them.
func TestAddressesInside(t *testing.T) {
	const client, server = "\x0a\x00\x00\x01", "\x0a\x00\x00\x02"
	mac1, mac2 := "\x00\x11\x22\x33\x44\x55", "\x00\x11\x22\x33\x44\x66"
	ip := func(proto, src, dst, body string) string {
		return "\x45\x00\x00" + string(rune(20+len(body))) + "\x00\x00\x00\x00\x40" + proto + "\x00\x00" + src + dst + body
	}
	question := ip("\x11", client, server, "\x9c\x40\x00\x35\x00\x0c\x00\x00abcd")
	frames := []string{
		"\xff\xff\xff\xff\xff\xff" + mac1 + "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01" + mac1 + client + "\x00\x00\x00\x00\x00\x00" + server,
		mac2 + mac1 + "\x81\x00\x00\x07\x08\x00" + question,
		mac1 + mac2 + "\x08\x00" + ip("\x01", server, client, "\x03\x03\x00\x00\x00\x00\x00\x00"+question),
		"\x01\x80\xc2\x00\x00\x0e" + mac1 + "\x88\xcc\x02\x07\x04" + mac1, // LLDP, which is left out
	}
	path := filepath.Join(t.TempDir(), "attack.pcap")
	writeFrames(t, path, 1, frames...)
	plan, others := generated(t)
	c, err := overlay.Open(t.Context(), plan, overlay.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for f, err := range c.Among(t.Context(), others) {
		if err != nil {
			t.Fatal(err)
		}
		if f.Origin == nil {
			continue
		}
		for _, own := range []string{client, server, mac1, mac2} {
			if strings.Contains(string(f.Bytes), own) {
				t.Errorf("packet %d holds % x: % x", n, own, f.Bytes)
			}
		}
		n++
	}
	if n != 3 || c.LeftOut() != 1 {
		t.Errorf("%d packets, %d left out", n, c.LeftOut())
	}
}

// writeFrames writes a capture of frames.
func writeFrames(t *testing.T, path string, link uint32, frames ...string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := pcap.NewWriter(f, pcap.WriterOptions{LinkType: link})
	for i, frame := range frames {
		err = errors.Join(err, w.Write(int64(i+1)*1e9, []byte(frame)))
	}
	if err := errors.Join(err, w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFrames(t, "raw.pcap", 101, "\x45\x00\x00\x14\x00\x00\x00\x00\x40\x11\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02")
	writeFrames(t, "lldp.pcap", 1, "\x01\x80\xc2\x00\x00\x0e\x00\x11\x22\x33\x44\x55\x88\xcc\x02\x07")
	writeFrames(t, "empty.pcap", 1)
	if err := os.WriteFile("text.pcap", []byte("no capture at all, but some text"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ path, want string }{
		{"raw.pcap", "overlay: raw.pcap: packet 0: its link type is 101: want Ethernet frames"},
		{"lldp.pcap", "overlay: lldp.pcap: no packet of it can be put among others"},
		{"empty.pcap", "overlay: empty.pcap: no packet of it can be put among others"},
		{"missing.pcap", "overlay: "},
		{"text.pcap", "overlay: "},
	} {
		if _, err := overlay.Open(t.Context(), address.Default(), overlay.Options{Path: tt.path}); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %s", tt.path, err, tt.want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := overlay.Open(ended, address.Default(), overlay.Options{Path: "lldp.pcap"}); err == nil {
		t.Error("the end of the context is no error")
	}
}

func TestAt(t *testing.T) {
	const start = 1_700_000_000e9 // 2023-11-14T22:13:20Z
	for _, tt := range []struct {
		text string
		want int64
	}{
		{"+0s", start}, {"+10m", start + 600e9}, {"22:13", start + 86_400e9 - 20e9}, {"22:14", start + 40e9}, {"23:00:30", start + 2830e9},
		{"2026-01-31T12:00:00Z", 1_769_860_800e9}, {"", 0}, {"noon", 0}, {"+-3s", 0}, {"25:00", 0}, {"1900-01-01T00:00:00Z", 0},
	} {
		var a overlay.At
		err := a.UnmarshalText([]byte(tt.text))
		switch {
		case tt.want == 0 && err == nil:
			t.Errorf("%q: %d, want an error", tt.text, a.After(start))
		case tt.want != 0 && (err != nil || a.After(start) != tt.want):
			t.Errorf("%q: %d, %v, error %v, want %d", tt.text, a.After(start), a, err, tt.want)
		}
	}
}
