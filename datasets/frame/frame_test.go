package frame

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/table"
)

// small is a frame of four rows: a number is missing in the last.
func small() *Frame {
	start := time.Date(2026, 1, 2, 3, 4, 5, 600_000, time.UTC).UnixNano()
	return New([]table.Column{
		table.Texts("who", []string{"b", "a", "b", "c"}),
		table.Integers("n", []int64{3, 1, 2, 9007199254740993}),
		table.Numbers("x", []float64{0.5, 1000000, 1.5, math.NaN()}),
		table.Times("at", []int64{start, start + 1e9, start + 2e9, start + 3e9}),
	}, nil)
}

func TestFilter(t *testing.T) {
	for _, test := range []struct {
		column, relation string
		value            any
		want             string // the values of n
	}{
		{"who", "=", "b", "3 2"},
		{"who", "!=", "b", "1 9007199254740993"},
		{"who", ">", "a", "3 2 9007199254740993"},
		{"n", "<=", 2, "1 2"},
		{"n", ">", int64(2), "3 9007199254740993"},
		{"x", ">=", 1.5, "1 2"},
		{"x", "!=", 1.5, "3 1"}, // what is missing has no relation
		{"at", "<", "2026-01-02T03:04:06Z", "3"},
		{"at", ">=", time.Date(2026, 1, 2, 3, 4, 7, 0, time.UTC), "2 9007199254740993"},
		{"who", "=", "nobody", ""},
	} {
		f := small().Filter(test.column, test.relation, test.value)
		texts, err := f.Texts("n")
		if err != nil || strings.Join(texts, " ") != test.want || f.Len() != len(texts) {
			t.Errorf("%s %s %v: %v, %v, want %s", test.column, test.relation, test.value, texts, err, test.want)
		}
	}
}

func TestSort(t *testing.T) {
	for _, test := range []struct {
		name string
		f    *Frame
		want string
	}{
		{"text", small().Sort("who"), "1 3 2 9007199254740993"},
		{"text descending", small().Descending("who"), "9007199254740993 3 2 1"},
		{"numbers", small().Sort("x"), "3 2 1 9007199254740993"},
		{"numbers descending", small().Descending("x"), "1 2 3 9007199254740993"},
		{"times", small().Descending("at"), "9007199254740993 2 1 3"},
		{"head", small().Sort("n").Head(2), "1 2"},
		{"long head", small().Head(9), "3 1 2 9007199254740993"},
		{"no head", small().Head(-1), ""},
	} {
		if texts, err := test.f.Texts("n"); err != nil || strings.Join(texts, " ") != test.want {
			t.Errorf("%s: %v, %v, want %s", test.name, texts, err, test.want)
		}
	}
}

func TestGroup(t *testing.T) {
	g := small().Group("who").Count().Sum("x").Mean("x").Quantile("x", 0).Quantile("n", 0.5)
	want := "who  count  x_sum    x_mean   x_0      n_0.5\n" +
		"b    2      2        1        0.5      2\n" +
		"a    1      1000000  1000000  1000000  1\n" +
		"c    1      0                          9007199254740992\n" // x of the only row is missing
	if g.String() != want {
		t.Errorf("\n%s\nwant\n%s", g, want)
	}
	all := small().Group().Count()
	if all.Len() != 1 || !slices.Equal(all.Columns(), []string{"count"}) {
		t.Errorf("all rows: %s", all)
	}
	if pairs := small().Group("who", "n").Count(); pairs.Len() != 4 {
		t.Errorf("pairs: %s", pairs)
	}
}

// A group's part has its rows, and a column is added or replaced.
func TestPartsAndWith(t *testing.T) {
	f := small().With(table.Integers("n", []int64{1, 2, 3, 4}))
	if got := strings.Join(f.Columns(), " "); got != "who x at n" {
		t.Errorf("columns %s", got)
	}
	for i, want := range []string{"1 3", "2", "4"} {
		texts, err := f.Group("who").Parts()[i].Texts("n")
		if err != nil || strings.Join(texts, " ") != want {
			t.Errorf("part %d: %v, %v, want %s", i, texts, err, want)
		}
	}
}

// The matrix of a frame has its numbers, and the codes of features lie in [0, 1].
func TestFeaturesAndMatrix(t *testing.T) {
	packets := func(yield func(flow.Packet, error) bool) {
		for i := range 40 {
			if !yield(flow.Packet{Time: int64(i) * 1e8, Length: int32(60 + i), Application: flow.HTTP, FlowID: int64(i % 3)}, nil) {
				return
			}
		}
	}
	values, codes := Features(packets, feature.General)
	if values.Err() != nil || codes.Err() != nil || values.Len() != 40 || codes.Len() != 40 {
		t.Fatalf("%d, %v; %d, %v", values.Len(), values.Err(), codes.Len(), codes.Err())
	}
	x, err := codes.Matrix()
	if err != nil {
		t.Fatal(err)
	}
	if low, high := mat.Min(x), mat.Max(x); low < 0 || high > 1 {
		t.Errorf("codes from %v to %v", low, high)
	}
	if rows, columns := x.Dims(); rows != 40 || columns != len(feature.General.Columns()) {
		t.Errorf("%d rows, %d columns", rows, columns)
	}
	for name, f := range map[string]*Frame{"text": small(), "no rows": small().Head(0).Select("n"), "no columns": small().Select()} {
		if _, err := f.Matrix(); err == nil {
			t.Errorf("%s: a matrix", name)
		}
	}
	if x, err := small().Matrix("n", "x"); err != nil || x.At(1, 1) != 1000000 {
		t.Errorf("%v, %v", x, err)
	}
	if _, codes := Features(packets, "no-variant"); codes.Err() == nil {
		t.Error("an unknown variant was computed")
	}
}

