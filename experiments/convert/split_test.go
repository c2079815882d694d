package convert_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/sharedtest"
	"github.com/necstgen/necstgen/experiments/convert"
)

// shifted writes a published file of a day as one of so many days later under any
// name, and returns its rows.
func shifted(t *testing.T, to, published string, days int) [][]string {
	t.Helper()
	in, err := csv.NewReader(sharedtest.Open(t, "necstgen", "data", published)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at, name := slices.Index(in[0], "timestamps"), slices.Index(in[0], "filename")
	for _, row := range in[1:] {
		seconds, fraction, _ := strings.Cut(row[at], ".")
		n, err := strconv.Atoi(seconds)
		if err != nil {
			t.Fatal(err)
		}
		row[at] = strconv.Itoa(n+days*86400) + "." + fraction
		if days > 0 {
			row[name] = strings.TrimSuffix(filepath.Base(to), ".csv") + ".tcpdump"
		}
	}
	var out bytes.Buffer
	if err := csv.NewWriter(&out).WriteAll(in); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, out.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return in
}

// One command over many captures writes the folder that NeCSTGen publishes: a file a
// day, named by the time alone, and four of each application, over all days.
func TestSplit(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "data")
	if err := os.Mkdir(in, 0o777); err != nil {
		t.Fatal(err)
	}
	days := []struct {
		published, file, want string
		later                 int
	}{
		{"df_week1_monday.csv", "a.csv", "df_week1_monday.csv", 0},
		{"df_week1_tuesday.csv", "b.csv", "df_week1_tuesday.csv", 0},
		{"df_week1_monday.csv", "df_week3_wednesday.csv", "df_week3_thursday.csv", 17}, // D39
		{"df_week1_monday.csv", "c.csv", "df_2026-11-27.csv", 10133},
	}
	for _, day := range days {
		shifted(t, filepath.Join(in, day.file), day.published, day.later)
	}
	o := convert.Options{Packets: out, Layout: convert.NeCSTGen, Split: convert.Split{Day: true, Application: true}}
	r, err := convert.Run(t.Context(), []string{in}, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Packets != 40_000 || r.Damaged != 0 || r.Others != 0 {
		t.Errorf("%+v", r)
	}
	applications := make(map[string]int)
	for _, day := range days {
		sameCells(t, filepath.Join(out, day.want), filepath.Join(in, day.file))
	}
	for _, file := range r.Files {
		header, columns := readCSV(t, file)
		name := filepath.Base(file)
		if strings.HasPrefix(name, "df_raw_") && !strings.HasPrefix(name, "df_raw_flows_") {
			application := strings.TrimSuffix(strings.TrimPrefix(name, "df_raw_"), ".csv")
			applications[application] = len(columns["flow_id"])
			if !slices.Equal(slices.Compact(slices.Sorted(slices.Values(columns["applications"]))), []string{application}) {
				t.Errorf("%s: other applications", file)
			}
			if application == "HTTP" {
				if got := slices.Compact(slices.Clone(columns["day_week"])); !slices.Equal(got, []string{"monday_1", "tuesday_1", "thursday_3", "friday_1"}) {
					t.Errorf("days %q", got)
				}
			}
		}
		if len(columns[header[0]]) == 0 {
			t.Errorf("%s is empty", file)
		}
	}
	if applications["HTTP"] == 0 || applications["SMTP"] == 0 {
		t.Errorf("%v", applications)
	}
	sum := 0
	for application, n := range applications {
		sum += n
		for _, name := range []string{"process/df_process_", "raw/df_raw_flows_", "process/df_process_flows_"} {
			if path := filepath.Join(out, filepath.FromSlash(name)+application+".csv"); !slices.Contains(r.Files, path) {
				t.Errorf("no %s", path)
			}
		}
	}
	if sum != 40_000 || len(r.Files) != len(days)+4*len(applications) {
		t.Errorf("%d packets of %d applications in %d files", sum, len(applications), len(r.Files))
	}
}

// sameCells compares two files of packets by their columns' names. What is numbered
// again or made by the order of columns may differ in form: 37.0 and 37.
func sameCells(t *testing.T, got, want string) {
	t.Helper()
	_, gotColumns := readCSV(t, got)
	_, wantColumns := readCSV(t, want)
	if len(gotColumns) != len(wantColumns) {
		t.Errorf("%s: %d columns, want %d", got, len(gotColumns), len(wantColumns))
	}
	for name, cells := range wantColumns {
		if len(gotColumns[name]) != len(cells) {
			t.Fatalf("%s, %s: %d rows, want %d", got, name, len(gotColumns[name]), len(cells))
		}
		for i, cell := range cells {
			if g := gotColumns[name][i]; !sameCell(g, cell, 0) {
				t.Fatalf("%s, %s, row %d: %q, want %q", got, name, i, g, cell)
			}
		}
	}
}

func TestSplitRefused(t *testing.T) {
	split := convert.Split{Day: true}
	for _, test := range []struct {
		o    convert.Options
		want string
	}{
		{convert.Options{Split: split, Packets: "x"}, "want layout necstgen"},
		{convert.Options{Split: split, Layout: convert.NeCSTGen}, "want the name of a folder"},
		{convert.Options{Split: split, Layout: convert.NeCSTGen, Packets: "x", Flows: "f.csv"}, "split files have their own names"},
		{convert.Options{Split: split, Layout: convert.NeCSTGen, Packets: "x", Application: "LORA_1"}, "not uplinks"},
		{convert.Options{Split: split, Layout: convert.NeCSTGen, Packets: "x", Application: "TCP_GOOGLE_HOME"}, "not uplinks, transports"},
	} {
		if _, err := convert.Run(t.Context(), []string{"testbed"}, test.o, nil); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, want %q", test.o, err, test.want)
		}
	}
	var s convert.Split
	if err := s.UnmarshalText([]byte("application,day")); err != nil || s != (convert.Split{Day: true, Application: true}) {
		t.Errorf("%+v, %v", s, err)
	}
	if text, err := s.MarshalText(); err != nil || string(text) != "day,application" {
		t.Errorf("%s, %v", text, err)
	}
	if err := s.UnmarshalText([]byte("week")); err == nil || !strings.Contains(err.Error(), `unknown word "week": want day, application, or both`) {
		t.Errorf("%v", err)
	}
}
