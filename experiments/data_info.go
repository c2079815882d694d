package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/datasets/catalog"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/summary"
)

func (c *command) dataInfoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "info FILE",
		Short: "What is in a capture: link types, packets, time span, protocols, errors",
		Long: "Reads pcap or pcapng, plain, gzip or zstd; - is the standard input. The exit code is 1 when\n" +
			"reading ended before the end of the file; what was read until then is printed.",
		Args: arguments(1, 1, "a capture file, the name of a data set, or - for the standard input"),
		RunE: func(cmd *cobra.Command, args []string) error { return c.dataInfo(cmd.Context(), args[0]) },
	}
}

// dataInfo prints a capture's summary.
func (c *command) dataInfo(ctx context.Context, path string) error {
	in := io.NopCloser(c.in)
	if path != "-" {
		f, err := catalog.Open(path)
		if err != nil {
			return err
		}
		in = f
	}
	defer in.Close()
	s, failed := summary.Of(path, pcap.Packets(contextReader{ctx, in}, path))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if failed != nil && s.Packets == 0 {
		return failed
	}
	print := printSummary
	if c.json {
		print = func(w io.Writer, s *summary.Summary) error { return printJSON(w, s) }
	}
	if err := print(c.out, s); err != nil {
		return err
	}
	return failed
}

// printSummary writes a summary for people.
func printSummary(w io.Writer, s *summary.Summary) error {
	var b strings.Builder
	line := func(name, value string) { fmt.Fprintf(&b, "%-11s %s\n", name, value) }
	line("file", s.Name)
	line("link types", strings.Join(s.LinkTypes, ", "))
	line("packets", thousands(s.Packets))
	line("bytes", thousands(s.Bytes)+" on the wire, "+thousands(s.Captured)+" captured")
	if s.Packets > 0 {
		line("first", s.First.Format(time.RFC3339Nano))
		line("last", s.Last.Format(time.RFC3339Nano))
		line("span", run.Seconds(s.Seconds))
	}
	if s.Backward > 0 {
		line("order", thousands(s.Backward)+" packets are earlier than the one before")
	}
	line("errors", thousands(s.Errors))
	for _, example := range s.Examples {
		fmt.Fprintf(&b, "  %s\n", example)
	}
	if _, err := fmt.Fprintln(w, b.String()); err != nil {
		return err
	}
	var rows [][]string
	for _, name := range s.Names() {
		p := s.Protocols[name]
		rows = append(rows, []string{name, thousands(p.Packets), thousands(p.Bytes), thousands(p.Flows)})
	}
	return printTable(w, []string{"PROTOCOL", "PACKETS", "BYTES", "FLOWS"}, rows)
}
