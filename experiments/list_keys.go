package main

import (
	"fmt"

	"github.com/necstgen/necstgen/experiments/config"
)

// listKeys prints what every key means.
func (c *command) listKeys() error {
	keys := config.Describe()
	if c.json {
		return printJSON(c.out, keys)
	}
	var entries []entry
	for _, k := range keys {
		entries = append(entries, keyEntry(k))
	}
	return printEntries(c.out, c.columns(), entries)
}

// keyEntry returns a key with its default, as it would be given, and what is allowed.
func keyEntry(k config.Key) entry {
	head := k.Name
	if k.Default != "" {
		head += "=" + k.Default
	}
	return entry{head: fmt.Sprintf("%s (%s)", head, k.Allowed), text: k.Meaning}
}
