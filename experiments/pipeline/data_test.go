package pipeline

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/sharedtest"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
)

// dealt writes the records of a capture to n captures of a folder, one to each in turn.
func dealt(t *testing.T, path string, n int) (dir string) {
	t.Helper()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const header, record = 24, 16
	parts := make([][]byte, n)
	for i := range parts {
		parts[i] = append(parts[i], whole[:header]...)
	}
	for i, rest := 0, whole[header:]; len(rest) > 0; i++ {
		size := record + int(binary.LittleEndian.Uint32(rest[8:]))
		parts[i%n] = append(parts[i%n], rest[:size]...)
		rest = rest[size:]
	}
	dir = t.TempDir()
	for i, part := range parts {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("part%d.pcap", i)), part, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A capture whose records stand in several files gives the flows of the whole, by
// their folder, a pattern or a list; each file stands in the manifest.
func TestSeveralFiles(t *testing.T) {
	whole := capture(t, 60)
	want, err := readOf(t, experiment(t, "data.path="+whole))
	if err != nil {
		t.Fatal(err)
	}
	dir := dealt(t, whole, 12)
	for _, path := range []string{dir, dir + "/*.pcap", "[" + dir + "/part0.pcap, " + dir + "]"} {
		got, err := readOf(t, experiment(t, "data.path="+path))
		if err != nil {
			t.Fatal(err)
		}
		if got.facts != want.facts || len(got.training) != len(want.training) || len(got.heldOut) != len(want.heldOut) {
			t.Fatalf("%s: %+v, want %+v", path, got.facts, want.facts)
		}
		for i, f := range got.training {
			if f.Tuple != want.training[i].Tuple || len(f.Packets) != len(want.training[i].Packets) || f.Start() != want.training[i].Start() {
				t.Fatalf("%s: flow %d: %+v, want %+v", path, i, f.Tuple, want.training[i].Tuple)
			}
		}
	}
	e := experiment(t, "data.path="+dir)
	p := prepare(t, t.TempDir(), e)
	if n := len(p.Spec.Inputs); n != 12 || filepath.Base(p.Spec.Inputs[2].Path) != "part2.pcap" || filepath.Base(p.Spec.Inputs[11].Path) != "part11.pcap" {
		t.Errorf("%d inputs: %+v", n, p.Spec.Inputs)
	}
	other := prepare(t, t.TempDir(), experiment(t, "data.path=["+dir+"/part1.pcap, "+dir+"]"))
	if p.Spec.Keys[0] == other.Spec.Keys[0] {
		t.Error("files in another order have the same key")
	}
	if err := os.Remove(filepath.Join(dir, "part7.pcap")); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Run(t.Context(), t.TempDir(), run.Options{}); err == nil || !strings.Contains(err.Error(), "part7.pcap was removed after it was digested") {
		t.Errorf("%v", err)
	}
}

// A period of the data is learnt, and one that holds nothing says what there is.
func TestPeriod(t *testing.T) {
	path := capture(t, 60)
	want, err := readOf(t, experiment(t, "data.path="+path))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := readOf(t, experiment(t, "data.path="+path, "data.from=+0s", "data.to=+1000h"))
	if err != nil || whole.facts != want.facts {
		t.Errorf("%+v, %v, want %+v", whole.facts, err, want.facts)
	}
	span := time.Duration(want.facts.End - want.facts.Start)
	part, err := readOf(t, experiment(t, "data.path="+path, "data.from=+"+(span/4).String(), "data.to=+"+(3*span/4).String()))
	if err != nil || part.facts.Packets >= want.facts.Packets || part.facts.End-part.facts.Start > int64(span/2) || part.facts.Start < want.facts.Start+int64(span/4) {
		t.Errorf("%+v, %v", part.facts, err)
	}
	if _, err := readOf(t, experiment(t, "data.path="+path, "data.from=2001-01-01", "data.to=2001-01-02")); err == nil ||
		!strings.Contains(err.Error(), "no packet from 2001-01-01T00:00:00Z to 2001-01-02T00:00:00Z: its packets span ") {
		t.Errorf("%v", err)
	}
	if _, err := readOf(t, experiment(t, "data.path="+path+"x*")); err == nil || !strings.HasPrefix(err.Error(), "data.path: trace: no file matches ") {
		t.Errorf("%v", err)
	}
}

// An application of NeCSTGen's is its published packets where they were fetched to.
func TestPublishedByName(t *testing.T) {
	t.Setenv("NECSTGEN_DATA", filepath.Dir(sharedtest.Path(t, "necstgen")))
	got, err := readOf(t, experiment(t, "data.name=necstgen/snmp", "data.application=SNMP", "data.flows=none"))
	if err != nil || got.facts.Packets != 10000 {
		t.Errorf("%+v, %v", got, err)
	}
	data, err := findData(experiment(t, "data.name=necstgen/http").Data)
	if err != nil {
		t.Fatal(err)
	}
	if inputs, sum, err := data.digest(t.Context(), Options{Store: store.Open(t.TempDir(), nil)}); err != nil || len(inputs) != 1 || inputs[0].SHA256 != sum || filepath.Base(inputs[0].Path) != "df_raw_HTTP.csv" {
		t.Errorf("%+v, %v", inputs, err)
	}
	if _, err := findData(experiment(t, "data.name=darpa1999/week1/*").Data); err == nil || !strings.Contains(err.Error(), "fetch it with: data fetch darpa1999/week1/monday") {
		t.Errorf("%v", err)
	}
	if _, err := findData(experiment(t, "data.name=other").Data); err == nil || !strings.Contains(err.Error(), `data.name = "other": catalog: unknown data set "other"`) {
		t.Errorf("%v", err)
	}
	if _, err := findData(experiment(t, "data.name=necstgen/smtp").Data); err == nil || !strings.Contains(err.Error(), `data.name = "necstgen/smtp": catalog: necstgen/smtp is not here: fetch it with: data fetch necstgen/smtp --accept-unknown`) {
		t.Errorf("%v", err)
	}
}

// Payloads are copied of the packets that are learnt alone, also where several files
// number theirs alike.
func TestNumbersOfSeveralFiles(t *testing.T) {
	got, err := readOf(t, experiment(t, "data.path="+dealt(t, capture(t, 60), 3)))
	if err != nil {
		t.Fatal(err)
	}
	numbers := make(map[int64]bool)
	for _, f := range append(got.training, got.heldOut...) {
		for _, p := range f.Packets {
			if numbers[p.Number] {
				err = errors.Join(err, fmt.Errorf("flow %d: packet %d twice", f.ID, p.Number))
			}
			numbers[p.Number] = true
		}
	}
	if err != nil {
		t.Error(err)
	}
}
