package convert_test

import (
	"context"
	"encoding/csv"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/sharedtest"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/experiments/convert"
)

// readCSV reads a file's header and columns.
func readCSV(t *testing.T, path string) (header []string, columns map[string][]string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil || len(records) == 0 {
		t.Fatalf("%s: %d records, %v", path, len(records), err)
	}
	columns = make(map[string][]string)
	for _, record := range records[1:] {
		for i, cell := range record {
			columns[records[0][i]] = append(columns[records[0][i]], cell)
		}
	}
	return records[0], columns
}

// sameCell compares texts, and numbers to a relative tolerance.
func sameCell(a, b string, tolerance float64) bool {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return a == b || errX == nil && errY == nil && math.Abs(x-y) <= tolerance*max(1, math.Abs(x), math.Abs(y))
}

func comparePackets(t *testing.T, got, want string, except []string) {
	t.Helper()
	gotHeader, gotColumns := readCSV(t, got)
	wantHeader, wantColumns := readCSV(t, want)
	if !slices.Equal(gotHeader, wantHeader) {
		t.Fatalf("columns %q, want %q", gotHeader, wantHeader)
	}
	gaps := wantColumns["time_diff"]
	for _, name := range wantHeader {
		if slices.Contains(except, name) {
			continue
		}
		for i, cell := range wantColumns[name] {
			tolerance := 1e-6 // of a gap between printed times
			if name == "rate" {
				gap, _ := strconv.ParseFloat(gaps[i], 64)
				tolerance *= max(1, 1/gap)
			}
			if cell == "-9223372036854775808" { // a gap that pandas made an integer (D42)
				cell = "0"
			}
			if g := gotColumns[name][i]; !sameCell(g, cell, tolerance) {
				t.Fatalf("%s, row %d: %q, want %q", name, i, g, cell)
			}
		}
	}
}

// compareFlows counts the leading flows that agree in what does not depend on
// rounded times, but for a column.
func compareFlows(t *testing.T, got, want, except string) int {
	t.Helper()
	gotHeader, gotColumns := readCSV(t, got)
	_, wantColumns := readCSV(t, want)
	for i := range gotColumns[gotHeader[0]] {
		for _, name := range []string{"flow_id_count", "length_total_sum", "length_total_std", "timestamps_min", "header_length_std", "payload_length_std"} {
			if name != except && !sameCell(gotColumns[name][i], wantColumns[name][i], 1e-9) {
				return i
			}
		}
	}
	return len(gotColumns[gotHeader[0]])
}

// Features in NeCSTGen's layout have the published columns, and codes in [0, 1], also where
// they are fitted to the rows.
func TestPublishedFeatures(t *testing.T) {
	for _, application := range []string{"HTTP", "SNMP", "UDP_GOOGLE_HOME", "LORA_1"} {
		for _, o := range []convert.Options{{}, {Compat: true}} {
			dir := t.TempDir()
			o.Packets, o.Features, o.Layout, o.Application = filepath.Join(dir, "raw.csv"), filepath.Join(dir, "process.csv"), convert.NeCSTGen, application
			in := sharedtest.Path(t, "necstgen", "data", "raw", "df_raw_"+application+".csv")
			if _, err := convert.Run(t.Context(), []string{in}, o, nil); err != nil {
				t.Fatal(err)
			}
			header, columns := readCSV(t, o.Features)
			published, _ := readCSV(t, sharedtest.Path(t, "necstgen", "data", "process", "df_process_"+application+".csv"))
			if !slices.Equal(header, published) {
				t.Errorf("%s: columns %q, want %q", application, header, published)
			}
			for name, cells := range columns {
				if len(cells) != 10_000 {
					t.Errorf("%s, %s: %d rows", application, name, len(cells))
				}
			}
			checkCodes(t, columns)
		}
	}
}

