package tcp

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/capturetest"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// tracesFolder is ../shared/traces beside the repository; the test is skipped
// where it is missing.
func tracesFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
	}
	folder := filepath.Join(dir, "..", "shared", "traces")
	if _, err := os.Stat(folder); err != nil {
		t.Skip("../shared/traces is not there")
	}
	return folder
}

// training is what the anonymity test searches for.
type training struct {
	addresses map[netip.Addr]bool
	macs      map[flow.MAC]bool
	runs      map[[16]byte]bool // every 16 bytes in a row of every payload
	hashes    []uint64          // a bit for each hash of runs, which spares most look-ups
}

func newTraining() *training {
	return &training{addresses: map[netip.Addr]bool{}, macs: map[flow.MAC]bool{}, runs: map[[16]byte]bool{}, hashes: make([]uint64, 1<<20)}
}

// hash is a place in hashes and a bit of it.
func (tr *training) hash(run []byte) (int, uint64) {
	h := (binary.LittleEndian.Uint64(run) ^ binary.LittleEndian.Uint64(run[8:])*31) * 0x9e3779b97f4a7c15
	return int(h >> 44), 1 << (h >> 38 & 63)
}

// has reports whether 16 bytes in a row are of the training payloads.
func (tr *training) has(run []byte) bool {
	at, bit := tr.hash(run)
	return tr.hashes[at]&bit != 0 && tr.runs[[16]byte(run)]
}

func (tr *training) add(p *flow.Packet) {
	for _, a := range []netip.Addr{p.Tuple.Src.Addr(), p.Tuple.Dst.Addr()} {
		if a.IsValid() {
			tr.addresses[a.Unmap()] = true
		}
	}
	tr.macs[p.SrcMAC], tr.macs[p.DstMAC] = true, true
	for i := 0; i+16 <= len(p.Payload); i++ {
		tr.runs[[16]byte(p.Payload[i:])] = true
		at, bit := tr.hash(p.Payload[i:])
		tr.hashes[at] |= bit
	}
}

// readTraces gives the TCP and UDP flows of a capture, and adds to seen what
// they must not be recognised by.
func readTraces(t *testing.T, name string, seen *training) []*flow.Flow {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	packets := func(yield func(flow.Packet, error) bool) {
		for p, err := range pcap.Packets(bytes.NewReader(data), name) {
			if err == nil {
				seen.add(&p)
				p.Payload = nil
			}
			if !yield(p, err) {
				return
			}
		}
	}
	var assembler flow.Assembler
	flows, _, _ := flow.Collect(assembler.Flows(packets)) // some of the captures are damaged: what is whole counts
	return slices.DeleteFunc(flows, func(f *flow.Flow) bool {
		return f.Tuple.Proto != flow.TCP && f.Tuple.Proto != flow.UDP
	})
}

// withoutTuples is what a generator gives: shapes, and no addresses.
func withoutTuples(flows []*flow.Flow) []*flow.Flow {
	out := make([]*flow.Flow, len(flows))
	for i, f := range flows {
		bare := &flow.Flow{ID: f.ID, Application: f.Application, Tuple: flow.FiveTuple{Proto: f.Tuple.Proto}}
		for _, p := range f.Packets {
			bare.Packets = append(bare.Packets, flow.Packet{
				Time: p.Time, Direction: p.Direction, Flags: p.Flags, HeaderLength: p.HeaderLength, PayloadLength: p.PayloadLength,
			})
		}
		out[i] = bare
	}
	return out
}

// Every capture of the folder, framed again from the shapes of its flows alone,
// has no error, no sequence warning, and nothing of the original.
func TestTraces(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(tracesFolder(t), "*.pcap*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		fuzz  bool // changed at random: messages of sizes that no protocol has
		least int  // packets
	}{{"captures", false, 1600}, {"fuzzed captures", true, 550}} {
		t.Run(c.name, func(t *testing.T) {
			seen := newTraining()
			var flows []*flow.Flow
			for _, name := range names {
				if strings.Contains(name, "fuzz") == c.fuzz {
					flows = append(flows, readTraces(t, name, seen)...)
				}
			}
			for i, f := range flows {
				f.ID = int64(i)
			}
			plan, err := address.Fit(flows, address.FitOptions{})
			if err != nil {
				t.Fatal(err)
			}
			f := newTestFramer(t, plan, Options{})
			out, n := writeFile(t, f, withoutTuples(flows))
			t.Logf("%d flows, %d frames, repairs %v", len(flows), n, f.Repairs())
			if n < int64(c.least) {
				t.Errorf("%d frames, want %d at least", n, c.least)
			}
			checkAnonymity(t, out, seen)
			want := capturetest.Expect{}
			for _, line := range capturetest.Expert(t, out) {
				if c.fuzz && line.Group != "Sequence" && line.Group != "Checksum" {
					want.Allowed = append(want.Allowed, line.Text)
				}
			}
			capturetest.Tshark(t, out, want)
		})
	}
}

