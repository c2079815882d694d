package necstgencsv

import (
	"bytes"
	"io"
	"iter"
	"math"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/sharedtest"
)

// published opens a file of NeCSTGen's data folder.
func published(t testing.TB, path string) io.Reader {
	t.Helper()
	return sharedtest.Open(t, "necstgen", "data", path)
}

func publishedRows(t testing.TB, application string) []packetRow {
	t.Helper()
	path := "raw/df_raw_" + application + ".csv"
	var rows []packetRow
	for row, err := range packetRows(published(t, path), path) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, *row)
	}
	if len(rows) != 10000 {
		t.Fatalf("%s: %d rows, want 10000", path, len(rows))
	}
	return rows
}

// packetsOf yields the packets of rows.
func packetsOf(rows []packetRow) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		for i := range rows {
			if !yield(rows[i].Packet, nil) {
				return
			}
		}
	}
}

func publishedNumbers(t testing.TB, path string) (map[string][]float64, int) {
	t.Helper()
	columns, rows, err := readNumbers(published(t, path), path)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string][]float64)
	n := 0
	for row, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range row {
			out[columns[i]] = append(out[columns[i]], v)
		}
		n++
	}
	return out, n
}

// readNumbers reads a file of numbers. An empty cell is not a number. A row that cannot be read is a
// *RowError in the stream; the slice of a row is valid until the next. The rows
// can be read once.
func readNumbers(r io.Reader, name string) (columns []string, rows iter.Seq2[[]float64, error], err error) {
	s, err := openRows(r, name)
	if err != nil {
		return nil, nil, err
	}
	return s.Header, func(yield func([]float64, error) bool) {
		row := make([]float64, len(s.Header))
		for {
			err := s.Next()
			if err == io.EOF {
				return
			}
			if err == nil {
				err = s.numbers(row)
			}
			if err != nil {
				if !yield(nil, err) || !isRow(err) {
					return
				}
				continue
			}
			if !yield(row, nil) {
				return
			}
		}
	}, nil
}

func (s *rows) numbers(row []float64) error {
	for i, column := range s.Header {
		v, err := s.float(column)
		if err != nil {
			return s.Wrong(err)
		}
		row[i] = v
	}
	return nil
}

// within reports whether two numbers agree to a relative tolerance.
func within(a, b, tolerance float64) bool {
	return a == b || math.Abs(a-b) <= tolerance*max(math.Abs(a), math.Abs(b))
}

// algorithm.md section 15, check 3: rate and the rolling columns again from the
// time stamps. The rate uses the published gap, whose last digits the printed
// time stamps have lost.
func TestPublishedDynamics(t *testing.T) {
	for _, application := range []string{"HTTP", "SNMP", "UDP_GOOGLE_HOME"} {
		rows := publishedRows(t, application)
		var clock feature.Clock
		for i, row := range rows {
			first := i == 0 || row.Packet.Capture != rows[i-1].Packet.Capture
			if first {
				clock = feature.Clock{}
			}
			got, want := clock.Next(row.Packet.Time, float64(row.Packet.Length)), row.Dynamics
			if math.Abs(got.TimeDiff-want.TimeDiff) > 5e-7 { // two float64 of 1.5e9 s
				t.Fatalf("%s, row %d: gap %v, want %v", application, i, got.TimeDiff, want.TimeDiff)
			}
			if !first && want.TimeDiff > 0 {
				got.Rate = float64(rows[i-1].Packet.Length) / want.TimeDiff
			}
			got.TimeDiff = want.TimeDiff
			if !within(got.Rate, want.Rate, 1e-6) {
				t.Fatalf("%s, row %d: rate %v, want %v", application, i, got.Rate, want.Rate)
			}
			if got.Rate = want.Rate; got != want {
				t.Fatalf("%s, row %d: got %+v, want %+v", application, i, got, want)
			}
		}
	}
}

// Check 5: header and payload by the rule of the last layer, exactly.
func TestPublishedHeaderRule(t *testing.T) {
	for _, test := range []struct {
		application string
		variant     feature.Variant
	}{{"HTTP", feature.General}, {"SNMP", feature.General}, {"UDP_GOOGLE_HOME", feature.UDPGoogleHome}} {
		for i, row := range publishedRows(t, test.application) {
			header, payload := feature.LayerLengths(&row.Packet, test.variant)
			if float64(header) != row.HeaderLength || float64(payload) != row.PayloadLength {
				t.Fatalf("%s, row %d: %d + %d, want %v + %v", test.application, i, header, payload, row.HeaderLength, row.PayloadLength)
			}
			if count := min(row.Packet.Layers.Count(), 5); float64(count) != row.PayloadLayers {
				t.Fatalf("%s, row %d: %d layers, want %v", test.application, i, count, row.PayloadLayers)
			}
			if c := float64(feature.FrameCount(row.Packet.Length)); !math.IsNaN(row.CountPackets) && c != row.CountPackets {
				t.Fatalf("%s, row %d: %v frames, want %v", test.application, i, c, row.CountPackets)
			}
		}
	}
}

