package convert

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/datasets/table"
)

// content says what a file holds, by the names of its columns.
type content int

const (
	trafficContent   content = iota // packets as they were sent: no table, or one of packets
	generatedContent                // NeCSTGen's generated packets, which have no addresses
	flowContent                     // a flow table of this program
	numberContent                   // other rows of numbers: features, flow tables of NeCSTGen's
)

// contentOf returns what a file holds. One that cannot be read as a table counts as
// traffic: opening it as such says what is wrong.
func contentOf(path string) content {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return trafficContent
	}
	columns, err := table.Columns(path)
	if err != nil {
		return trafficContent
	}
	has := func(name string) bool { return slices.Contains(columns, name) }
	switch {
	case has("length_total_lstm") && has("direction"):
		return generatedContent
	case has("time") || has("timestamps") || has("physical_payload"):
		return trafficContent
	case has("flow_id_count") && has("ip_src"):
		return flowContent
	case has("flow_id_count") || has("count_total") || has("length_total"):
		return numberContent
	}
	return trafficContent
}

// copyTable writes a table of flows or numbers in the format of the file's name.
func (c *converter) copyTable() error {
	format, err := table.FormatOf(c.Packets)
	if err != nil {
		return err
	}
	return atomicfile.Write(c.Packets, func(w io.Writer) error {
		if c.content == flowContent {
			return table.WriteFlows(w, format, counted(c, table.ReadFlows(c.name)))
		}
		numbers, err := table.ReadFeatures(c.name)
		if err != nil {
			return err
		}
		return table.WriteFeatures(w, format, numbers.Names, counted(c, numbers.Rows))
	})
}

// counted counts the rows of a table, and ends with the context.
func counted[T any](c *converter, rows iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for row, err := range rows {
			if err == nil {
				c.result.Rows++
				err = c.ctx.Err()
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// checkContent refuses what a table cannot give.
func (c *converter) checkContent() error {
	if c.content != trafficContent && !c.Period.IsZero() {
		return fmt.Errorf("%s: a period of time: want packets with their times", c.name)
	}
	if c.content == trafficContent || c.Layout == Tables && c.Flows == "" && c.FlowFeatures == "" && c.Features == "" && (c.Application == "" || c.content == generatedContent) {
		return nil
	}
	if c.content == generatedContent {
		return fmt.Errorf("%s holds generated packets, which have no addresses: want no more than a table of the packets", c.name)
	}
	return errors.New("a table of flows or features is only copied: want the name of the copy alone")
}
