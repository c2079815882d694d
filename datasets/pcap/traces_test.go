package pcap_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// sharedDir is the folder of test data beside the repository, or a skip.
func sharedDir(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "..", "shared", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the folder ../shared/%s is not there", name)
	}
	return path
}

// expectation is a row of expected.tsv, which capinfos and tshark made.
type expectation struct {
	file        string
	packets     int
	bytes       int64
	first, last int64
	protocols   map[string]int
}

func expectations(t testing.TB) []expectation {
	t.Helper()
	file, err := os.Open(filepath.Join(sharedDir(t, "traces"), "expected.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var rows []expectation
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		// The header lacks a column: the file's name stands twice.
		fields := strings.Split(scanner.Text(), "\t")
		if len(fields) != 8 {
			continue
		}
		e := expectation{file: fields[0], protocols: map[string]int{}, first: nanoseconds(t, fields[5]), last: nanoseconds(t, fields[6])}
		if e.packets, err = strconv.Atoi(fields[3]); err != nil {
			t.Fatal(err)
		}
		if e.bytes, err = strconv.ParseInt(fields[4], 10, 64); err != nil {
			t.Fatal(err)
		}
		for _, word := range strings.Fields(fields[7]) {
			name, count, _ := strings.Cut(word, "=")
			if e.protocols[name], err = strconv.Atoi(count); err != nil {
				t.Fatal(err)
			}
		}
		rows = append(rows, e)
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// nanoseconds reads "seconds.fraction"; a fraction of more than nine digits is a
// count of nanoseconds that a damaged file gives.
func nanoseconds(t testing.TB, text string) int64 {
	t.Helper()
	whole, fraction, _ := strings.Cut(text, ".")
	for len(fraction) < 9 {
		fraction += "0"
	}
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := strconv.ParseInt(fraction, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return seconds*1e9 + rest
}

// TestTraces holds packets, bytes and times against what capinfos and tshark say.
func TestTraces(t *testing.T) {
	for _, e := range expectations(t) {
		t.Run(e.file, func(t *testing.T) {
			file, err := os.Open(filepath.Join(sharedDir(t, "traces"), e.file))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			var packets int
			var bytes, first, last int64
			counts := map[string]int{}
			for p, err := range pcap.Packets(file, e.file) {
				if err != nil {
					t.Log(err)
					if !errors.As(err, new(*pcap.DecodeError)) {
						continue
					}
				}
				if p.Number != int64(packets) {
					t.Fatalf("packet %d has number %d", packets, p.Number)
				}
				if packets == 0 {
					first, last = p.Time, p.Time
				}
				packets++
				first, last = min(first, p.Time), max(last, p.Time)
				bytes += int64(p.Length)
				counts[fmt.Sprint("app ", p.Application)]++
				for i := range p.Layers.Count() {
					counts[p.Layers[i].Name.String()]++
				}
			}
			if packets != e.packets || bytes != e.bytes || first != e.first || last != e.last {
				t.Errorf("%d packets, %d bytes, from %d to %d: want %d, %d, from %d to %d", packets, bytes, first, last, e.packets, e.bytes, e.first, e.last)
			}
			t.Log(counts, e.protocols)
		})
	}
	_ = flow.Unknown
}
