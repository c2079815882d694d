package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/datasets/catalog"
)

// dataSet is one data set of the list.
type dataSet struct {
	Name     string `json:"name"`
	Title    string `json:"title"`
	Here     bool   `json:"here"`
	Embedded bool   `json:"embedded"`
	Bytes    int64  `json:"bytes"` // to fetch; 0: embedded, or not known
	Checked  bool   `json:"checked"`
	License  string `json:"license"`
	Home     string `json:"home"`
	Citation string `json:"citation"`
}

func (c *command) dataListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "The data sets that are known by name, and which are here",
		Args:  arguments(0, 0, "no argument"),
		RunE:  func(*cobra.Command, []string) error { return c.dataList() },
	}
}

func (c *command) dataList() error {
	sets := new(catalog.Catalog)
	all := []dataSet{}
	var rows [][]string
	for _, i := range catalog.All() {
		d := dataSet{i.Name, i.Title, sets.Here(i), i.Embedded(), i.Size(), i.Embedded() || i.Known(), i.License, i.Home, i.Citation}
		all = append(all, d)
		state, size := "fetch it", "?"
		switch {
		case d.Embedded:
			state, size = "embedded", "-"
		case d.Here:
			state = "here"
		}
		if d.Bytes > 0 {
			size = megabytes(d.Bytes)
		}
		rows = append(rows, []string{d.Name, state, size, d.License, d.Title})
	}
	if c.json {
		return printJSON(c.out, all)
	}
	return printTable(c.out, []string{"DATA SET", "STATE", "SIZE", "LICENCE", "WHAT"}, rows)
}

// megabytes writes a size for people.
func megabytes(n int64) string {
	if n < 1e6 {
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
