package table

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// someRecords are n flows of two packets, every third of LoRaWAN uplinks.
func someRecords(n int) []flow.Record {
	generated := &flow.Origin{Name: flow.Generated, Generator: "markov", Seed: 7}
	records := make([]flow.Record, n)
	for i := range records {
		r := &records[i]
		*r = flow.Record{ID: int64(i), Application: flow.HTTP, Origin: generated, Start: int64(i) * 1e9, End: int64(i)*1e9 + 5,
			Packets: [2]int64{1, 1}, Bytes: [2]int64{60, 1514}, Payload: [2]int64{0, 1460}, First: int64(2 * i), Last: int64(2*i + 1),
			Tuple: flow.FiveTuple{Proto: flow.TCP, Src: netip.MustParseAddrPort("192.0.2.1:40000"), Dst: netip.MustParseAddrPort("192.0.2.2:80")}}
		switch i % 3 {
		case 1:
			r.Application, r.Tuple, r.Gateway, r.Address = flow.LoRaWAN, flow.FiveTuple{}, 0xaa, 0x26011bda
		case 2:
			r.Origin = nil
		}
	}
	return records
}

// A table of flows has a row for each, in every format the same.
func TestRecordWriter(t *testing.T) {
	records := someRecords(batchRows + 10)
	for _, format := range formats {
		path := writeFile(t, format, func(w io.Writer) error {
			out, err := NewRecordWriter(w, format)
			if err != nil {
				return err
			}
			for i := range records {
				if err := out.Write(&records[i]); err != nil {
					return err
				}
			}
			err = out.Close()
			if out.Write(&records[0]) == nil || out.Close() == nil {
				t.Error("a closed writer takes flows")
			}
			return err
		})
		columns, err := ReadColumns(path)
		if err != nil || len(columns) != len(recordColumns) || columns[0].Len() != len(records) {
			t.Fatalf("%s: %d columns, error %v", format, len(columns), err)
		}
		row := func(i int) string {
			var cells []string
			for _, c := range columns {
				cells = append(cells, c.Text(i))
			}
			return strings.Join(cells, " ")
		}
		for i, want := range []string{
			"0 HTTP 192.0.2.1 192.0.2.2 40000 80 TCP 1970-01-01T00:00:00.000000000Z 1970-01-01T00:00:00.000000005Z 1 1 60 1514 0 1460 0 1 1:G+HkHCrmxWLQgwEnSytJ6z6uCFc= generated markov 7",
			"1 LORAWAN 26011bda 00000000000000aa 0 0  1970-01-01T00:00:01.000000000Z 1970-01-01T00:00:01.000000005Z 1 1 60 1514 0 1460 2 3  generated markov 7",
			"2 HTTP 192.0.2.1 192.0.2.2 40000 80 TCP 1970-01-01T00:00:02.000000000Z 1970-01-01T00:00:02.000000005Z 1 1 60 1514 0 1460 4 5 1:G+HkHCrmxWLQgwEnSytJ6z6uCFc=   0",
		} {
			if got := row(i); got != want {
				t.Errorf("%s: row %d:\n%s\nwant\n%s", format, i, got, want)
			}
		}
		if last := fmt.Sprint(batchRows + 9); !strings.HasPrefix(row(batchRows+9), last+" ") {
			t.Errorf("%s: the last row is %s", format, row(batchRows+9))
		}
	}
}

// A full disk is an error of Write or of Close.
func TestRecordWriterFails(t *testing.T) {
	records := someRecords(2*batchRows + 10)
	for _, format := range formats {
		room := brokenWriter(100)
		out, err := NewRecordWriter(&room, format)
		if err == nil {
			for i := range records {
				err = errors.Join(err, out.Write(&records[i]))
			}
			err = errors.Join(err, out.Close())
		}
		if err == nil || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("%s: error %v, want that of the disk", format, err)
		}
	}
}
