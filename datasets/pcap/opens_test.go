package pcap_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/necstgen/necstgen/datasets/capturetest"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// Other tools read each kind of file whole, those with many chunks as well: 20,000
// datagrams are 60.
func TestOtherToolsOpenEveryKind(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: starts eighteen programs")
	}
	for name, opts := range map[string]pcap.WriterOptions{
		"a.pcap":       {},
		"a.pcapng":     {PCAPNG: true},
		"a.pcap.gz":    {Compression: pcap.Gzip},
		"a.pcapng.gz":  {PCAPNG: true, Compression: pcap.Gzip},
		"a.pcap.zst":   {Compression: pcap.Zstd},
		"a.pcapng.zst": {PCAPNG: true, Compression: pcap.Zstd},
	} {
		t.Run(name, func(t *testing.T) {
			const packets = 20_000
			path := filepath.Join(t.TempDir(), name)
			writeDatagrams(t, path, opts, packets)
			capturetest.Opens(t, path, capturetest.Expect{Packets: packets})
		})
	}
}

// writeDatagrams writes a capture of datagrams to the discard port (RFC 863).
func writeDatagrams(t *testing.T, path string, opts pcap.WriterOptions, packets int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := pcap.NewWriter(f, opts)
	if err != nil {
		t.Fatal(err)
	}
	const header, payload = 14 + 20 + 8, 700
	frame := make([]byte, header+payload)
	copy(frame, "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01\x08\x00\x45")
	be := binary.BigEndian
	be.PutUint16(frame[16:], 20+8+payload)
	frame[22], frame[23] = 64, 17
	copy(frame[26:], "\xc0\x00\x02\x01\xc0\x00\x02\x02")
	be.PutUint16(frame[34:], 40_000)
	be.PutUint16(frame[36:], 9)
	be.PutUint16(frame[38:], 8+payload)
	for i := range packets {
		be.PutUint32(frame[header:], uint32(i*i))
		if err := w.Write(1_700_000_000e9+int64(i)*1e6, frame); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
