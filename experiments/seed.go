package main

import (
	"fmt"
	"strconv"
)

// seedOr returns the value of --seed, or another seed where it is not given.
func (c *command) seedOr(other uint64) (uint64, error) {
	if c.seed == "" {
		return other, nil
	}
	n, err := strconv.ParseUint(c.seed, 0, 64)
	if err != nil {
		return 0, usageError{fmt.Errorf("--seed %q: want a whole number of at least 0", c.seed)}
	}
	return n, nil
}
