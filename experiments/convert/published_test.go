package convert_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/catalog"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/datasets/sharedtest"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/convert"
	"github.com/necstgen/necstgen/experiments/output"
)

// publishedFile is one file of the folder that NeCSTGen publishes (algorithm.md 12).
type publishedFile struct {
	path  string // below data
	check func(t *testing.T, got, published string)
}

// application is how the files of an application are written from what is at hand: its
// published packets, packets of a published day, or an embedded capture.
type application struct {
	name    string
	in      string // a published file, or a data set
	period  string // of the embedded capture that is read; "": all
	packets int64
	flows   int    // leading rows of flows that are as published; 0: they are of another capture
	except  string // column of flows that the published packets do not give
	output  output.NeCSTGen
}

// applications are those of the published files. The files of SMTP, TCP_GOOGLE_HOME and
// LORA_10 are not at hand.
var applications = []application{
	{"HTTP", "raw/df_raw_HTTP.csv", "", 10_000, 717, "", output.NeCSTGen{Connected: true}}, // the sample cuts the last flow
	{"SMTP", "df_week1_monday.csv", "", 6038, 0, "", output.NeCSTGen{Connected: true}},
	{"SNMP", "raw/df_raw_SNMP.csv", "", 10_000, 0, "", output.NeCSTGen{NoFlow: true}}, // the sample cuts all flows
	{"TCP_GOOGLE_HOME", "testbed", "+10s", 0, 0, "", output.NeCSTGen{Connected: true}},
	{"UDP_GOOGLE_HOME", "raw/df_raw_UDP_GOOGLE_HOME.csv", "", 10_000, 582, "payload_length_std", output.NeCSTGen{}},
	{"LORA_1", "raw/df_raw_LORA_1.csv", "", 10_000, 0, "", output.NeCSTGen{Uplinks: true}},
	{"LORA_10", "testbed-services", "", 0, 0, "", output.NeCSTGen{Uplinks: true}},
}

