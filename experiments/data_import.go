package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/datasets/catalog"
	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/table"
)

// dataImport are the flags of data import.
type dataImport struct {
	target   string
	features string
	variant  string
	uplinks  bool
}

func (c *command) dataImportCommand() *cobra.Command {
	var d dataImport
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Turn a capture, a packet CSV of NeCSTGen's, or a gateway's log into a packet table",
		Long: "The table has a row a packet, with its application, flow and direction. Its format follows from the\n" +
			"name given to --out: .parquet, .arrow or .csv. With --features a second table of the same format has the\n" +
			"model's inputs of the packet in each row.",
		Args: arguments(1, 1, "a capture file, a CSV, or the name of a data set"),
		RunE: func(cmd *cobra.Command, args []string) error { return c.dataImport(cmd.Context(), args[0], d) },
	}
	cmd.Flags().StringVar(&d.target, "out", "", "the table (default: FILE's name with .parquet, in this folder)")
	cmd.Flags().StringVar(&d.features, "features", "", "the table of features (default: none)")
	cmd.Flags().StringVar(&d.variant, "variant", string(feature.General), "which features: general, tcp-google-home or udp-google-home")
	cmd.Flags().BoolVar(&d.uplinks, "uplinks", false, "the rows are the LoRaWAN uplinks of a capture or log, with their radio fields")
	return cmd
}

func (c *command) dataImport(ctx context.Context, source string, d dataImport) error {
	if d.target == "" {
		base := filepath.Base(source)
		d.target = strings.TrimSuffix(base, filepath.Ext(base)) + ".parquet"
	}
	format, err := table.FormatOf(d.target)
	if err != nil {
		return usageError{err}
	}
	export := table.Export{Format: format}
	if err := export.Variant.UnmarshalText([]byte(d.variant)); err != nil {
		return usageError{err}
	}
	in, err := catalog.Open(source)
	if err != nil {
		return err
	}
	defer in.Close()
	packets, stop, err := d.packets(contextReader{ctx, in}, source)
	if err != nil {
		return err
	}
	defer stop()
	rows, damaged, err := d.write(export, packets)
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(c.out, map[string]any{"table": d.target, "features": d.features, "packets": rows, "errors": damaged})
	}
	_, err = fmt.Fprintf(c.out, "%s: %s packets, %s damaged records left out\n", d.target, thousands(rows), thousands(damaged))
	return err
}
