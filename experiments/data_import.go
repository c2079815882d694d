package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/datasets/catalog"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
)

func (c *command) dataImportCommand() *cobra.Command {
	var target string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Turn a capture, or a packet CSV of NeCSTGen's, into a packet table",
		Long: "The table has a row a packet, with its application, flow and direction. Its format follows from the\n" +
			"name given to --out: .parquet, .arrow or .csv.",
		Args: arguments(1, 1, "a capture file, a CSV, or the name of a data set"),
		RunE: func(cmd *cobra.Command, args []string) error { return c.dataImport(cmd.Context(), args[0], target) },
	}
	cmd.Flags().StringVar(&target, "out", "", "the table (default: FILE's name with .parquet, in this folder)")
	return cmd
}

func (c *command) dataImport(ctx context.Context, source, target string) error {
	if target == "" {
		base := filepath.Base(source)
		target = strings.TrimSuffix(base, filepath.Ext(base)) + ".parquet"
	}
	format, err := table.FormatOf(target)
	if err != nil {
		return usageError{err}
	}
	in, err := catalog.Open(source)
	if err != nil {
		return err
	}
	defer in.Close()
	reader := contextReader{ctx, in}
	packets := pcap.Packets(reader, source)
	if strings.EqualFold(filepath.Ext(source), ".csv") {
		packets = necstgencsv.Packets(reader, source)
	}
	var rows, damaged int64
	assembler := flow.Assembler{}
	err = writeBeside(target, func(w io.Writer) error {
		return table.WritePackets(w, format, counted(assembler.Label(packets), &rows, &damaged))
	})
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(c.out, map[string]any{"table": target, "packets": rows, "errors": damaged})
	}
	_, err = fmt.Fprintf(c.out, "%s: %s packets, %s damaged records left out\n", target, thousands(rows), thousands(damaged))
	return err
}

// counted leaves damaged records out and counts them and the rest.
func counted(packets iter.Seq2[flow.Packet, error], rows, damaged *int64) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		for p, err := range packets {
			if record, ok := errors.AsType[interface {
				error
				RecordNumber() int64
			}](err); ok && record != nil {
				*damaged++
				continue
			}
			*rows++
			if !yield(p, err) {
				return
			}
		}
	}
}
