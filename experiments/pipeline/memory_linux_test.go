package pipeline

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/pcap"
)

// The environment of a process of these tests, which reads a capture as stage read
// does and says how much memory it has had.
const childCapture = "PIPELINE_TEST_CAPTURE"

// peak returns the most memory, in bytes, that a process has had that has read a
// capture, and what it says about it.
func peak(t *testing.T, path string) (bytes int64, said string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestMemoryChild$", "-test.v")
	cmd.Env = append(os.Environ(), childCapture+"="+path)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kB, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kB << 10, string(out)
		}
	}
	t.Fatalf("the process does not say how much it had: %s", out)
	return 0, ""
}

// TestMemoryChild is the process.
func TestMemoryChild(t *testing.T) {
	path := os.Getenv(childCapture)
	if path == "" {
		t.Skip("another test runs this one")
	}
	got, err := readOf(t, experiment(t, "data.path="+path))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("%d flows, %d packets\n", got.facts.Flows, got.facts.Packets)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Print(string(status))
}

// A capture of which a hundredth is the application that is wanted costs what a
// capture of that application alone does.
func TestMemoryOfTheRest(t *testing.T) {
	web := capture(t, 250)
	alone, said := peak(t, web)
	if !strings.Contains(said, "250 flows") {
		t.Errorf("%s", said)
	}
	for name, rest := range map[string]func(i int) (port uint16){
		"of many known flows":    func(i int) uint16 { return 53 },
		"of a few unknown flows": func(i int) uint16 { return 50000 + uint16(i%8) },
	} {
		t.Run(name, func(t *testing.T) {
			among, packets := diluted(t, web, 100, rest)
			got, said := peak(t, among)
			t.Logf("%d MB for %d packets, %d MB for the application alone", got>>20, packets, alone>>20)
			if packets < 300_000 || !strings.Contains(said, "250 flows") {
				t.Errorf("%d packets: %s", packets, said)
			}
			if got > alone+40<<20 { // to hold all would take 80 MB more
				t.Errorf("%d MB for %d packets, and %d MB for the application alone", got>>20, packets, alone>>20)
			}
		})
	}
}

// diluted writes the packets of a capture with so many others for each, which are
// datagrams between many ports and the given one.
func diluted(t *testing.T, path string, factor int, port func(i int) uint16) (file string, packets int) {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	file = filepath.Join(t.TempDir(), "mixed.pcap")
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	buffer := bufio.NewWriterSize(out, 1<<20)
	w, err := pcap.NewWriter(buffer, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 1))
	for at, frame := range records(t, in) {
		for err := w.Write(at, frame); ; err = w.Write(at, datagram(packets, port(packets), random)) {
			if err != nil {
				t.Fatal(err)
			}
			if packets++; packets%factor == 0 {
				break
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := buffer.Flush(); err != nil {
		t.Fatal(err)
	}
	return file, packets
}

// records reads the records of a capture of libpcap's format, little endian, with
// nanoseconds, as pcap.NewWriter writes it.
func records(t *testing.T, r io.Reader) func(yield func(at int64, frame []byte) bool) {
	in := bufio.NewReader(r)
	return func(yield func(int64, []byte) bool) {
		if _, err := in.Discard(24); err != nil {
			t.Fatal(err)
		}
		for header := make([]byte, 16); ; {
			if _, err := io.ReadFull(in, header); err == io.EOF {
				return
			} else if err != nil {
				t.Fatal(err)
			}
			frame := make([]byte, binary.LittleEndian.Uint32(header[8:]))
			if _, err := io.ReadFull(in, frame); err != nil {
				t.Fatal(err)
			}
			if !yield(int64(binary.LittleEndian.Uint32(header))*1e9+int64(binary.LittleEndian.Uint32(header[4:])), frame) {
				return
			}
		}
	}
}

// datagram is a frame of UDP over IPv4 with eight bytes that name no protocol. Those
// to port 53 are from many ports, the others from one.
func datagram(i int, port uint16, random *rand.Rand) []byte {
	frame := make([]byte, 14+20+8+8)
	copy(frame, []byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 36, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1})
	from := uint16(40000)
	if port == 53 {
		from += uint16(i / 4 % 8192)
	}
	binary.BigEndian.PutUint16(frame[34:], from)
	binary.BigEndian.PutUint16(frame[36:], port)
	binary.BigEndian.PutUint16(frame[38:], 16)
	binary.BigEndian.PutUint64(frame[42:], random.Uint64()|0xff<<56)
	return frame
}