// checkAnonymity wants nothing of the training in a capture.
func checkAnonymity(t *testing.T, name string, seen *training) {
	t.Helper()
	if err := seen.search(name); err != nil {
		t.Error(err)
	}
}

// search looks through every frame of a capture for what the training flows must
// not be recognised by: an IP or MAC address in a header; in a payload a MAC (but
// one of four zeros or more, which numbers look like) or IPv6 address in binary, an IPv4 address in dotted form, or 16 bytes in a row of
// any payload, of which at least half are no words of the protocol. An IPv4 address of four
// binary bytes is not looked for in payloads, where random bytes meet any of them.
func (tr *training) search(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	var starts [256]bool // first bytes of addresses
	for mac := range tr.macs {
		starts[mac[0]] = true
	}
	for a := range tr.addresses {
		if a.Is6() {
			starts[a.As16()[0]] = true
		}
	}
	count := 0
	for p, err := range pcap.Packets(bufio.NewReaderSize(file, 1<<20), name) {
		if err != nil {
			return err
		}
		count++
		for _, a := range []netip.Addr{p.Tuple.Src.Addr(), p.Tuple.Dst.Addr()} {
			if tr.addresses[a] {
				return fmt.Errorf("frame %d: address %v is of the original", p.Number, a)
			}
		}
		if tr.macs[p.SrcMAC] || tr.macs[p.DstMAC] {
			return fmt.Errorf("frame %d: MAC %v or %v is of the original", p.Number, p.SrcMAC, p.DstMAC)
		}
		if err := tr.searchPayload(p.Payload, &starts); err != nil {
			return fmt.Errorf("frame %d of %v: %w", p.Number, p.Application, err)
		}
	}
	if count == 0 {
		return errors.New("no frames")
	}
	return nil
}

func (tr *training) searchPayload(b []byte, starts *[256]bool) error {
	var own []int
	digit := func(i int) bool { return i >= 0 && b[i] >= '0' && b[i] <= '9' }
	for i := range b {
		rest := b[i:]
		if len(rest) >= 16 && tr.has(rest[:16]) {
			if own == nil {
				own = ownBefore(b)
			}
			if own[i+16]-own[i] >= 8 {
				return fmt.Errorf("payload bytes %q are of the original", rest[:16])
			}
		}
		if starts[b[i]] {
			if len(rest) >= 6 && tr.macs[flow.MAC(rest[:6])] && bytes.Count(rest[:6], []byte{0}) < 4 {
				return fmt.Errorf("payload holds MAC %x of the original", rest[:6])
			}
			if len(rest) >= 16 && tr.addresses[netip.AddrFrom16([16]byte(rest))] {
				return fmt.Errorf("payload holds address %x of the original", rest[:16])
			}
		}
		if !digit(i) || digit(i-1) || len(rest) < 7 {
			continue
		}
		end := 0
		for end < len(rest) && end < 16 && (digit(i+end) || rest[end] == '.') {
			end++
		}
		if a, err := netip.ParseAddr(string(rest[:end])); err == nil && tr.addresses[a] {
			return fmt.Errorf("payload holds %v of the original", a)
		}
	}
	return nil
}

// What must be found is found.
func TestSearch(t *testing.T) {
	tr := newTraining()
	tr.add(&flow.Packet{SrcMAC: flow.MAC{2, 3, 4, 5, 6, 7}, Payload: []byte("GET /secret/of/the/original HTTP/1.1"),
		Tuple: flow.FiveTuple{Src: netip.MustParseAddrPort("10.1.2.3:4"), Dst: netip.MustParseAddrPort("[fd00::7]:4")}})
	var starts [256]bool
	starts[2], starts[0xfd] = true, true
	for _, c := range []struct{ payload, want string }{
		{"nothing of it: /secret/of/the", ""},
		{"xx/secret/of/the/o", "payload bytes"},
		{"received: from 10.1.2.3 by", "10.1.2.3 of the original"},
		{"received: from 110.1.2.3 by 10.1.2.30", ""},
		{"\x00\x02\x03\x04\x05\x06\x07", "MAC 020304050607"},
		{"at \xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07", "holds address fd00"},
	} {
		err := tr.searchPayload([]byte(c.payload), &starts)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %q", c.payload, err, c.want)
		}
	}
}

// tcptrace sees every completed connection complete, and nothing that was sent twice.
func TestTracesTcptrace(t *testing.T) {
	folder, seen := tracesFolder(t), newTraining()
	var flows []*flow.Flow
	for _, trace := range []string{"smtp.pcap", "ftp.pcap", "pop3.pcap", "imap.pcap", "irc.pcap", "ssh.pcap", "telnet.pcap", "http.pcapng"} {
		flows = append(flows, readTraces(t, filepath.Join(folder, trace), seen)...)
	}
	plan, err := address.Fit(flows, address.FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	out, _ := writeFile(t, newTestFramer(t, plan, Options{Complete: true}), withoutTuples(flows))
	capturetest.Tcptrace(t, out, capturetest.Expect{Complete: true})
}
