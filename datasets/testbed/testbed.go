// Package testbed holds captures of our own: real servers and clients in network namespaces, recorded by the recipe in recorder/record.
//
// The load is scripted; the software, the kernels' protocol stacks and the packets are real. README.md says how they were made. The captures
// are embedded in the binary, so that the first experiment needs no download.
package testbed

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Names of the captures that Open and OpenServices open, for messages.
const (
	Name         = "testbed/office.pcap"
	ServicesName = "testbed/services.pcap"
)

//go:embed office.pcap.zst
var office []byte

//go:embed services.pcap.zst
var services []byte

// Open returns the embedded capture as recorded: pcap, microseconds, Ethernet, cut at 512 bytes a packet; HTTP, SMTP, DNS and SNMP.
func Open() (io.ReadCloser, error) { return open(Name, office) }

// OpenServices returns the second embedded capture, of the same form: FTP, SSH, Telnet, IMAP, POP3, IRC, SIP, NTP, RIP, Finger, Time, HTTPS,
// ICMP, ARP, the spanning tree's LLC, and LoRaWAN over Semtech UDP, whose gateways and devices are simulated.
func OpenServices() (io.ReadCloser, error) { return open(ServicesName, services) }

func open(name string, compressed []byte) (io.ReadCloser, error) {
	decoder, err := zstd.NewReader(bytes.NewReader(compressed), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("testbed: %s: %w", name, err)
	}
	return decoder.IOReadCloser(), nil
}
