package lorawan

import (
	"bytes"
	"encoding/csv"
	"io"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/sharedtest"
)

// published opens a file of NeCSTGen's data folder.
func published(t testing.TB, path string) io.Reader {
	t.Helper()
	return sharedtest.Open(t, "necstgen", "data", path)
}

const publishedLog = "raw/df_raw_LORA_1.csv"

// The published log comes back cell by cell, features included.
func TestPublishedLogWrittenAgain(t *testing.T) {
	want, err := csv.NewReader(published(t, publishedLog)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := WriteLog(&out, Log(published(t, publishedLog), publishedLog), feature.Original()); err != nil {
		t.Fatal(err)
	}
	got, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) || !slices.Equal(got[0], want[0]) {
		t.Fatalf("%d rows of %q, want %d of %q", len(got), got[0], len(want), want[0])
	}
	for i := 1; i < len(want); i++ {
		for c, text := range want[i] {
			if got[i][c] == text {
				continue
			}
			a, errA := strconv.ParseFloat(got[i][c], 64)
			b, errB := strconv.ParseFloat(text, 64)
			tolerance := 5e-7 // of a gap between two float64 of 1.6e9 s
			if want[0][c] == "rate" {
				gap, _ := strconv.ParseFloat(want[i][slices.Index(want[0], "time_diff")], 64)
				tolerance = b * 1e-6 * max(1, 1/gap)
			}
			if errA != nil || errB != nil || math.Abs(a-b) > tolerance {
				t.Fatalf("row %d, column %s: %q, want %q", i-1, want[0][c], got[i][c], text)
			}
		}
	}
}

// The log's own columns against the frames in it, by brocaar/lorawan.
func TestPublishedFrames(t *testing.T) {
	n := 0
	for u, err := range Log(published(t, publishedLog), publishedLog) {
		if err != nil {
			t.Fatal(err)
		}
		again := u
		again.describe()
		if again.MType != u.MType || again.Address != u.Address || again.Counter != u.Counter || again.Port != u.Port {
			t.Fatalf("record %d: the log says type %d, address %s, counter %d, port %d; its frame %d, %s, %d, %d",
				n, u.MType, u.Address, u.Counter, u.Port, again.MType, again.Address, again.Counter, again.Port)
		}
		n++
	}
	if n != 10000 {
		t.Errorf("%d records, want 10000", n)
	}
}

// algorithm.md section 15, check 4 for LoRaWAN's categories: the published codes
// from the raw values, with the classes of 4.1.
func TestPublishedCategories(t *testing.T) {
	schema, err := feature.LoRaWAN.Schema(feature.Original())
	if err != nil {
		t.Fatal(err)
	}
	e, err := feature.Fit(schema, Extract(Log(published(t, publishedLog), publishedLog), feature.Original()))
	if err != nil {
		t.Fatal(err)
	}
	classes := map[string][]float64{"spreading_factor": {10, 11, 12, 7, 8, 9}}
	for name, values := range classes { // SF 10 is not in the sample
		e.Schema().Columns[slices.Index(feature.LoRaWAN.Columns(), name)].Classes = values
	}
	want, err := csv.NewReader(published(t, "process/df_process_LORA_1.csv")).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	i := 1
	for row, err := range Extract(Log(published(t, publishedLog), publishedLog), feature.Original()) {
		if err != nil {
			t.Fatal(err)
		}
		codes := e.Encode(nil, row)
		for c, name := range want[0] {
			column := slices.Index(feature.LoRaWAN.Columns(), name)
			if column < 0 || e.Schema().Columns[column].Kind != feature.Category {
				continue
			}
			v, err := strconv.ParseFloat(want[i][c], 64)
			if err != nil || math.Abs(v-codes[column]) > 1e-12 {
				t.Fatalf("row %d, %s: %v, want %s", i-1, name, codes[column], want[i][c])
			}
		}
		i++
	}
}

// No row of the published log is lost on the way to uplinks without a word: 9,999 are
// uplinks, and one is of another gateway.
func TestPublishedLogRead(t *testing.T) {
	uplinks := 0
	var left []string
	for _, err := range Read(published(t, publishedLog), publishedLog) {
		if err != nil {
			left = append(left, err.Error())
			continue
		}
		uplinks++
	}
	want := []string{"lorawan: packet 6383: row of a downlink to device fe8245c0 that the gateway heard of another: is no uplink"}
	if uplinks != 9999 || !slices.Equal(left, want) {
		t.Errorf("%d uplinks, left out %q, want 9999 and %q", uplinks, left, want)
	}
}
