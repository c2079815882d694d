package trace_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/datasets/trace"
)

// write writes a file below a folder.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
		t.Fatal(err)
	}
	return path
}

// datagram is a frame of UDP to port 53 whose payload is "data".
const datagram = "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00" +
	"\x45\x00\x00\x20\x00\x00\x00\x00\x40\x11\x00\x00\xc0\x00\x02\x00\xc0\x00\x02\x02" +
	"\x50\x00\x00\x35\x00\x0c\x00\x00data"

// datagrams writes a capture of datagrams to port 53 at these seconds; the last byte of
// the sender's address is from.
func datagrams(t *testing.T, path string, from byte, seconds ...float64) string {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := pcap.NewWriter(f, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	frame := []byte(datagram)
	frame[29] = from
	for _, at := range seconds {
		if err := w.Write(1_000_000_000e9+int64(at*1e9), frame); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// order writes the senders of a trace's packets and their seconds.
func order(t *testing.T, names []string, s trace.Selection) (string, error) {
	t.Helper()
	tr, err := trace.Open(t.Context(), names, nil)
	if err != nil {
		return "", err
	}
	defer tr.Close()
	var b strings.Builder
	numbers := make(map[int64]bool)
	for p, err := range tr.Packets(t.Context(), s) {
		if err != nil {
			return strings.TrimSpace(b.String()), err
		}
		if numbers[p.Number] || !strings.HasSuffix(tr.Origin().File, ".pcap") {
			t.Errorf("packet number %d twice, or not of %q", p.Number, tr.Origin().File)
		}
		numbers[p.Number] = true
		if string(p.Payload) != "data" {
			t.Errorf("payload %q", p.Payload)
		}
		fmt.Fprintf(&b, " %d@%g", p.Tuple.Src.Addr().As4()[3], float64(p.Time-1_000_000_000e9)/1e9)
	}
	return strings.TrimSpace(b.String()), nil
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"trace10.pcap", "trace2.pcap", "trace02.pcap", ".hidden", "b/x.pcap", "c/y.pcap", "notes.txt"} {
		write(t, dir, name, "x")
	}
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		names []string
		want  string // or the error
	}{
		{[]string{"."}, "notes.txt trace02.pcap trace2.pcap trace10.pcap"},
		{[]string{"*.pcap"}, "trace02.pcap trace2.pcap trace10.pcap"},
		{[]string{"trace10.pcap", "*.pcap"}, "trace10.pcap trace02.pcap trace2.pcap"},
		{[]string{"[bc]"}, "b/x.pcap c/y.pcap"},
		{[]string{"c/y.pcap", "./c/y.pcap"}, "c/y.pcap"},
		{[]string{"*/*.pcap"}, "b/x.pcap c/y.pcap"},
		{[]string{"*.cap"}, "trace: no file matches DIR/*.cap: the folder DIR has 8 entries, such as .hidden"},
		{[]string{"d/*.cap"}, "trace: no file matches DIR/d/*.cap: there is no folder DIR/d"},
		{[]string{"empty/*"}, "trace: no file matches DIR/empty/*: the folder DIR/empty is empty"},
		{[]string{"empty"}, "trace: DIR/empty is a folder without files: want a folder of captures, or a pattern for those of its folders: DIR/empty/*"},
		{[]string{"trace2.pcap", "trace3.pcap"}, "trace: open DIR/trace3.pcap: no such file or directory"},
		{[]string{"x[.pcap"}, "trace: DIR/x[.pcap: syntax error in pattern: want a pattern like captures/*.pcap"},
		{nil, ""},
	} {
		names := make([]string, len(test.names))
		for i, name := range test.names {
			names[i] = dir + "/" + name
		}
		files, err := trace.Files(names)
		got := strings.ReplaceAll(strings.Join(files, " "), dir+"/", "")
		if err != nil {
			got = strings.ReplaceAll(err.Error(), dir, "DIR")
		}
		if got != test.want {
			t.Errorf("%q: %s, want %s", test.names, got, test.want)
		}
	}
}

// The packets of several captures come in time order, those of equal times in the
// order of the files, however the captures overlap.
func TestMergedInTimeOrder(t *testing.T) {
	dir := t.TempDir()
	a := datagrams(t, filepath.Join(dir, "a.pcap"), 1, 0, 1, 2, 6)
	b := datagrams(t, filepath.Join(dir, "b.pcap"), 2, 1, 1, 3)
	c := datagrams(t, filepath.Join(dir, "c.pcap"), 3, 8, 9)
	d := datagrams(t, filepath.Join(dir, "d.pcap"), 4, 9, 7, 10) // steps back
	none := datagrams(t, filepath.Join(dir, "none.pcap"), 5)
	for _, test := range []struct {
		names    []string
		from, to string
		limit    int
		want     string
	}{
		{[]string{a}, "", "", 0, "1@0 1@1 1@2 1@6"},
		{[]string{a, b}, "", "", 0, "1@0 1@1 2@1 2@1 1@2 2@3 1@6"},
		{[]string{b, a}, "", "", 0, "1@0 2@1 2@1 1@1 1@2 2@3 1@6"},
		{[]string{c, b, a}, "", "", 0, "1@0 2@1 2@1 1@1 1@2 2@3 1@6 3@8 3@9"},
		{[]string{c, none, a, none}, "", "", 0, "1@0 1@1 1@2 1@6 3@8 3@9"},
		{[]string{d, c}, "", "", 0, "3@8 4@9 4@7 3@9 4@10"},
		{[]string{dir}, "", "", 0, "1@0 1@1 2@1 2@1 1@2 2@3 1@6 3@8 3@9 4@9 4@7 4@10"},
		{[]string{a, b}, "", "", 3, "1@0 1@1 2@1"},
		{[]string{a, b}, "+1s", "+2s", 0, "1@1 2@1 2@1"},
		{[]string{a, b}, "+1s", "", 2, "1@1 2@1"},
		{[]string{d}, "2001-09-09T01:46:48Z", "", 0, "4@9 4@10"},
		{[]string{a}, "", "2001-09-09T01:46:41Z", 0, "1@0"},
	} {
		var s trace.Selection
		if err := errors.Join(s.Period.From.UnmarshalText([]byte(test.from)), s.Period.To.UnmarshalText([]byte(test.to))); err != nil {
			t.Fatal(err)
		}
		s.Limit = test.limit
		if got, err := order(t, test.names, s); err != nil || got != test.want {
			t.Errorf("%v from %s to %s, limit %d: %s, %v, want %s", test.names, test.from, test.to, test.limit, got, err, test.want)
		}
	}
	s := trace.Selection{}
	if err := s.Period.From.UnmarshalText([]byte("+7s")); err != nil {
		t.Fatal(err)
	}
	_, err := order(t, []string{a, b}, s)
	if want := "b.pcap (2 files): no packet from +7s to the end: its packets span 2001-09-09T01:46:40Z to 2001-09-09T01:46:46Z"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

// One file that cannot be read is an error that names it, and comes before the packets
// of others; a damaged record is an error with its file and number there.
func TestMergedErrors(t *testing.T) {
	dir := t.TempDir()
	good := datagrams(t, filepath.Join(dir, "good.pcap"), 1, 0, 1, 2)
	text := write(t, dir, "text.pcap", "hello\n")
	rows := write(t, dir, "rows.csv", "layers_0,length_0,layers_1,length_1,timestamps,length_total,filename,flow_id\nEther,60,IP,46,1000000001.5,60,x,7\nEther,60,IP,46,soon,60,x,7\n")
	cut := datagrams(t, filepath.Join(dir, "cut.pcap"), 2, 0, 1)
	if err := os.Truncate(cut, 100); err != nil {
		t.Fatal(err)
	}
	if _, err := trace.Open(t.Context(), []string{good, filepath.Join(dir, "none.pcap")}, nil); err == nil || !strings.Contains(err.Error(), "none.pcap") {
		t.Errorf("%v", err)
	}
	if got, err := order(t, []string{good, text}, trace.Selection{}); got != "" || err == nil || !strings.Contains(err.Error(), "text.pcap: not a capture") {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := order(t, []string{good, cut}, trace.Selection{}); got != "1@0 2@0" || err == nil || !strings.Contains(err.Error(), "cut.pcap: packet 1: the file is cut inside") {
		t.Errorf("%q, %v", got, err)
	}
	tr, err := trace.Open(t.Context(), []string{rows, good}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	var seen []string
	for p, err := range tr.Packets(t.Context(), trace.Selection{}) {
		if err != nil && (!flow.IsRecordError(err) || !strings.Contains(err.Error(), "rows.csv:3: column timestamps")) {
			t.Error(err)
		}
		if err == nil {
			seen = append(seen, fmt.Sprint(filepath.Base(tr.Origin().File), tr.Origin().Number, " flow ", p.FlowID>>40, "/", p.FlowID&(1<<40-1)))
		}
	}
	if want := []string{"good.pcap0 flow 1/0", "good.pcap1 flow 1/0", "rows.csv0 flow 0/7", "good.pcap2 flow 1/0"}; !slices.Equal(seen, want) {
		t.Errorf("%q, want %q", seen, want)
	}
	if info := tr.Info(); info.Format != "NeCSTGen's packets (CSV) and pcap" || len(info.LinkTypes()) != 1 {
		t.Errorf("%+v", info)
	}
	if n, err := tr.Read(make([]byte, 10)); n != 0 || err == nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	if _, err := trace.OpenFiles(t.Context(), nil, nil); err == nil {
		t.Error("a trace of no file")
	}
}

// Several logs of gateways are one, in time order; a period is that of all.
func TestMergedUplinks(t *testing.T) {
	dir := t.TempDir()
	const head = "time,physical_payload,gateway,crc_status,mtype,device_address\n"
	row := func(minute string) string {
		return "2020-04-25 01:" + minute + ":00+00:00,QAEAAAAAAAABAQIDBA==,0000024b0b031c97,1,10,00000001\n"
	}
	write(t, dir, "1.csv", head+row("00")+row("20"))
	write(t, dir, "2.csv", head+row("10")+row("30")+"2020-04-25 soon,QAEA,0000024b0b031c97,1,10,1\n")
	for _, test := range []struct{ from, want string }{{"", "0 10 20 30"}, {"+15m", "20 30"}} {
		tr, err := trace.Open(t.Context(), []string{dir}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Close()
		var period flow.Period
		if err := period.From.UnmarshalText([]byte(test.from)); err != nil {
			t.Fatal(err)
		}
		var minutes []string
		damaged := 0
		for u, err := range tr.Uplinks(t.Context(), period) {
			if err != nil {
				if damaged++; !flow.IsRecordError(err) || !strings.Contains(err.Error(), "2.csv:4") {
					t.Error(err)
				}
				continue
			}
			minutes = append(minutes, fmt.Sprint(time.Unix(0, u.Time).UTC().Minute()))
		}
		if got := strings.Join(minutes, " "); got != test.want || damaged != 1 {
			t.Errorf("from %q: minutes %s and %d damaged rows, want %s and 1", test.from, got, damaged, test.want)
		}
	}
}

// A pattern may match data sets, whose files lie where they were fetched to.
func TestPatternOfDataSets(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("NECSTGEN_DATA", dir)
	if _, err := trace.Open(t.Context(), []string{"darpa1999/week1/*"}, nil); err == nil || !strings.Contains(err.Error(), "data fetch darpa1999/week1/monday --accept-unknown") {
		t.Errorf("%v", err)
	}
	for i, day := range []string{"monday", "tuesday", "wednesday", "thursday", "friday"} {
		folder := filepath.Join(dir, "darpa1999", "week3", day)
		if err := os.MkdirAll(folder, 0o777); err != nil {
			t.Fatal(err)
		}
		datagrams(t, filepath.Join(folder, "outside.tcpdump.gz"), byte(i), float64(i))
	}
	tr, err := trace.Open(t.Context(), []string{"darpa1999/week3/*"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if got, err := collect(tr.Packets(t.Context(), trace.Selection{})); err != nil || len(got) != 5 {
		t.Errorf("%d packets, %v", len(got), err)
	}
}

// A capture, a table of its second half, and the end of the context.
func TestMergedKinds(t *testing.T) {
	path := capture(t)
	want, err := collect(open(t, path).Packets(t.Context(), trace.Selection{Limit: 2000}))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, part := range map[string][]flow.Packet{"1.csv": want[:1000], "2.parquet": want[1000:]} {
		out, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		format, err := table.FormatOf(name)
		if err != nil {
			t.Fatal(err)
		}
		err = table.WritePackets(out, format, func(yield func(flow.Packet, error) bool) {
			for _, p := range part {
				if !yield(p, nil) {
					return
				}
			}
		})
		if err := errors.Join(err, out.Close()); err != nil {
			t.Fatal(err)
		}
	}
	tr, err := trace.Open(t.Context(), []string{dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	got, err := collect(tr.Packets(t.Context(), trace.Selection{}))
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d packets, want %d, %v", len(got), len(want), err)
	}
	for i := range want {
		if got[i].Time != want[i].Time || got[i].Tuple != want[i].Tuple || got[i].Number != int64(i) {
			t.Fatalf("packet %d: %+v, want %+v", i, got[i], want[i])
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := collect(tr.Packets(ctx, trace.Selection{})); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	period := flow.Period{}
	if err := period.From.UnmarshalText([]byte("+" + (time.Hour * 1e4).String())); err != nil {
		t.Fatal(err)
	}
	if _, err := collect(tr.Packets(t.Context(), trace.Selection{Period: period})); err == nil || !strings.Contains(err.Error(), "no packet from +10000h0m0s to the end") {
		t.Errorf("%v", err)
	}
}
