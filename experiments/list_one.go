package main

import (
	"slices"

	"github.com/pelletier/go-toml/v2"

	"github.com/necstgen/necstgen/experiments/config"
)

// listOne prints one experiment with every key, as TOML.
func (c *command) listOne(name string) error {
	file, err := c.readFile()
	if err != nil {
		return err
	}
	e, err := file.Experiment(name)
	if err != nil {
		return usageError{err}
	}
	if c.json {
		return printJSON(c.out, e)
	}
	return toml.NewEncoder(c.out).Encode(map[string]map[string]config.Experiment{"experiment": {name: e}})
}

// listKeys prints what every key means.
func (c *command) listKeys() error {
	keys := config.Describe()
	if c.json {
		return printJSON(c.out, keys)
	}
	var rows [][]string
	for _, k := range slices.All(keys) {
		rows = append(rows, []string{k.Name, k.Default, k.Allowed, k.Meaning})
	}
	return printTable(c.out, []string{"KEY", "DEFAULT", "ALLOWED", "MEANING"}, rows)
}
