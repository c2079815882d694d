package main

import (
	"slices"
	"strings"
	"testing"
)

func runsOf() *runTable {
	return &runTable{
		heads: []string{"RUN", "NAME", "STATUS", "STARTED", "TOOK", "GENERATOR", "C2ST flow", "C2ST window", "copied flows", "TAGS"},
		rows: [][]string{
			{"http-paper/60f525f38af0", "-", "interrupted", "2026-11-28 02:01", "4m05s", "paper", "0.500", "-", "1.000", ""},
			{"http/20f0b8d03c70", "office-tls", "finished", "2026-11-28 02:00", "27.8 s", "sampled", "0.912", "-", "0.000", "a b"},
			{"http/20f0bcd03c70", "-", "finished", "2026-11-27 02:00", "27.8 s", "sampled", "0.912", "-", "0.000", ""},
		},
	}
}

// A table that fits stays; a narrower terminal has shorter ids and fewer columns, and at
// every width the run and its status.
func TestRunTableFits(t *testing.T) {
	for _, tt := range []struct {
		width   int
		first   string // of the first row
		heads   string
		dropped string
	}{
		{200, "http-paper/60f525f38af0", "RUN NAME STATUS STARTED TOOK GENERATOR C2ST flow C2ST window copied flows TAGS", ""},
		{131, "http-paper/60f525f38af0", "RUN NAME STATUS STARTED TOOK GENERATOR C2ST flow C2ST window copied flows TAGS", ""},
		{117, "http-paper/60f525", "RUN NAME STATUS STARTED TOOK GENERATOR C2ST flow C2ST window copied flows TAGS", ""},
		{112, "http-paper/60f525", "RUN NAME STATUS STARTED TOOK GENERATOR C2ST flow C2ST window copied flows", "TAGS"},
		{80, "http-paper/60f525", "RUN NAME STATUS STARTED C2ST flow C2ST window", "TAGS GENERATOR TOOK copied flows"},
		{30, "http-paper/60f525", "RUN STATUS C2ST window", "TAGS GENERATOR TOOK copied flows STARTED C2ST flow NAME"},
	} {
		table := runsOf()
		dropped := strings.Join(table.fit(tt.width), " ")
		if heads := strings.Join(table.heads, " "); table.rows[0][0] != tt.first || heads != tt.heads || dropped != tt.dropped {
			t.Errorf("%d columns: %s; %s; dropped %s", tt.width, table.rows[0][0], heads, dropped)
		}
		if tt.width >= 80 && table.width() > tt.width {
			t.Errorf("%d columns: the table has %d", tt.width, table.width())
		}
		if !slices.ContainsFunc(table.rows, func(row []string) bool { return len(row) == len(table.heads) }) {
			t.Errorf("%d columns: %d heads, rows %v", tt.width, len(table.heads), table.rows)
		}
	}
}
