package output

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/necstgen/necstgen/datasets/disk"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
)

// Bytes that a packet takes in a file, beside those of its frame in a capture:
// measured on generated HTTP, rounded up.
const (
	pcapHeader   = 16
	pcapngHeader = 36
	csvRow       = 200
	arrowRow     = 60
	parquetRow   = 40
)

// Room returns an error where a disk has less free than the files on it will take, which
// hold so many packets, whose frames have so many bytes together. Compressed captures are
// not counted, since what they take depends on the payloads, nor are tables of flows.
func Room(outs []string, packets, bytes float64) error {
	wanted := make(map[string]float64) // by folder
	var folders []string
	for _, path := range outs {
		n, ok := fileSize(path, packets, bytes)
		if !ok {
			continue
		}
		folder := filepath.Dir(path)
		if wanted[folder] == 0 {
			folders = append(folders, folder)
		}
		wanted[folder] += n
	}
	for _, folder := range folders {
		free, known := disk.Free(folder)
		if known && wanted[folder] > float64(free) {
			return fmt.Errorf("output: about %s packets take %s, and %s has %s free: ask for less, compress (.pcap.zst), or choose another disk",
				approximately(packets), disk.Size(wanted[folder]), folder, disk.Size(float64(free)))
		}
	}
	return nil
}

// fileSize returns about how many bytes a file takes; false where that is not known.
func fileSize(path string, packets, bytes float64) (float64, bool) {
	kind, err := KindOf(path)
	if err != nil || path == Standard {
		return 0, false
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return 0, false // a pipe, a device
	}
	switch {
	case kind.Flows != "":
		return 0, false
	case kind.Table == table.CSV:
		return packets * csvRow, true
	case kind.Table == table.Arrow:
		return packets * arrowRow, true
	case kind.Table == table.Parquet:
		return packets * parquetRow, true
	case kind.Capture.Compression != pcap.NoCompression:
		return 0, false
	case kind.Capture.PCAPNG:
		return bytes + packets*pcapngHeader, true
	}
	return bytes + packets*pcapHeader, true
}

// approximately returns a number rounded to two digits: 1,200,000.
func approximately(n float64) string {
	if n < 1 || n > 1e18 {
		return fmt.Sprintf("%.2g", n)
	}
	digit := math.Pow(10, max(0, math.Floor(math.Log10(n))-1))
	return Thousands(int64(math.Round(n/digit) * digit))
}

// Thousands returns a number with commas: 1,200,000.
func Thousands(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
