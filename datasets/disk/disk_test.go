package disk_test

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/disk"
)

func TestRoom(t *testing.T) {
	if err := disk.Room(t.TempDir(), 1); err != nil {
		t.Error(err)
	}
	if err := disk.Room(t.TempDir(), math.MaxInt64/2); err != nil && !strings.Contains(err.Error(), "needed are 4.61 EB") {
		t.Error(err)
	}
	if _, known := disk.Free("no such folder"); known {
		t.Error("the free space of nothing is known")
	}
}

func Example() {
	free, known := disk.Free(os.TempDir())
	fmt.Println(!known || free > 0, disk.Size(1.5e9))
	// Output: true 1.5 GB
}
