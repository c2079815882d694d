package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/datasets/catalog"
	"github.com/necstgen/necstgen/datasets/disk"
)

// dataSet is a row of the list.
type dataSet struct {
	Name     string `json:"name"`
	Title    string `json:"title"`
	Files    int    `json:"files"`
	Here     int    `json:"here"` // files that were fetched
	Embedded bool   `json:"embedded"`
	Bytes    int64  `json:"bytes"`   // to fetch; 0: embedded, or not known
	Checked  bool   `json:"checked"` // the digest of every file is known
	Digest   string `json:"digest"`  // in words: pinned, noted at the first fetch, not pinned
	License  string `json:"license"`
	Home     string `json:"home"`
	Citation string `json:"citation"`
}

func (c *command) dataListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "The data sets that are known by name, and which are here",
		Example: "  go run ./experiments data list",
		Long: "Lists the data sets, whether each is here, and its licence. DIGEST is what a download is checked against: pinned, the SHA-256 that the\n" +
			"program knows; not pinned, nothing, for none is published: data fetch asks for\n" +
			"--accept-unknown and notes the digest, which holds from then on.\n\n" +
			"A name stands for the packets of its data set wherever a file may: data.name of\n" +
			"an experiment, data info, data import and evaluate.",
		Args: arguments(0, 0, "no argument"),
		RunE: func(*cobra.Command, []string) error { return c.dataList() },
	}
}

func (c *command) dataList() error {
	sets := new(catalog.Catalog)
	all := []dataSet{}
	var rows [][]string
	for _, i := range catalog.All() {
		d := dataSet{i.Name, i.Title, len(i.Files), sets.Here(i), i.Embedded(), i.Size(), i.Known() == len(i.Files), digestOf(sets, i), i.License, i.Home, i.Citation}
		all = append(all, d)
		state, size := "fetch it", "?"
		switch {
		case d.Embedded:
			state, size = "embedded", "-"
		case d.Here == d.Files:
			state = "here"
		case d.Here > 0:
			state = fmt.Sprintf("%d of %d files", d.Here, d.Files)
		}
		if d.Bytes > 0 {
			size = disk.Size(float64(d.Bytes))
		}
		rows = append(rows, []string{d.Name, state, size, d.Digest, d.License, d.Title})
	}
	if c.json {
		return printJSON(c.out, all)
	}
	return printTable(c.out, []string{"DATA SET", "STATE", "SIZE", "DIGEST", "LICENCE", "WHAT"}, rows)
}

// digestOf names what a fetched file is checked against.
func digestOf(sets *catalog.Catalog, i catalog.Info) string {
	switch {
	case i.Embedded():
		return "-"
	case i.Known() == len(i.Files):
		return "pinned"
	case sets.Noted(i):
		return "noted at first fetch"
	case i.Known() > 0:
		return fmt.Sprintf("%d of %d pinned", i.Known(), len(i.Files))
	}
	return "not pinned"
}
