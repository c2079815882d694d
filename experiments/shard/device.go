package shard

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// agree makes all shards of a plan be computed on devices of one identity: the last flows
// of a shard are drawn by the next one, too, and another device may round differently. The
// first that draws a shard writes its identity to the file of that name.
func agree(name, identity string) error {
	if identity == "" {
		return nil
	}
	temporary := unfinished(name)
	if err := os.WriteFile(temporary, []byte(identity+"\n"), 0o666); err != nil {
		return fmt.Errorf("shard: %w", err)
	}
	err := os.Link(temporary, name) // whole or not at all, and only where there is none
	if removed := os.Remove(temporary); err == nil {
		err = removed
	}
	if err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("shard: %w", err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("shard: %w", err)
	}
	if other := strings.TrimSpace(string(text)); other != identity {
		return fmt.Errorf("shard: %s: other shards are computed by %q, and this machine has %q, which may round differently: want machines of one kind (--backend, a partition, XLA_FLAGS=--xla_cpu_max_isa=AVX2), or remove the file and all shards", name, other, identity)
	}
	return nil
}
