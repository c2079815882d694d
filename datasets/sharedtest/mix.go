package sharedtest

import (
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/testbed"
)

// Mix is a capture of so many packets (pcap, nanoseconds, Ethernet): the traces of
// ../shared again and again until half of it is reached, then the two embedded
// captures. Each round comes later and with other IPv4 addresses, so that flows are
// many. It holds one round in memory, whatever its length. The test is skipped
// where the traces are missing.
func Mix(t testing.TB, packets int) io.Reader {
	t.Helper()
	return io.MultiReader(Traces(t, (packets+1)/2), embedded(t, packets/2))
}

// Traces is the first part of Mix alone.
func Traces(t testing.TB, packets int) io.Reader {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(Path(t, "traces"), "*.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	var all []frame
	for _, path := range paths {
		if strings.Contains(filepath.Base(path), "fuzz") {
			continue // damaged packets: an error each
		}
		capture, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, frames(capture)...)
	}
	for i := range all {
		all[i].time = int64(i) * 1e9 / int64(len(all)) // a round a second
	}
	var header [24]byte
	for at, v := range []uint32{0xa1b23c4d, 4<<16 | 2, 0, 0, 1 << 18, 1} {
		binary.LittleEndian.PutUint32(header[4*at:], v)
	}
	return &rounds{frames: all, span: 1e9, start: 1_600_000_000e9, left: packets, pending: header[:]}
}

// embedded are the embedded captures without a file header, behind the traces.
func embedded(t testing.TB, packets int) io.Reader {
	t.Helper()
	var all []frame
	span := int64(0)
	for _, open := range []func() (io.ReadCloser, error){testbed.Open, testbed.OpenServices} {
		r, err := open()
		if err != nil {
			t.Fatal(err)
		}
		capture, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			t.Fatal(err)
		}
		own := frames(capture)
		for i := len(own) - 1; i >= 0; i-- {
			own[i].time += span - own[0].time
		}
		all = append(all, own...)
		span = all[len(all)-1].time + 1e9
	}
	return &rounds{frames: all, span: span, start: 1_700_000_000e9, left: packets}
}

// frame is a record of a capture.
type frame struct {
	time   int64
	length uint32 // on the wire
	bytes  []byte
}

// frames are the records of an Ethernet capture in libpcap's format; none of any
// other.
func frames(capture []byte) []frame {
	if len(capture) < 24 {
		return nil
	}
	var order binary.ByteOrder = binary.LittleEndian
	if capture[0] == 0xa1 {
		order = binary.BigEndian
	}
	scale := int64(1000)
	switch order.Uint32(capture) {
	case 0xa1b23c4d:
		scale = 1
	case 0xa1b2c3d4:
	default:
		return nil
	}
	if order.Uint32(capture[20:]) != 1 {
		return nil
	}
	var all []frame
	for b := capture[24:]; len(b) >= 16; {
		n := order.Uint32(b[8:])
		if int(n) > len(b)-16 {
			break
		}
		all = append(all, frame{int64(order.Uint32(b))*1e9 + int64(order.Uint32(b[4:]))*scale, order.Uint32(b[12:]), b[16 : 16+n]})
		b = b[16+n:]
	}
	return all
}

// rounds repeats frames without holding more than one record.
type rounds struct {
	frames  []frame
	start   int64
	span    int64 // of a round
	left    int
	at      int
	round   int
	record  []byte
	pending []byte // of the record
}

func (r *rounds) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if len(r.pending) == 0 && !r.next() {
			return n, io.EOF
		}
		got := copy(p[n:], r.pending)
		r.pending = r.pending[got:]
		n += got
	}
	return n, nil
}

// next makes the next record.
func (r *rounds) next() bool {
	if r.left == 0 {
		return false
	}
	r.left--
	f := r.frames[r.at]
	time := r.start + int64(r.round)*r.span + f.time
	r.record = binary.LittleEndian.AppendUint32(r.record[:0], uint32(time/1e9))
	r.record = binary.LittleEndian.AppendUint32(r.record, uint32(time%1e9))
	r.record = binary.LittleEndian.AppendUint32(r.record, uint32(len(f.bytes)))
	r.record = append(binary.LittleEndian.AppendUint32(r.record, f.length), f.bytes...)
	if b := r.record[16:]; len(b) > 34 && b[12] == 8 && b[13] == 0 {
		b[28] ^= byte(r.round) // the third byte of either address
		b[32] ^= byte(r.round)
	}
	r.pending = r.record
	if r.at++; r.at == len(r.frames) {
		r.at = 0
		r.round++
	}
	return true
}
