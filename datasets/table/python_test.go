package table

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// python is an interpreter that has pyarrow and pandas: that of PYTHON, else python3.
func python(t *testing.T) string {
	t.Helper()
	name := os.Getenv("PYTHON")
	if name == "" {
		name = "python3"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	if out, err := exec.Command(path, "-c", "import pyarrow, pandas").CombinedOutput(); err != nil {
		t.Skipf("%s has no pyarrow and pandas (set PYTHON to one that has): %s", path, out)
	}
	return path
}

// compare reads the three files by pyarrow and pandas and compares them with each
// other, column by column, and the sums of some with what Go wrote.
const compare = `
import sys
import numpy, pandas, pyarrow.parquet, pyarrow.feather
parquet, arrow, csv = sys.argv[1:4]
table = pyarrow.parquet.read_table(parquet)
table.validate(full=True)
a = pandas.read_parquet(parquet)
b = pandas.read_feather(arrow)
c = pandas.read_csv(csv, parse_dates=["time"], keep_default_na=False)
assert list(a.columns) == list(b.columns) == list(c.columns), (a.columns, b.columns, c.columns)
for name in a.columns:
    for other in (b, c):
        x, y = a[name], other[name]
        if name == "time":
            x, y = x.astype("int64"), y.dt.as_unit("ns").astype("int64")
        if name in ("rssi", "snr"):
            assert numpy.array_equal(x, pandas.to_numeric(y), equal_nan=True), name
            continue
        assert (x.astype(str) == y.astype(str)).all(), name
print(len(a), a["length"].sum(), a["seq"].astype("uint64").sum(), a["time"].astype("int64").iloc[-1], a["layers_0"].iloc[2], (a["ip_src"] != "").sum())
print(pyarrow.parquet.ParquetFile(parquet).metadata.row_group(0).column(1).statistics.min.value)
`

func TestPython(t *testing.T) {
	interpreter := python(t)
	packets := append(capture(batchRows+1000), randomPackets(3000, 5)[2:]...)
	paths := make(map[Format]string)
	for _, format := range formats {
		paths[format] = writeFile(t, format, func(w io.Writer) error { return WritePackets(w, format, stream(packets)) })
	}
	script := filepath.Join(t.TempDir(), "compare.py")
	if err := os.WriteFile(script, []byte(compare), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(interpreter, script, paths[Parquet], paths[Arrow], paths[CSV]).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if want := summary(packets); string(out) != want {
		t.Errorf("python says %q, want %q", out, want)
	}
}

func summary(packets []flow.Packet) string {
	var length int64
	var seq uint64
	hosts := 0
	first := packets[0].Time
	for _, p := range packets {
		length += int64(p.Length)
		seq += uint64(p.Seq)
		first = min(first, p.Time)
		if p.Tuple.Src.Addr().IsValid() {
			hosts++
		}
	}
	return fmt.Sprintln(len(packets), length, seq, packets[len(packets)-1].Time, packets[2].Layers[0].Name, hosts) + fmt.Sprintln(first)
}