// Check 1 is the rule counts of each published day (algorithm.md 1.3).
func TestPublishedDays(t *testing.T) {
	want := map[flow.Application]int{flow.SMTP: 6038, flow.HTTP: 1931, flow.LLC: 776, flow.DNS: 578, flow.Finger: 228, flow.ARPApplication: 156,
		flow.LOOP: 104, flow.NTP: 74, flow.ICMPApplication: 40, flow.RIP: 38, flow.IRC: 19, flow.SNAP: 18}
	for _, day := range []string{"monday", "tuesday"} {
		path := "df_week1_" + day + ".csv"
		got := make(map[flow.Application]int)
		n := int64(0)
		for p, err := range Packets(published(t, path), path) {
			if err != nil {
				t.Fatal(err)
			}
			got[p.Application]++
			if p.Number != n {
				t.Fatalf("%s: packet %d has number %d", path, n, p.Number)
			}
			n++
		}
		if got[flow.Unknown] != 0 || n != 10000 {
			t.Errorf("%s: %d of %d packets match no rule", path, got[flow.Unknown], n)
		}
		if day != "monday" {
			continue
		}
		for app, count := range want {
			if got[app] != count {
				t.Errorf("%s: %d packets of %s, want %d", path, got[app], app, count)
			}
		}
	}
}

// Flows without ports are those of the original (algorithm.md 2): each is all packets of one
// pair of link-layer addresses, second layer and application, ARP's and ICMP's under ByMAC.
func TestPublishedFlowsByMAC(t *testing.T) {
	for _, path := range []string{"df_week1_monday.csv", "df_week1_tuesday.csv"} {
		type stations struct {
			a, b  flow.MAC
			layer flow.LayerName
			app   flow.Application
		}
		want := make(map[stations]int)
		count := func(p *flow.Packet) (key stations, portless bool) {
			key = stations{p.SrcMAC, p.DstMAC, p.Layers[1].Name, p.Application}
			if bytes.Compare(key.a[:], key.b[:]) > 0 {
				key.a, key.b = key.b, key.a
			}
			return key, p.Tuple.Proto == 0 || p.Application == flow.ICMPApplication
		}
		for p := range Packets(published(t, path), path) {
			if key, portless := count(&p); portless {
				want[key]++
			}
		}
		assembler := flow.Assembler{ByMAC: true, IdleTimeout: time.Second}
		n := 0
		for f, err := range assembler.Flows(Packets(published(t, path), path)) {
			if err != nil {
				t.Fatal(err)
			}
			key, portless := count(&f.Packets[0])
			if !portless {
				continue
			}
			if n++; len(f.Packets) != want[key] {
				t.Errorf("%s: flow of %d packets of %v, want all %d", path, len(f.Packets), key, want[key])
			}
		}
		t.Logf("%s: %d flows", path, n)
		if n != len(want) || n == 0 {
			t.Errorf("%s: %d flows without ports, want %d", path, n, len(want))
		}
	}
}

// publishedFlows groups packets by flow and computes the flow table with the
// authors' own header and payload lengths.
func publishedFlows(t *testing.T, rows []packetRow) [][]float64 {
	t.Helper()
	var packets []flow.Packet
	for _, row := range rows {
		p := row.Packet
		p.HeaderLength, p.PayloadLength = int32(row.HeaderLength), int32(row.PayloadLength)
		// The published number alone says which flow a packet is of.
		end := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(p.FlowID >> 16), byte(p.FlowID >> 8), byte(p.FlowID)}), 9)
		p.Tuple = flow.FiveTuple{Proto: flow.UDP, Src: end, Dst: end}
		packets = append(packets, p)
	}
	var out bytes.Buffer
	forever := flow.Assembler{IdleTimeout: math.MaxInt64}
	if err := WriteFlows(&out, forever.Table(stream(packets))); err != nil {
		t.Fatal(err)
	}
	_, table, err := readNumbers(&out, "written")
	if err != nil {
		t.Fatal(err)
	}
	var list [][]float64
	for row, err := range table {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, slices.Clone(row))
	}
	return list
}

// Check 2: the HTTP sample's flows against the published flow table, 717 of 718;
// the last flow is cut by the sample.
func TestPublishedFlowTable(t *testing.T) {
	path := "raw/df_raw_flows_HTTP.csv"
	columns, rows, err := readNumbers(published(t, path), path)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(columns, flowColumns()) {
		t.Fatalf("columns %q, want %q", columns, flowColumns())
	}
	got := publishedFlows(t, publishedRows(t, "HTTP"))
	if len(got) != 718 {
		t.Fatalf("%d flows, want 718", len(got))
	}
	same, i := 0, 0
	for want, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		if i == len(got) {
			break
		}
		ok := true
		for c, v := range want {
			switch columns[c] {
			case "time_diff":
				ok = ok && math.Abs(got[i][c]-v) < 3e-7
			case "rate": // of the previous flow's bytes, over the published gap
				if i > 0 {
					ok = ok && within(got[i-1][1]/want[6], v, 1e-6)
				}
			case "rolling_rate_byte_sec", "rolling_rate_byte_min": // hold the cut flow's bytes only at the end
				ok = ok && got[i][c] == v
			default:
				ok = ok && within(got[i][c], v, 1e-9)
			}
		}
		if ok {
			same++
		} else {
			t.Logf("flow %d differs: %v, published %v", i, got[i], want)
		}
		i++
	}
	if same != 717 {
		t.Errorf("%d of 718 flows agree, want 717", same)
	}
}

// span is a range of algorithm.md 4.1, as printed there.
type span struct {
	column string
	scale  feature.Scale
	lo, hi float64
}
