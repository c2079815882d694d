// Package testbed holds captures of our own: real servers and clients in network namespaces, recorded by the recipe in the folder record.
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

// Name of the capture that Open opens, for messages.
const Name = "testbed/office.pcap"

//go:embed office.pcap.zst
var office []byte

// Open returns the embedded capture as recorded: pcap, microseconds, Ethernet, cut at 512 bytes a packet; HTTP, SMTP, DNS and SNMP.
func Open() (io.ReadCloser, error) { return open(Name, office) }

func open(name string, compressed []byte) (io.ReadCloser, error) {
	decoder, err := zstd.NewReader(bytes.NewReader(compressed), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("testbed: %s: %w", name, err)
	}
	return decoder.IOReadCloser(), nil
}
