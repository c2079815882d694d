package convert_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/experiments/convert"
)

// captures writes the frames of flows to captures of so many packets, the third of which
// has none.
func captures(t *testing.T, perFile int) (files []string) {
	t.Helper()
	framer, err := tcp.NewFramer(nil, tcp.Options{}, rand.NewPCG(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	var w *pcap.Writer
	var out *os.File
	n := 0
	next := func() {
		if w != nil {
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			out.Close()
		}
		files = append(files, filepath.Join("day", string(rune('a'+len(files)))+".pcap"))
		if out, err = os.Create(files[len(files)-1]); err != nil {
			t.Fatal(err)
		}
		if w, err = pcap.NewWriter(out, pcap.WriterOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for frame, err := range framer.Frames(flowtest.Sequence(flowtest.HTTP(40))) {
		if err != nil {
			t.Fatal(err)
		}
		if n%perFile == 0 {
			if next(); len(files) == 3 {
				next()
			}
		}
		if n++; w.Write(frame.Packet.Time, frame.Bytes) != nil {
			t.Fatal("a frame could not be written")
		}
	}
	next()
	w.Close()
	out.Close()
	return files
}

// Tables of files by themselves, one of a capture without a packet, are together what one
// pass over the files gives: flows and their directions go on in the next file.
func TestParts(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("day", 0o777); err != nil {
		t.Fatal(err)
	}
	files := captures(t, 100)
	convertTo := func(names []string, stem string) {
		t.Helper()
		if _, err := convert.Run(t.Context(), names, convert.Options{Packets: stem + ".csv", Flows: stem + ".flows.csv"}, nil); err != nil {
			t.Fatal(err)
		}
	}
	convertTo(files, "one")
	var parts []string
	made := map[string]int{}
	run := func() {
		t.Helper()
		parts = nil
		if err := convert.Parts(t.Context(), files, "parts", nil, func(part string, r *convert.Result) error {
			parts = append(parts, part)
			if r != nil {
				made[part]++
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	run()
	convertTo(parts, "two")
	for _, name := range []string{".csv", ".flows.csv"} {
		one, err := os.ReadFile("one" + name)
		if err != nil {
			t.Fatal(err)
		}
		if two, err := os.ReadFile("two" + name); err != nil || !bytes.Equal(one, two) || bytes.Count(one, []byte("\n")) < 40 {
			t.Errorf("%s of the parts is not that of the files: %v", name, err)
		}
	}
	// A file that is newer than its table is read again.
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(files[1], later, later); err != nil {
		t.Fatal(err)
	}
	run()
	for i, file := range files {
		if part := convert.PartName("parts", file); parts[i] != part || made[part] != 1 && i != 1 || made[part] != 2 && i == 1 {
			t.Errorf("%s was made %d times", part, made[part])
		}
	}
	if slices.Contains(parts, "") || parts[0] != filepath.Join("parts", "day-a.pcap.parquet") {
		t.Errorf("parts %v", parts)
	}
	done := func(string, *convert.Result) error { return nil }
	if err := convert.Parts(t.Context(), []string{"day/a.pcap", "day-a.pcap"}, "parts", nil, done); err == nil || !strings.Contains(err.Error(), "day/a.pcap and day-a.pcap would both be "+filepath.Join("parts", "day-a.pcap.parquet")) {
		t.Errorf("two files of one name: error %v", err)
	}
	if err := convert.Parts(t.Context(), []string{"day/none.pcap"}, "parts", nil, done); err == nil {
		t.Error("a file that is not there is no error")
	}
}
