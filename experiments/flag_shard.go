package main

import (
	"fmt"
	"strings"

	"github.com/necstgen/necstgen/experiments/shard"
)

// shardsFlag is the value of --shard.
type shardsFlag []shard.Number

func (s *shardsFlag) Type() string { return "shard" }

// String returns the shards with commas between them.
func (s *shardsFlag) String() string {
	var all []string
	for _, n := range *s {
		all = append(all, n.String())
	}
	return strings.Join(all, ",")
}

// Set adds a shard.
func (s *shardsFlag) Set(text string) error {
	var n shard.Number
	if err := n.UnmarshalText([]byte(text)); err != nil {
		return err
	}
	if len(*s) > 0 && (*s)[0].Count != n.Count {
		return fmt.Errorf("it is of %d shards, and %s of %d: want shards of one number", n.Count, (*s)[0], (*s)[0].Count)
	}
	*s = append(*s, n)
	return nil
}
