package lorawan

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"iter"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// Read reads the uplinks of a gateway log (CSV), of a capture of Semtech's packet
// forwarder, or of a LoRaTap capture, plain or compressed with gzip or zstd: which
// it is, is seen from the bytes. Every packet has Radio; what else a capture holds
// is left out. A damaged record's error is that of [Log], [pcap.Packets] or
// [Uplinks]. An error that ends reading is the last element; so is that nothing
// was an uplink. The stream can be read once.
func Read(r io.Reader, name string) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		plain, _, err := pcap.Decompress(r, name)
		if err != nil {
			yield(flow.Packet{}, fmt.Errorf("lorawan: %w", err))
			return
		}
		defer plain.Close()
		in := bufio.NewReaderSize(plain, 1<<16)
		var packets iter.Seq2[flow.Packet, error]
		if IsLog(in) {
			packets = Uplinks(Packets(Log(in, name)))
		} else {
			packets = Uplinks(pcap.Packets(in, name))
		}
		any := false
		for p, err := range packets {
			if err == nil && p.Radio == nil {
				continue
			}
			any = any || err == nil || !isRecord(err)
			if !yield(p, err) {
				return
			}
		}
		if !any {
			yield(flow.Packet{}, fmt.Errorf("lorawan: %s: no uplink: want a gateway log in CSV, datagrams of Semtech's packet forwarder (UDP port %d), or LoRaTap records", name, SemtechPort))
		}
	}
}

// IsLog reports whether a gateway log follows: text whose first line names a
// column that every log has. It only peeks.
func IsLog(in *bufio.Reader) bool {
	head, _ := in.Peek(4096) // less is less; the error comes again
	line, _, _ := bytes.Cut(head, []byte("\n"))
	return bytes.Contains(line, []byte("physical_payload"))
}