// sameFeatures compares codes to 1e-12, and those of the gaps and rates to what the
// printed times have kept of a gap.
func sameFeatures(t *testing.T, what string, got, want map[string][]string, gaps []string) {
	t.Helper()
	for name, cells := range want {
		for i, cell := range cells {
			tolerance := 1e-12
			if name == "time_diff" || name == "rate" {
				gap, err := strconv.ParseFloat(gaps[i], 64)
				if err != nil {
					t.Fatal(err)
				}
				if gap > 0 {
					tolerance += 5e-8 / gap
				}
			}
			if g := got[name][i]; !sameCell(g, cell, tolerance) {
				t.Errorf("%s, %s, row %d: %q, want %q", what, name, i, g, cell)
				break
			}
		}
	}
}

// This program's tables of one trace agree: the packets of its flows, and a row of
// features each.
func TestTables(t *testing.T) {
	for _, application := range []string{"", "NTP", "LORAWAN"} {
		dir := t.TempDir()
		o := convert.Options{Packets: filepath.Join(dir, "p.parquet"), Features: filepath.Join(dir, "x.parquet"), Flows: filepath.Join(dir, "f.csv"), Application: application}
		r, err := convert.Run(t.Context(), []string{"testbed-services"}, o, nil)
		if err != nil {
			t.Fatal(err)
		}
		packets := make(map[flow.Application]int64)
		for p, err := range table.ReadPackets(o.Packets) {
			if err != nil {
				t.Fatal(err)
			}
			packets[p.Application]++
		}
		features, err := table.ReadFeatures(o.Features)
		if err != nil {
			t.Fatal(err)
		}
		rows := int64(0)
		for _, err := range features.Rows {
			if err != nil {
				t.Fatal(err)
			}
			rows++
		}
		var flows, packetsOfFlows, uplinks int64
		for row, err := range table.ReadFlows(o.Flows) {
			if err != nil {
				t.Fatal(err)
			}
			flows++
			packetsOfFlows += row.Packets
			if row.Device != "" {
				uplinks++
			}
		}
		if r.Packets == 0 || rows != r.Packets || packetsOfFlows != r.Packets || flows != r.Flows || application != "" && len(packets) != 1 {
			t.Errorf("%q: %+v; %d rows of features, %d packets in %d flows, applications %v", application, r, rows, packetsOfFlows, flows, packets)
		}
		if application == "LORAWAN" && (uplinks != flows || !slices.Equal(features.Names, feature.LoRaWAN.Columns())) {
			t.Errorf("%d flows of uplinks among %d, features %q", uplinks, flows, features.Names)
		}
	}
}

// A table of flows or numbers is copied, there and back.
func TestCopy(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	if _, err := convert.Run(t.Context(), []string{"testbed-services"}, convert.Options{Packets: path("p.csv"), Features: path("x.csv"), Flows: path("f.csv"), Application: "NTP"}, nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"x", "f"} {
		for _, step := range [][2]string{{".csv", ".parquet"}, {".parquet", ".arrow"}, {".arrow", "2.csv"}} {
			r, err := convert.Run(t.Context(), []string{path(name + step[0])}, convert.Options{Packets: path(name + step[1])}, nil)
			if err != nil || r.Rows == 0 || r.Packets != 0 {
				t.Fatalf("%s%s: %+v, %v", name, step, r, err)
			}
		}
		want, err1 := os.ReadFile(path(name + ".csv"))
		got, err2 := os.ReadFile(path(name + "2.csv"))
		if err := errors.Join(err1, err2); err != nil || string(got) != string(want) {
			t.Errorf("%s.csv came back otherwise: %v", name, err)
		}
	}
}

