package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/experiments/doctor"
	"github.com/necstgen/necstgen/experiments/output"
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

// roomFor refuses what the disks have no room for by far: packets in files that
// together take more than what is free. Compressed captures are not counted, for
// what they take depends on the payloads.
func roomFor(outs []string, packets, bytes float64) error {
	wanted := make(map[string]float64) // by folder
	var folders []string
	for _, path := range outs {
		n, ok := takes(path, packets, bytes)
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
		free, known := doctor.Free(folder)
		if known && wanted[folder] > float64(free) {
			return fmt.Errorf("generate: about %s packets take %s, and %s has %s free: ask for less, compress (.pcap.zst), or choose another disk",
				approximately(packets), byteCount(wanted[folder]), folder, byteCount(float64(free)))
		}
	}
	return nil
}

// takes is about what a file takes; false where there is nothing to say.
func takes(path string, packets, bytes float64) (float64, bool) {
	kind, err := output.KindOf(path)
	if err != nil || path == output.Standard {
		return 0, false
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return 0, false // a pipe, a device
	}
	switch {
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

// approximately writes a number to two digits: 1,200,000.
func approximately(n float64) string {
	if n < 1 || n > 1e18 {
		return fmt.Sprintf("%.2g", n)
	}
	digit := math.Pow(10, max(0, math.Floor(math.Log10(n))-1))
	return thousands(int64(math.Round(n/digit) * digit))
}

// byteCount writes bytes with a unit: "1.2 GB".
func byteCount(n float64) string {
	for _, unit := range []string{"bytes", "kB", "MB", "GB", "TB", "PB"} {
		if n < 999.5 {
			if unit == "bytes" {
				return fmt.Sprintf("%.0f %s", n, unit)
			}
			return fmt.Sprintf("%.3g %s", n, unit)
		}
		n /= 1000
	}
	return fmt.Sprintf("%.3g EB", n)
}