// The sums of all groups are the sum of the frame, whatever the rows are grouped by.
func TestGroupsAddUp(t *testing.T) {
	f := small()
	for _, by := range [][]string{{}, {"who"}, {"n"}, {"at", "who"}} {
		counts, err := f.Group(by...).Count().Floats("count")
		if err != nil {
			t.Fatal(err)
		}
		total := 0.0
		for _, n := range counts {
			total += n
		}
		if total != float64(f.Len()) {
			t.Errorf("by %v: %v rows, want %d", by, total, f.Len())
		}
	}
}

// An error stays, whatever follows, and says what would work.
func TestErrors(t *testing.T) {
	gone := errors.New("gone")
	for _, test := range []struct {
		f    *Frame
		want string
	}{
		{small().Filter("length", "=", 1).Sort("n").Head(1), `no column "length": want one of who, n, x, at`},
		{small().Filter("n", "==", 1), `relation "==": want =, !=, <, <=, > or >=`},
		{small().Filter("n", "=", "one"), "column n is compared with one: want a number"},
		{small().Filter("at", "=", "today"), "want a time.Time or a text like"},
		{small().Select("n", "no"), `no column "no"`},
		{small().Sort("no").Group("n").Count().Frame, `no column "no"`},
		{small().Descending("no"), `no column "no"`},
		{small().With(table.Integers("more", []int64{1})), "column more has 1 rows, column who has 4"},
		{small().Select("no").With(table.Integers("n", nil)), `no column "no"`},
		{small().Group("no").Count().Mean("n").Frame, `no column "no"`},
		{small().Group("n").Mean("who").Sum("n").Frame, "column who holds text: want numbers"},
		{small().Group("n").Quantile("n", 2).Count().Frame, "quantile 2 of n: want a number from 0 to 1"},
		{New(nil, gone).Select("n"), "gone"},
		{New([]table.Column{table.Texts("a", nil), table.Integers("b", []int64{1})}, nil), "column b has 1 rows, column a has 0"},
		{Read("no.parquet"), "no such file"},
		{Read("no.txt"), "unknown ending"},
		{Packets(func(yield func(flow.Packet, error) bool) { yield(flow.Packet{}, gone) }), "gone"},
		{Rows([]string{"a"}, func(yield func([]float64, error) bool) { yield(nil, gone) }), "gone"},
	} {
		if test.f.Err() == nil || !strings.Contains(test.f.Err().Error(), test.want) {
			t.Errorf("%v, want %s", test.f.Err(), test.want)
			continue
		}
		if _, err := test.f.Floats("n"); err != test.f.Err() {
			t.Errorf("numbers of %v: %v", test.f.Err(), err)
		}
		if err := test.f.Write(filepath.Join(t.TempDir(), "f.csv")); err != test.f.Err() {
			t.Errorf("written: %v, want %v", err, test.f.Err())
		}
	}
}

// What was written is read again, by pandas too.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"f.parquet", "f.arrow", "f.csv"} {
		path := filepath.Join(dir, name)
		if err := small().Write(path); err != nil {
			t.Fatal(err)
		}
		if again := Read(path); again.Err() != nil || again.String() != small().String() {
			t.Errorf("%s:\n%s%v\nwant\n%s", name, again, again.Err(), small())
		}
	}
	if err := small().Write(filepath.Join(dir, "f.txt")); err == nil || !strings.Contains(err.Error(), "unknown ending") {
		t.Errorf("unknown ending: %v", err)
	}
	if err := small().Select().Write(filepath.Join(dir, "none.csv")); err == nil {
		t.Error("a frame without columns was written")
	}
	python := cmp.Or(os.Getenv("PYTHON"), "python3")
	if exec.Command(python, "-c", "import pandas, pyarrow").Run() != nil {
		t.Skipf("%s has no pandas with pyarrow: PYTHON may name one that has", python)
	}
	out, err := exec.Command(python, "-c", "import pandas, sys; f = pandas.read_parquet(sys.argv[1]); print(f.dtypes.astype(str).tolist(), f.n.sum(), f.x.isna().sum(), f['at'].max(), f.groupby('who').size().to_dict())", filepath.Join(dir, "f.parquet")).CombinedOutput()
	want := fmt.Sprintln("['object', 'int64', 'float64', 'datetime64[ns, UTC]'] 9007199254740999 1 2026-01-02 03:04:08.000600+00:00 {'a': 1, 'b': 2, 'c': 1}")
	if got := strings.Replace(string(out), "'str'", "'object'", 1); err != nil || got != want {
		t.Errorf("pandas says %s, %v, want %s", out, err, want)
	}
}
