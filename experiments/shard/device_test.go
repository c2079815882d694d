package shard

import (
	"os"
	"strings"
	"sync"
	"testing"
)

// Whoever comes first says what computes, and the others must have the same.
func TestAgree(t *testing.T) {
	t.Chdir(t.TempDir())
	const name = "big-of-4.device"
	if err := agree(name, ""); err != nil {
		t.Error(err)
	}
	var together sync.WaitGroup
	for range 20 {
		together.Go(func() {
			if err := agree(name, "xla:cpu cpu=amd64+avx512"); err != nil {
				t.Error(err)
			}
		})
	}
	together.Wait()
	if err := agree(name, "xla:cpu cpu=amd64+avx2"); err == nil || !strings.Contains(err.Error(), `other shards are computed by "xla:cpu cpu=amd64+avx512", and this machine has "xla:cpu cpu=amd64+avx2"`) {
		t.Errorf("another device: error %v", err)
	}
	if left, err := os.ReadDir("."); err != nil || len(left) != 1 {
		t.Errorf("%v are left, error %v", left, err)
	}
}
