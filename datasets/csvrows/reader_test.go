package csvrows

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReader(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"rows", "a,b\n1,2\n3,4\n", "1-2 3-4"},
		{"byte order mark", "\ufeffa,b\n1,2\n", "1-2"},
		{"other order, more columns", "c,b,a\n9,2,1\n", "1-2"},
		{"quoted", "a,b\n\"x,y\",\"z\"\n", "x,y-z"},
		{"no rows", "a,b\n", ""},
		{"a column that is missing", "a,c\n1,2\n", "p: f: column b is missing; there are a, c"},
		{"empty", "", "p: f: no header line"},
		{"short row", "a,b\n1\n3,4\n", "[p: f:2: wrong number of fields 0] 3-4"},
		{"a bare quote", "a,b\n1,2\n3,\"4\"x\n5,6\n", "1-2 [p: f:3: extraneous or missing \" in quoted-field 1] 5-6"},
	} {
		got := ""
		s, err := Open(strings.NewReader(test.in), "p", "f", "a", "b")
		if err != nil {
			got = err.Error()
		} else {
			got = strings.Join(all(s), " ")
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func all(s *Reader) (cells []string) {
	for {
		err := s.Next()
		var row *RowError
		switch {
		case err == io.EOF:
			return cells
		case errors.As(err, &row):
			cells = append(cells, fmt.Sprintf("[%v %d]", err, row.RecordNumber()))
		case err != nil:
			return append(cells, err.Error())
		default:
			cells = append(cells, s.Text("a")+"-"+s.Text("b")+s.Text("none"))
		}
	}
}

// A reader that fails ends the rows; a row that its user cannot read names itself.
func TestErrors(t *testing.T) {
	s, err := Open(io.MultiReader(strings.NewReader("a,b\n1,2\n"), iotest.ErrReader(errors.New("disk"))), "p", "f")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(all(s), " "); got != "1-2 p: f: disk" {
		t.Errorf("%q", got)
	}
	s, err = Open(strings.NewReader("a\n1\n"), "p", "f")
	if err != nil || s.Next() != nil {
		t.Fatal(err)
	}
	if got := s.Wrong(errors.New("odd")).Error(); got != "p: f:2: odd" || !s.Has("a") || s.Has("b") || s.Number() != 0 {
		t.Errorf("%q, row %d", got, s.Number())
	}
}
