package shard

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"github.com/necstgen/necstgen/experiments/output"
)

// Number is one of several shards, written as 3/16.
type Number struct {
	Index int // from 1
	Count int
}

// String returns the number as UnmarshalText reads it.
func (n Number) String() string { return fmt.Sprintf("%d/%d", n.Index, n.Count) }

// MostShards is how many shards there may be: each block of each shard needs ports of its
// own, and of some ten thousand that a client has few must be left over.
const MostShards = 1000

// UnmarshalText reads a number like 3/16.
func (n *Number) UnmarshalText(text []byte) error {
	index, count, ok := strings.Cut(string(text), "/")
	i, err1 := strconv.Atoi(index)
	of, err2 := strconv.Atoi(count)
	if err := errors.Join(err1, err2); !ok || err != nil || i < 1 || i > of || of > MostShards {
		return fmt.Errorf("want a shard and how many there are, like 3/16, from 1/1 to %d/%[1]d", MostShards)
	}
	n.Index, n.Count = i, of
	return nil
}

// Name returns the name of a shard's file, given that of the whole: big-03-of-16.pcap.zst
// for big.pcap.zst. By name, the files are in the order of their times.
func Name(path string, n Number) string {
	stem, ending := output.Split(path)
	count := strconv.Itoa(n.Count)
	return fmt.Sprintf("%s-%0*d-of-%s%s", stem, len(count), n.Index, count, ending)
}

// PlanName returns the name of the file of the plan of so many shards: big-of-16.json.
func PlanName(path string, count int) string {
	stem, _ := output.Split(path)
	return fmt.Sprintf("%s-of-%d.json", stem, count)
}

// deviceName returns the name of the file that says what computes the shards.
func deviceName(path string, count int) string {
	stem, _ := output.Split(path)
	return fmt.Sprintf("%s-of-%d.device", stem, count)
}

// SlurmName returns the name of the folder for what a cluster needs: big-of-16.slurm.
func SlurmName(path string, count int) string {
	stem, _ := output.Split(path)
	return fmt.Sprintf("%s-of-%d.slurm", stem, count)
}

// Title returns what the whole is called, of letters, digits, hyphens and dots: big for
// data/big.pcap.zst.
func Title(path string) string {
	stem, _ := output.Split(filepath.Base(path))
	return strings.Map(func(r rune) rune {
		if r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '.') {
			return r
		}
		return '-'
	}, stem)
}
