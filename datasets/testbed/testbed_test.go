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

//go:embed services.tsv
var servicesCounts string

// captures are the embedded ones, with what tshark counts in them (recorder/record/count.sh) and what is promised of them.
var captures = []struct {
	name   string
	open   func() (io.ReadCloser, error)
	counts string
	least  map[string]int
}{
	{testbed.Name, testbed.Open, officeCounts, map[string]int{"http.connections": 600, "smtp.connections": 200, "dns.exchanges": 1000, "snmp.exchanges": 1000}},
	{testbed.ServicesName, testbed.OpenServices, servicesCounts, map[string]int{"ftp.connections": 100, "ftp-data.connections": 20, "ssh.connections": 50,
		"telnet.connections": 50, "imap.connections": 100, "pop.connections": 100, "irc.connections": 30, "finger.connections": 100, "time.connections": 30,
		"tls.connections": 30, "ntp.exchanges": 200, "sip.exchanges": 200, "lorawan.exchanges": 1000, "rip.packets": 20, "llc": 50, "icmp": 100, "arp": 100}},
}

// services are the names of the services by their port, as in recorder/record/count.sh.
var services = map[uint16]string{20: "ftp-data", 21: "ftp", 22: "ssh", 23: "telnet", 25: "smtp", 37: "time", 53: "dns", 79: "finger", 80: "http", 110: "pop",
	123: "ntp", 143: "imap", 161: "snmp", 443: "tls", 520: "rip", 1700: "lorawan", 5060: "sip", 6667: "irc"}

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
		if f.protocol == 0 { // hop-by-hop options, of multicast listener reports
			f.protocol, transport = transport[0], transport[8+8*int(transport[1]):]
		}
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

// TestCaptures compares with what tshark counts.
func TestCaptures(t *testing.T) {
	for _, capture := range captures {
		got := map[string]int{}
		opened := map[string]bool{}
		frames(t, capture.open, func(f frame) {
			if f.captured != min(f.length, 512) {
				t.Fatalf("%s: a packet of %d bytes holds %d", capture.name, f.length, f.captured)
			}
			count(got, opened, f)
		})
		want := table(t, capture.counts)
		for key := range want {
			if got[key] != want[key] {
				t.Errorf("%s: %s: %d, tshark counts %d", capture.name, key, got[key], want[key])
			}
		}
		for key, least := range capture.least {
			if got[key] < least {
				t.Errorf("%s: %s: %d, promised are %d", capture.name, key, got[key], least)
			}
		}
	}
}

// count counts a frame as recorder/record/count.sh does.
func count(counts map[string]int, opened map[string]bool, f frame) {
	counts["packets"]++
	counts["bytes"] += f.length
	switch {
	case f.kind == 0x0800:
		counts["ipv4"]++
	case f.kind == 0x86dd:
		counts["ipv6"]++
	case f.kind == 0x0806:
		counts["arp"]++
	case f.kind < 1536: // a length: IEEE 802.3
		counts["llc"]++
	}
	service, ok := services[f.target]
	if !ok {
		service = services[f.source]
	}
	switch f.protocol {
	case 1, 58:
		counts["icmp"]++
	case 6:
		counts["tcp"]++
		counts[service+".packets"]++
		if f.flags == 0x02 && !opened[f.connection] {
			opened[f.connection] = true
			counts[service+".connections"]++
		}
	case 17:
		counts["udp"]++
		counts[service+".packets"]++
		counts[services[f.source]+".exchanges"]++
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
