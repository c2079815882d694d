package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/summary"
)

// printInfo prints what is known of a trace, and what can be learnt of it.
func printInfo(w io.Writer, i learntInfo) error {
	s := i.Trace
	var b strings.Builder
	line := func(name, value string) { fmt.Fprintf(&b, "%-11s %s\n", name, value) }
	line("file", s.Name)
	line("format", describeFormat(&s.File))
	if len(s.LinkTypes) > 0 {
		line("link types", strings.Join(s.LinkTypes, ", "))
	}
	for _, i := range s.File.Interfaces {
		text := fmt.Sprintf("%s, snap length %s, times in %s, %s packets", i.Link, output.Thousands(int64(i.SnapLength)), i.Resolution, output.Thousands(i.Packets))
		if i.Name != "" {
			text = i.Name + ": " + text
		}
		line("interface", text)
	}
	for _, comment := range s.File.Comments {
		line("comment", fmt.Sprintf("%q", comment))
	}
	if s.File.More > 0 {
		line("comments", output.Thousands(s.File.More)+" more")
	}
	printCounts(line, s.Summary)
	if s.Devices != nil {
		line("LoRaWAN", describeDevices(s.Devices))
	}
	for _, warning := range s.Warnings {
		line("warning", warning)
	}
	line("errors", output.Thousands(s.Errors))
	for _, example := range s.Examples {
		fmt.Fprintf(&b, "  %s\n", example)
	}
	if _, err := fmt.Fprintln(w, b.String()); err != nil {
		return err
	}
	var rows [][]string
	for _, name := range s.Names() {
		p := s.Protocols[name]
		rows = append(rows, []string{name, output.Thousands(p.Packets), output.Thousands(p.Bytes), output.Thousands(p.Flows)})
	}
	if err := printTable(w, []string{"PROTOCOL", "PACKETS", "BYTES", "FLOWS"}, rows); err != nil {
		return err
	}
	return printLearnt(w, i)
}

// printCounts prints the lines of a summary, each by line.
func printCounts(line func(name, value string), s *summary.Summary) {
	line("packets", output.Thousands(s.Packets))
	line("bytes", output.Thousands(s.Bytes)+" on the wire, "+output.Thousands(s.Captured)+" captured")
	if s.Packets > 0 {
		line("first", s.First.Format(time.RFC3339Nano))
		line("last", s.Last.Format(time.RFC3339Nano))
		line("span", run.Seconds(s.Seconds))
	}
	if s.Backward > 0 {
		line("order", output.Thousands(s.Backward)+" packets are earlier than the one before")
	}
}
