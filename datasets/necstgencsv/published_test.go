package necstgencsv

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
)

// published opens a file of a clone of NeCSTGen's repository beside this one.
func published(t testing.TB, path string) io.Reader {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			break
		}
		if folder == filepath.Dir(folder) {
			t.Fatal("no go.mod above the test")
		}
		folder = filepath.Dir(folder)
	}
	f, err := os.Open(filepath.Join(folder, "..", "shared", "necstgen", "data", path))
	if err != nil {
		t.Skipf("NeCSTGen's data folder is missing: %v", err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func publishedRows(t testing.TB, application string) []Row {
	t.Helper()
	path := "raw/df_raw_" + application + ".csv"
	var rows []Row
	for row, err := range Rows(published(t, path), path) {
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

func publishedNumbers(t testing.TB, path string) (map[string][]float64, int) {
	t.Helper()
	columns, rows, err := Numbers(published(t, path), path)
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
			first := i == 0 || row.Group != rows[i-1].Group
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

// publishedFlows groups packets by flow and computes the flow table's columns
// from the authors' own header and payload lengths.
func publishedFlows(rows []Row) [][]float64 {
	type totals struct{ length, header, payload []float64 }
	groups := make(map[int64]*totals)
	start := make(map[int64]int64)
	var order []int64
	for _, row := range rows {
		id := row.Packet.FlowID
		g, ok := groups[id]
		if !ok {
			g = &totals{}
			groups[id], start[id] = g, row.Packet.Time
			order = append(order, id)
		}
		g.length = append(g.length, float64(row.Packet.Length))
		g.header = append(g.header, row.HeaderLength)
		g.payload = append(g.payload, row.PayloadLength)
	}
	slices.SortStableFunc(order, func(a, b int64) int { return int(start[a]/1000 - start[b]/1000) })
	var clock feature.Clock
	var table [][]float64
	for _, id := range order {
		g := groups[id]
		sum, std := moments(g.length)
		_, header := moments(g.header)
		_, payload := moments(g.payload)
		d := clock.Next(start[id], sum)
		table = append(table, []float64{float64(len(g.length)), sum, std, float64(start[id]) / 1e9, header, payload,
			d.TimeDiff, d.Rate, d.ByteSecond, d.ByteMinute, d.PacketSecond, d.PacketMinute})
	}
	return table
}

// moments are the sum and the sample standard deviation.
func moments(x []float64) (sum, std float64) {
	for _, v := range x {
		sum += v
	}
	mean := sum / float64(len(x))
	for _, v := range x {
		std += (v - mean) * (v - mean)
	}
	return sum, math.Sqrt(std / float64(len(x)-1))
}

// Check 2: the HTTP sample's flows against the published flow table, 717 of 718;
// the last flow is cut by the sample.
func TestPublishedFlowTable(t *testing.T) {
	path := "raw/df_raw_flows_HTTP.csv"
	columns, rows, err := Numbers(published(t, path), path)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(columns, FlowColumns()) {
		t.Fatalf("columns %q, want %q", columns, FlowColumns())
	}
	got := publishedFlows(publishedRows(t, "HTTP"))
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

// Check 4: the processed files from the raw ones. The constants of 4.1 are
// printed with few digits, so each column's affine map is taken from its two
// outermost rows, held against 4.1, and then all rows are held to 1e-12.
func TestPublishedProcessing(t *testing.T) {
	for application, spans := range map[string][]span{
		"HTTP": {
			{"length_total", feature.Linear, 60, 1514}, {"header_length", feature.Linear, 54, 58}, {"payload_length", feature.Linear, 2, 1460},
			{"time_diff", feature.Log, -4.23705, 3.03897}, {"rate", feature.Log, -1.26082, 7.29147},
			{"rolling_rate_byte_sec", feature.Log, 1.77815, 5.9576}, {"rolling_rate_byte_min", feature.Log, 1.77815, 6.45422},
			{"rolling_rate_packet_sec", feature.Log, 0, 2.84136}, {"rolling_rate_packet_min", feature.Log, 0, 3.57933},
		},
		"SNMP": {
			{"length_total", feature.Linear, 143, 183}, {"payload_length", feature.Linear, 101, 141},
			{"time_diff", feature.Log, -3.29889, 4.82696}, {"rate", feature.Log, -2.60686, 5.46325},
			{"rolling_rate_byte_sec", feature.Log, 2.15534, 3.20683}, {"rolling_rate_byte_min", feature.Log, 2.15534, 4.28305},
			{"rolling_rate_packet_sec", feature.Log, 0, 1}, {"rolling_rate_packet_min", feature.Log, 0, 2.09342},
		},
		"UDP_GOOGLE_HOME": {
			{"length_total", feature.Log, 1.77815, 3.14364}, {"payload_length", feature.Log, 1.41497, 3.1329},
			{"time_diff", feature.Log, -6.14554, 3.41825}, {"rate", feature.Log, 0.50693, 9.28918},
			{"rolling_rate_byte_sec", feature.Log, 1.77815, 5.08228}, {"rolling_rate_byte_min", feature.Log, 1.80618, 5.39303},
			{"rolling_rate_packet_sec", feature.Log, 0, 2.13672}, {"rolling_rate_packet_min", feature.Log, 0, 2.60206},
		},
		"LORA_1": {
			{"length_total", feature.Linear, 36, 144}, {"payload_length", feature.Linear, 20, 128},
			{"time_diff", feature.Log, -4.05563, 3.233}, {"snr", feature.Linear, -23, 13}, {"rssi", feature.Linear, -131, -53},
			{"rate", feature.Log, -1.49798, 6.05563}, {"rolling_rate_byte_sec", feature.Log, 1.5563, 2.4216},
			{"rolling_rate_byte_min", feature.Log, 1.60206, 3.08063}, {"rolling_rate_packet_sec", feature.Log, 0, 0.60206},
			{"rolling_rate_packet_min", feature.Log, 0, 1.20412},
		},
	} {
		processed, n := publishedNumbers(t, "process/df_process_"+application+".csv")
		raw := rawColumns(t, application)
		for _, s := range spans {
			checkSpan(t, application, s, raw[s.column], processed[s.column][:n])
		}
	}
}

// rawColumns are the numbers of a raw file, text cells left out.
func rawColumns(t testing.TB, application string) map[string][]float64 {
	t.Helper()
	path := "raw/df_raw_" + application + ".csv"
	s, err := openSheet(published(t, path), path)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string][]float64)
	for s.next() == nil {
		for _, column := range s.header {
			if v, err := s.float(column); err == nil {
				out[column] = append(out[column], v)
			}
		}
	}
	return out
}

func checkSpan(t *testing.T, application string, s span, raw, processed []float64) {
	t.Helper()
	lo, hi := -1, -1
	for i, v := range raw {
		if v == 0 && s.scale == feature.Log {
			continue
		}
		if lo < 0 || v < raw[lo] {
			lo = i
		}
		if hi < 0 || v > raw[hi] {
			hi = i
		}
	}
	scaled := func(i int) float64 {
		if s.scale == feature.Log {
			return math.Log10(raw[i])
		}
		return raw[i]
	}
	slope := (scaled(hi) - scaled(lo)) / (processed[hi] - processed[lo])
	c := feature.Column{Name: s.column, Kind: feature.Number, Scale: s.scale, Lo: scaled(lo) - slope*processed[lo]}
	c.Hi = c.Lo + slope
	if tolerance := 6e-6 * (1 + math.Abs(s.hi)); math.Abs(c.Lo-s.lo) > tolerance || math.Abs(c.Hi-s.hi) > tolerance {
		t.Errorf("%s, %s: range %v..%v, algorithm.md 4.1 has %v..%v", application, s.column, c.Lo, c.Hi, s.lo, s.hi)
	}
	imputed := 0
	worst := 0.0
	for i, v := range raw {
		if v == 0 && s.scale == feature.Log {
			imputed++
			continue
		}
		if d := math.Abs(c.Encode(v) - processed[i]); d > worst {
			worst = d
		}
	}
	if worst > 1e-12 {
		t.Errorf("%s, %s: differs by %g, want at most 1e-12", application, s.column, worst)
	}
	if imputed > 0 && !strings.Contains("time_diff rate", s.column) {
		t.Errorf("%s, %s: %d zeros", application, s.column, imputed)
	}
}