// Mistakes and traces of which nothing can be read are told, and leave no file.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	rows := "layers_0,length_0,layers_1,length_1,timestamps,length_total,applications\n" + strings.Repeat("Ether,60,IP,46,yesterday,60,HTTP\n", 5)
	generated := "length_total_lstm,direction,time_diff_lstm,header_length_lstm\n60,0,0,54\n"
	for name, text := range map[string]string{"bad.csv": rows, "generated.csv": generated, "numbers.csv": "length_total,rate\n1,2\n"} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const necstgen = convert.NeCSTGen
	for _, test := range []struct {
		in      string
		o       convert.Options
		want    string
		mistake bool
	}{
		{"testbed", convert.Options{Packets: "x.txt"}, "unknown ending", true},
		{"testbed", convert.Options{Layout: "other"}, `unknown layout "other"`, true},
		{"testbed", convert.Options{Layout: necstgen, Packets: "x.parquet"}, "x.parquet: want a name that ends in .csv", true},
		{"testbed", convert.Options{Layout: necstgen, Flows: "f.csv"}, "f.csv: want an application", true},
		{"testbed", convert.Options{Layout: necstgen, Flows: "f.csv", Application: "LORA_1"}, "no flows of uplinks", true},
		{"testbed", convert.Options{FlowFeatures: "f.csv"}, "want layout necstgen", true},
		{"testbed", convert.Options{Application: "LORA_x"}, "want an FPort from 1 to 255", true},
		{"testbed", convert.Options{Application: "GOPHER"}, `unknown application "GOPHER"`, true},
		{"testbed", convert.Options{Features: "x.csv"}, "want features in the format of the packets, parquet", true},
		{"testbed", convert.Options{Variant: "packet"}, `unknown variant "packet"`, true},
		{"testbed", convert.Options{Application: "HTTP", Variant: feature.LoRaWAN}, "variant lorawan: want lorawan for uplinks", true},
		{"testbed", convert.Options{Variant: feature.LoRaWAN}, "packets is of LORAWAN", false},
		{"testbed", convert.Options{Published: true}, "published constants: want layout necstgen", true},
		{"testbed", convert.Options{Published: true, Layout: necstgen, Application: "DNS"}, `no published constants of "DNS": want one of HTTP, LORA_1, LORA_10, SMTP, SNMP, TCP_GOOGLE_HOME, UDP_GOOGLE_HOME`, true},
		{"generated.csv", convert.Options{Flows: "f.csv"}, "which have no addresses", true},
		{"numbers.csv", convert.Options{Application: "HTTP"}, "is only copied", true},
		{"missing.pcap", convert.Options{}, "no file and no data set missing.pcap", false},
		{"bad.csv", convert.Options{}, "none of its 5 records could be read; the first reasons:\nnecstgencsv: bad.csv:2: column timestamps: ", false},
		{"bad.csv", convert.Options{Layout: necstgen, Packets: "out.csv"}, "none of its 5 records could be read", false},
		{"testbed", convert.Options{Application: "RIP"}, "packets is of RIP", false},
		{"testbed", convert.Options{Application: "LORA_9", Features: "x.parquet"}, "packets is of LORA_9", false},
	} {
		_, err := convert.Run(t.Context(), []string{test.in}, test.o, nil)
		if err == nil || !strings.Contains(err.Error(), test.want) || errors.As(err, new(*convert.OptionsError)) != test.mistake {
			t.Errorf("%s, %+v: %v; want %q", test.in, test.o, err, test.want)
		}
		entries, failed := os.ReadDir(dir)
		if failed != nil || len(entries) != 3 {
			t.Fatalf("%s, %+v: left %v, %v", test.in, test.o, entries, failed)
		}
	}
	r, err := convert.Run(t.Context(), []string{"generated.csv"}, convert.Options{Application: "HTTP"}, nil)
	if err != nil || r.Packets != 1 || r.PacketsFile != "generated.parquet" {
		t.Errorf("%+v, %v", r, err)
	}
	jumps := "time,length\n0,60\n1,60\n920294090227178800,60\n"
	if err := os.WriteFile("jumps.csv", []byte(jumps), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err = convert.Run(t.Context(), []string{"jumps.csv"}, convert.Options{}, nil)
	if err != nil || r.Packets != 3 || len(r.Warnings) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := convert.Run(ctx, []string{"testbed"}, convert.Options{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was cancelled", err)
	}
}
