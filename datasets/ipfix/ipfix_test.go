package ipfix_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/ipfix"
)

// records are n flows, of IPv4 and IPv6 in turn by threes.
func records(n int) []flow.Record {
	all := make([]flow.Record, n)
	for i := range all {
		src, dst := "192.0.2.1:40000", "192.0.2.2:80"
		if i%6 > 2 {
			src, dst = "[2001:db8::1]:40001", "[2001:db8::2]:443"
		}
		all[i] = flow.Record{ID: int64(i), Application: flow.HTTP, Finished: i%2 == 0, Start: 1_700_000_000e9 + int64(i)*1e9, End: 1_700_000_000e9 + int64(i)*1e9 + 123_456_789,
			Tuple:   flow.FiveTuple{Proto: flow.TCP, Src: netip.MustParseAddrPort(src), Dst: netip.MustParseAddrPort(dst)},
			Packets: [2]int64{int64(i) + 1, 2}, IPBytes: [2]int64{100, 2000}, Flags: [2]flow.TCPFlags{flow.SYN | flow.FIN, flow.ACK}}
	}
	return all
}

// write returns the file of some flows.
func write(t testing.TB, all []flow.Record) []byte {
	t.Helper()
	var out bytes.Buffer
	w := ipfix.NewWriter(&out)
	for i := range all {
		if err := w.Write(&all[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Lengths of messages and sets add up, sequence numbers count records, and templates come
// once, before all records (RFC 7011, 3).
func TestStructure(t *testing.T) {
	const flows = 2000
	data, be := write(t, records(flows)), binary.BigEndian
	templates, messages, count := 0, 0, 0
	for len(data) > 0 {
		length := int(be.Uint16(data[2:]))
		if be.Uint16(data) != 10 || length > len(data) || int(be.Uint32(data[8:])) != count {
			t.Fatalf("message %d: version %d, %d bytes, sequence %d after %d records", messages, be.Uint16(data), length, be.Uint32(data[8:]), count)
		}
		for sets := data[16:length]; len(sets) > 0; {
			id, size := be.Uint16(sets), int(be.Uint16(sets[2:]))
			if size < 4 || size > len(sets) {
				t.Fatalf("message %d: a set of %d bytes, %d are left", messages, size, len(sets))
			}
			fixed := map[uint16]int{256: 75, 257: 99}[id] // up to the length of the name
			switch {
			case id == 2:
				templates++
			case fixed == 0 || templates == 0:
				t.Fatalf("message %d: set %d", messages, id)
			default:
				for rest := sets[4:size]; len(rest) > 0; count++ {
					rest = rest[fixed+1+int(rest[fixed]):]
				}
			}
			sets = sets[size:]
		}
		data = data[length:]
		messages++
	}
	if templates != 1 || count != flows || messages < 3 {
		t.Errorf("%d sets of templates, %d records, %d messages", templates, count, messages)
	}
}

// Tshark reads what was written.
func TestTshark(t *testing.T) {
	tool, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	path := filepath.Join(t.TempDir(), "flows.ipfix")
	if err := os.WriteFile(path, write(t, records(4)), 0o666); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, "-r", path, "-V").Output()
	if err != nil {
		t.Fatal(err)
	}
	text := string(out)
	for want, times := range map[string]int{
		"SrcAddr: 192.0.2.1\n": 3, "SrcAddr: 2001:db8::1\n": 1, "DstPort: 80\n": 3, "DstPort: 443\n": 1, "Protocol: TCP (6)": 4,
		"StartTime: Nov 14, 2023 22:13:20.000000000 UTC": 1, "EndTime: Nov 14, 2023 22:13:21.123456789 UTC": 1,
		"Permanent Packets: 3\n": 1, "Permanent Octets: 100\n": 4, "Permanent Packets: 2 (Reverse Type 86 PACKETS_TOTAL)": 4, "Permanent Octets: 2000 (Reverse Type 85 BYTES_TOTAL)": 4,
		"Flow End Reason: End of Flow detected (3)": 2, "Flow End Reason: Forced end (4)": 2, "ApplicationName: HTTP": 4,
	} {
		if n := strings.Count(text, want); n != times {
			t.Errorf("tshark says %q %d times, want %d", want, n, times)
		}
	}
	if strings.Contains(text, "Malformed") || t.Failed() {
		t.Logf("%s", text)
	}
}

// What has no addresses is left out, and without flows there is nothing.
func TestLeftOut(t *testing.T) {
	if data := write(t, []flow.Record{{ID: 1, Gateway: 5}}); len(data) != 0 {
		t.Errorf("%d bytes", len(data))
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestWriteFails(t *testing.T) {
	w := ipfix.NewWriter(full{})
	err := w.Write(&records(1)[0])
	if err = errors.Join(err, w.Close()); err == nil || err.Error() != "ipfix: no space left on device" {
		t.Errorf("error %v", err)
	}
}

// A flow as an IPFIX file.
func ExampleWriter() {
	var out bytes.Buffer
	w := ipfix.NewWriter(&out)
	for _, r := range records(1) {
		if err := w.Write(&r); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(w.Close(), out.Len(), "bytes, version", binary.BigEndian.Uint16(out.Bytes()))
	// Output:
	// <nil> 272 bytes, version 10
}
