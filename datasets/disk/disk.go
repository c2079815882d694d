// Package disk says how much room there is for files.
package disk

import "fmt"

// spare is what is left free of a disk that is written to, in bytes.
const spare = 64 << 20

// Room returns an error where the disk of a folder has no room for so many bytes and
// a little to spare. Where the free space cannot be told there is no error: a full
// disk shows when it is written to.
func Room(dir string, need int64) error {
	if free, known := Free(dir); known && need > 0 && free < need+spare {
		return fmt.Errorf("%s has %s free, needed are %s", dir, Size(float64(free)), Size(float64(need+spare)))
	}
	return nil
}

// Size writes a number of bytes with a unit: "1.2 GB".
func Size(n float64) string {
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
