package testbed_test

import (
	"bufio"
	_ "embed"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/testbed"
)

//go:embed office.tsv
var officeCounts string

// frame is what the tests look at in a packet. It is dissected here, by hand, so that the capture is checked without the reader that it is
// meant to test.
type frame struct {
	captured, length int
	kind             uint16 // EtherType
	protocol         uint8
	source, target   uint16 // ports
	flags            uint8  // of TCP
	connection       string // of TCP: addresses, ports, sequence number (a client may use a port again)
}

// frames reads a pcap of microseconds, little-endian, Ethernet.
func frames(t testing.TB, open func() (io.ReadCloser, error), visit func(frame)) {
	t.Helper()
	stream, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	r := bufio.NewReaderSize(stream, 1<<16)
	var header [24]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		t.Fatal(err)
	}
	if magic, link := binary.LittleEndian.Uint32(header[:]), binary.LittleEndian.Uint32(header[20:]); magic != 0xa1b2c3d4 || link != 1 {
		t.Fatalf("magic %x, link type %d: want a1b2c3d4 and 1", magic, link)
	}
	last := uint64(0)
	for number := 1; ; number++ {
		var record [16]byte
		if _, err := io.ReadFull(r, record[:]); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("packet %d: %v", number, err)
		}
		at := uint64(binary.LittleEndian.Uint32(record[0:]))*1e6 + uint64(binary.LittleEndian.Uint32(record[4:]))
		if at < last {
			t.Fatalf("packet %d: time goes back from %d to %d us", number, last, at)
		}
		last = at
		data := make([]byte, binary.LittleEndian.Uint32(record[8:]))
		if _, err := io.ReadFull(r, data); err != nil {
			t.Fatalf("packet %d: %v", number, err)
		}
		f := dissect(data)
		f.captured, f.length = len(data), int(binary.LittleEndian.Uint32(record[12:]))
		visit(f)
	}
}

func dissect(data []byte) frame {
	f := frame{kind: binary.BigEndian.Uint16(data[12:])}
	var transport, addresses []byte
	switch f.kind {
	case 0x0800:
		f.protocol, addresses, transport = data[14+9], data[14+12:14+20], data[14+int(data[14]&15)*4:]
	case 0x86dd:
		f.protocol, addresses, transport = data[14+6], data[14+8:14+40], data[14+40:]
	}
	if f.protocol == 6 || f.protocol == 17 {
		f.source, f.target = binary.BigEndian.Uint16(transport), binary.BigEndian.Uint16(transport[2:])
	}
	if f.protocol == 6 {
		f.flags = transport[13]
		f.connection = fmt.Sprintf("%x %x", addresses, transport[:8])
	}
	return f
}

// table reads a table of counts.
func table(t *testing.T, text string) map[string]int {
	t.Helper()
	want := map[string]int{}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		key, value, _ := strings.Cut(line, "\t")
		n, err := strconv.Atoi(value)
		if err != nil {
			t.Fatal(err)
		}
		want[key] = n
	}
	return want
}

// TestOffice compares with what tshark counts (record/count.sh).
func TestOffice(t *testing.T) {
	got := map[string]int{}
	openings := map[string]map[string]bool{"http": {}, "smtp": {}, "dns": {}}
	names := map[uint16]string{80: "http", 25: "smtp", 53: "dns", 161: "snmp"}
	frames(t, testbed.Open, func(f frame) {
		got["packets"]++
		got["bytes"] += f.length
		if f.captured != min(f.length, 512) {
			t.Fatalf("a packet of %d bytes holds %d", f.length, f.captured)
		}
		got[map[uint16]string{0x0800: "ipv4", 0x86dd: "ipv6", 0x0806: "arp"}[f.kind]]++
		switch f.protocol {
		case 6:
			got["tcp"]++
		case 17:
			got["udp"]++
		}
		name := names[f.target] + names[f.source]
		if name == "" {
			return
		}
		got[name+".packets"]++
		if f.protocol == 17 && names[f.source] != "" {
			got[name+".exchanges"]++
		}
		if f.protocol == 6 && f.flags&0x12 == 0x02 {
			openings[name][f.connection] = true
		}
	})
	for name, connections := range openings {
		got[name+".connections"] = len(connections)
	}
	want := table(t, officeCounts)
	for key := range want {
		if got[key] != want[key] {
			t.Errorf("%s: %d, tshark counts %d", key, got[key], want[key])
		}
	}
	for key, least := range map[string]int{"http.connections": 600, "smtp.connections": 200, "dns.exchanges": 1000, "snmp.exchanges": 1000} {
		if got[key] < least {
			t.Errorf("%s: %d, promised are %d", key, got[key], least)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		stream, err := testbed.Open()
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.Copy(io.Discard, stream)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(n)
		stream.Close()
	}
}

func ExampleOpen() {
	stream, err := testbed.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stream.Close()
	var magic [4]byte
	io.ReadFull(stream, magic[:])
	fmt.Printf("%s begins with %x\n", testbed.Name, magic)
	// Output: testbed/office.pcap begins with d4c3b2a1
}