// Every file that NeCSTGen publishes is written, read again, and compared with the
// published one where that is at hand.
func TestEveryPublishedFile(t *testing.T) {
	dir := t.TempDir()
	files := writeDays(t, dir)
	for _, a := range applications {
		files = append(files, a.write(t, dir)...)
	}
	written := make(map[string]bool)
	for _, file := range files {
		written["data/"+file.path] = true
		t.Run(file.path, func(t *testing.T) {
			got := filepath.Join(dir, filepath.FromSlash(file.path))
			header, columns := readCSV(t, got)
			if len(columns[header[0]]) == 0 {
				t.Fatal("no row")
			}
			published := ""
			if at := filepath.Join(sharedtest.Path(t, "necstgen", "data"), filepath.FromSlash(file.path)); exists(at) {
				published = at
				want, _ := readCSV(t, published)
				if strings.HasPrefix(file.path, "df_week") { // their columns come in the order of their first values
					slices.Sort(header)
					slices.Sort(want)
				}
				if !slices.Equal(header, want) {
					t.Errorf("columns %q, want %q", header, want)
				}
			}
			file.check(t, got, published)
		})
	}
	info, err := new(catalog.Catalog).Get("necstgen")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range info.Files {
		// An old test run, whose names no script writes.
		if !written[f.Path] && f.Path != "data/output/DF_GEN_PACKET_HTTP_WITHOUT_FLOW_FINAL.csv" {
			t.Errorf("%s is not written", f.Path)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// writeDays writes the files of the ten days with one command from the two that are at
// hand, of which one stands for the other days as well.
func writeDays(t *testing.T, dir string) []publishedFile {
	t.Helper()
	in := t.TempDir()
	var files []publishedFile
	for i, weekday := range []string{"monday", "tuesday", "wednesday", "thursday", "friday"} {
		for _, week := range []int{1, 3} {
			name := fmt.Sprintf("df_week%d_%s.csv", week, weekday)
			from, later := "df_week1_monday.csv", 7*(week-1)+i
			if name == "df_week1_tuesday.csv" {
				from, later = name, 0
			}
			given := filepath.Join(in, name)
			shifted(t, given, from, later)
			files = append(files, publishedFile{name, func(t *testing.T, got, published string) {
				sameCells(t, got, given)
				if published != "" {
					sameCells(t, got, published)
				}
			}})
		}
	}
	o := convert.Options{Packets: dir, Layout: convert.NeCSTGen, Split: convert.Split{Day: true}}
	if r, err := convert.Run(t.Context(), []string{in}, o, nil); err != nil || r.Packets != 100_000 || len(r.Files) != 10 {
		t.Fatalf("%+v, %v", r, err)
	}
	return files
}

// write writes all files of an application.
func (a *application) write(t *testing.T, dir string) []publishedFile {
	t.Helper()
	in := a.in
	if strings.HasSuffix(in, ".csv") {
		in = sharedtest.Path(t, "necstgen", "data", filepath.FromSlash(in))
	}
	raw, process := "raw/df_raw_"+a.name+".csv", "process/df_process_"+a.name+".csv"
	rawFlows, processFlows := "raw/df_raw_flows_"+a.name+".csv", "process/df_process_flows_"+a.name+".csv"
	under := func(path string) string { return filepath.Join(dir, filepath.FromSlash(path)) }
	for _, folder := range []string{"raw", "process"} {
		if err := os.MkdirAll(under(folder), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	o := convert.Options{Layout: convert.NeCSTGen, Application: a.name, Published: true, Packets: under(raw), Features: under(process)}
	if err := o.Period.To.UnmarshalText([]byte(a.period)); err != nil {
		t.Fatal(err)
	}
	files := []publishedFile{{raw, a.checkRaw}, {process, a.checkProcess}}
	if !a.output.Uplinks {
		o.Flows, o.FlowFeatures = under(rawFlows), under(processFlows)
		files = append(files, publishedFile{rawFlows, a.checkFlows}, publishedFile{processFlows, a.checkProcessFlows})
	}
	r, err := convert.Run(t.Context(), []string{in}, o, nil)
	if err != nil {
		t.Fatalf("%s: %v", a.name, err)
	}
	if a.packets > 0 && r.Packets != a.packets || r.Damaged > 0 {
		t.Errorf("%s: %+v, want %d packets", a.name, r, a.packets)
	}
	return append(files, a.writeOutputs(t, dir, under(raw))...)
}

// writeOutputs writes the files of generated traffic, of the flows of a raw file.
func (a *application) writeOutputs(t *testing.T, dir, raw string) []publishedFile {
	t.Helper()
	n := a.output
	n.Application = a.name
	var selection trace.Selection
	if n.Uplinks {
		selection.Applications = flow.Applications{flow.LoRaWAN}
	}
	tr, err := trace.OpenFile(t.Context(), raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	flows, damaged, err := flow.Collect(new(flow.Assembler).Flows(tr.Packets(t.Context(), selection)))
	if err != nil || len(damaged) > 0 && !n.Uplinks || len(flows) == 0 { // a log has downlinks, too
		t.Fatalf("%s: %d flows, %v, %v", raw, len(flows), damaged, err)
	}
	packets := 0
	for _, f := range flows {
		packets += len(f.Packets)
	}
	names, err := n.Write(filepath.Join(dir, "output"), func(yield func(*flow.Flow, error) bool) {
		for _, f := range flows {
			if !yield(f, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	var files []publishedFile
	for _, name := range names {
		if filepath.Ext(name) != ".csv" {
			continue
		}
		files = append(files, publishedFile{"output/" + filepath.Base(name), func(t *testing.T, got, _ string) {
			checkOutput(t, got, len(flows), packets)
		}})
	}
	return files
}

// checkOutput reads a file of generated traffic again.
func checkOutput(t *testing.T, path string, flows, packets int) {
	t.Helper()
	file, err := necstgencsv.OpenOutput(path)
	if err != nil {
		t.Fatal(err)
	}
	if file.IsTable() {
		rows, damaged, err := file.Table()
		sum := int64(0)
		for _, row := range rows {
			sum += row.Packets
		}
		if err != nil || len(damaged) > 0 || len(rows) != flows || sum != int64(packets) {
			t.Errorf("%d flows with %d packets, %d damaged, %v: want %d with %d", len(rows), sum, len(damaged), err, flows, packets)
		}
		return
	}
	all, damaged, err := file.Flows()
	n := 0
	for _, f := range all {
		n += len(f.Packets)
	}
	if err != nil || len(damaged) > 0 || n != packets || file.HasLabels() && len(all) != flows {
		t.Errorf("%d flows with %d packets, %d damaged, %v: want %d with %d", len(all), n, len(damaged), err, flows, packets)
	}
}

// checkRaw compares the packets with the published ones, or with what is read of them
// and written again.
func (a *application) checkRaw(t *testing.T, got, published string) {
	if published != "" {
		comparePackets(t, got, published, []string{"flow_id", "index"}) // numbered again
		return
	}
	again := filepath.Join(t.TempDir(), "again.csv")
	if _, err := convert.Run(t.Context(), []string{got}, convert.Options{Layout: convert.NeCSTGen, Application: a.name, Packets: again}, nil); err != nil {
		t.Fatal(err)
	}
	comparePackets(t, again, got, []string{"flow_id", "index"})
}

// checkProcess compares codes with the published ones, or holds them in their range.
func (a *application) checkProcess(t *testing.T, got, published string) {
	_, columns := readCSV(t, got)
	checkCodes(t, columns)
	if published != "" {
		_, want := readCSV(t, published)
		_, raw := readCSV(t, sharedtest.Path(t, "necstgen", "data", "raw", "df_raw_"+a.name+".csv"))
		sameFeatures(t, got, columns, want, raw["time_diff"])
	}
}

// checkFlows compares the leading flows with the published ones, and reads all.
func (a *application) checkFlows(t *testing.T, got, published string) {
	if published != "" {
		if same := compareFlows(t, got, published, a.except); same < a.flows {
			t.Errorf("%d flows are as published, want %d", same, a.flows)
		}
	}
	_, columns := readCSV(t, got)
	packets := 0
	for _, cell := range columns["flow_id_count"] {
		var n float64
		if _, err := fmt.Sscan(cell, &n); err != nil {
			t.Fatal(err)
		}
		packets += int(n)
	}
	checkOutput(t, got, len(columns["flow_id_count"]), packets)
	if a.packets > 0 && int64(packets) != a.packets {
		t.Errorf("%d packets in all flows, want %d", packets, a.packets)
	}
}

// checkProcessFlows compares the codes of the leading flows with the published ones,
// and holds all in their range.
func (a *application) checkProcessFlows(t *testing.T, got, published string) {
	_, columns := readCSV(t, got)
	checkCodes(t, columns)
	if a.flows == 0 {
		return
	}
	_, want := readCSV(t, published)
	for _, all := range []map[string][]string{columns, want} {
		for name := range all {
			all[name] = all[name][:a.flows]
		}
	}
	_, raw := readCSV(t, sharedtest.Path(t, "necstgen", "data", "raw", "df_raw_flows_"+a.name+".csv"))
	delete(want, a.except)
	delete(want, "timestamps_min") // seconds since 1970 that float64 has rounded: compared as flows
	sameFeatures(t, got, columns, want, raw["time_diff"])
}

// checkCodes holds codes in [0, 1].
func checkCodes(t *testing.T, columns map[string][]string) {
	t.Helper()
	for name, cells := range columns {
		for i, cell := range cells {
			var x float64
			if _, err := fmt.Sscan(cell, &x); err != nil || !(x >= 0 && x <= 1) {
				t.Fatalf("%s, row %d: %q, %v", name, i, cell, err)
			}
		}
	}
}
