package table

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// A table of packets is the same columns in memory as in a file of any format.
func TestPacketColumns(t *testing.T) {
	packets := randomPackets(300, 1)
	columns, err := PacketColumns(stream(packets))
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range formats {
		path := writeFile(t, format, func(w io.Writer) error { return WriteColumns(w, format, columns) })
		i := 0
		for p, err := range ReadPackets(path) {
			if err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			if want := packets[i]; p.Time != want.Time || p.Tuple != want.Tuple || p.Application != want.Application || p.Flags != want.Flags {
				t.Errorf("%s: packet %d: %+v, want %+v", format, i, p, want)
			}
			i++
		}
		if i != len(packets) {
			t.Errorf("%s: %d packets, want %d", format, i, len(packets))
		}
		again, err := ReadColumns(path)
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		for k, c := range again {
			if c.Name() != columns[k].Name() || c.Len() != len(packets) || texts(c) != texts(columns[k]) {
				t.Errorf("%s: column %s is %s, want %s of %s", format, c.Name(), texts(c), columns[k].Name(), texts(columns[k]))
			}
		}
	}
}

// texts are the values of a column as text.
func texts(c Column) string {
	var all []string
	for i := range c.Len() {
		all = append(all, c.Text(i))
	}
	return strings.Join(all, " ")
}

// Batches join: a column is as long as the stream.
func TestManyPacketColumns(t *testing.T) {
	n := batchRows + 10
	columns, err := PacketColumns(func(yield func(flow.Packet, error) bool) {
		for i := range n {
			if !yield(flow.Packet{Number: int64(i), Application: flow.Application(i % 3), Length: 60}, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	number, err := columns[0].Floats()
	if err != nil || len(number) != n || number[n-1] != float64(n-1) || !slices.IsSorted(number) {
		t.Errorf("%d numbers, %v", len(number), err)
	}
	for _, c := range columns {
		if c.Len() != n {
			t.Errorf("column %s has %d rows, want %d", c.Name(), c.Len(), n)
		}
	}
}

func TestReadColumnsOfCSV(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.csv")
	for _, test := range []struct{ name, cells, want string }{
		{"whole numbers", "1,-2", "int64: 1 -2"},
		{"numbers", "1,2.5", "float64: 1 2.5"},
		{"one is missing", "1,", "float64: 1 "},
		{"all are missing", ",", "text:  "},
		{"times", "2026-01-02T03:04:05Z,2026-01-02T03:04:05.5Z", "time: 2026-01-02T03:04:05.000000000Z 2026-01-02T03:04:05.500000000Z"},
		{"text", "1,one", "text: 1 one"},
		{"hexadecimal text", "0x10,0x18", "text: 0x10 0x18"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte("n,x\n0,"+strings.Replace(test.cells, ",", "\n1,", 1)+"\n"), 0o666); err != nil {
				t.Fatal(err)
			}
			columns, err := ReadColumns(path)
			if err != nil {
				t.Fatal(err)
			}
			c := columns[1]
			kind := map[bool]string{true: "text", false: "float64"}[c.IsText()]
			switch {
			case c.IsTime():
				kind = "time"
			case c.kind() == kindInt64:
				kind = "int64"
			}
			if got := kind + ": " + texts(c); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
			if _, err := c.Floats(); (err != nil) != c.IsText() {
				t.Errorf("numbers of it: %v", err)
			}
		})
	}
}

func TestColumnErrors(t *testing.T) {
	err := WriteColumns(io.Discard, CSV, []Column{Numbers("a", []float64{1}), Texts("b", nil)})
	if err == nil || !strings.Contains(err.Error(), "column b has 0 rows, column a has 1") {
		t.Errorf("unequal columns: %v", err)
	}
	path := filepath.Join(t.TempDir(), "t.csv")
	for content, want := range map[string]string{"": "no header line", "a,b\n": "has no rows", "a,b\n1\n": "wrong number of fields"} {
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadColumns(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", content, err, want)
		}
	}
}
