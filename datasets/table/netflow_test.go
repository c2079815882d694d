package table

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

func TestReadNetFlow(t *testing.T) {
	const header = "srcip,dstip,srcport,dstport,proto,ts,td,pkt,byt,type\n"
	for _, c := range []struct {
		name, text string
		want       []flow.TableRow
		err        string // "" for none
	}{
		{"addresses as text", header + "192.0.2.1,198.51.100.1,20000,53,UDP,1458810015123456,0.5,3,240,background\n",
			[]flow.TableRow{{Packets: 3, Length: 240, Start: 1458810015123456000}}, ""},
		{"numbers with decimals", header + "3221225985,3325256705,20000,53,UDP,1458810015000000.5,0,0.2,60.4,background\n3221225985,3325256705,20000,53,UDP,1458810016000000,0,2.6,61,dos\n",
			[]flow.TableRow{{Packets: 1, Length: 60, Start: 1458810015000000500}, {ID: 1, Packets: 3, Length: 61, Start: 1458810016000000000}}, ""},
		{"a missing column", "srcip,ts,pkt\n1,2,3\n", nil, "column byt is missing"},
		{"no value", header + "1,2,3,4,UDP,5,0,,60,dos\n", nil, "row 1: column pkt: NaN is out of range: want 0 to 1e+12"},
		{"a negative start", header + "1,2,3,4,UDP,-5,0,1,60,dos\n", nil, "row 1: column ts: -5 is out of range: want 0 to "},
		{"too many bytes", header + "1,2,3,4,UDP,5,0,1,1e300,dos\n", nil, "row 1: column byt: 1e+300 is out of range"},
		{"a word", header + "1,2,3,4,UDP,5,0,many,60,dos\n", nil, `line 2, column pkt: strconv.ParseFloat: parsing "many"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "flows.csv")
			if err := os.WriteFile(path, []byte(c.text), 0o666); err != nil {
				t.Fatal(err)
			}
			var got []flow.TableRow
			var failed error
			for row, err := range ReadNetFlow(path) {
				if failed = err; err == nil {
					got = append(got, row)
				}
			}
			if c.err != "" {
				if failed == nil || !strings.Contains(failed.Error(), c.err) || !strings.Contains(failed.Error(), path) {
					t.Errorf("error %v, want %s: ... %s", failed, path, c.err)
				}
				return
			}
			if failed != nil || len(got) != len(c.want) {
				t.Fatalf("%d rows, error %v; want %d rows", len(got), failed, len(c.want))
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Errorf("row %d: %+v, want %+v", i, got[i], c.want[i])
				}
			}
		})
	}
}
