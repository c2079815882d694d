package feature

import (
	"encoding/json"
	"errors"
	"iter"
	"math"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// conversation is n packets of a made-up application, some in the same nanosecond.
func conversation(n int, seed uint64) []flow.Packet {
	rng := rand.New(rand.NewPCG(seed, 7))
	client, server := netip.MustParseAddrPort("10.0.0.1:40000"), netip.MustParseAddrPort("10.0.0.2:80")
	packets := make([]flow.Packet, n)
	now := int64(920294090_227178800)
	for i := range packets {
		if rng.IntN(10) > 0 {
			now += int64(rng.ExpFloat64() * 1e9 * math.Pow(10, float64(rng.IntN(5)-3)))
		}
		p := &packets[i]
		p.Number, p.Time = int64(i), now
		p.HeaderLength, p.PayloadLength = 54+4*rng.Int32N(2), rng.Int32N(1400)
		p.Length = max(60, p.HeaderLength+p.PayloadLength)
		p.Tuple = flow.FiveTuple{Proto: flow.TCP, Src: client, Dst: server}
		p.Flags = []flow.TCPFlags{flow.SYN, flow.ACK, flow.ACK | flow.PSH, flow.FIN | flow.ACK}[rng.IntN(4)]
		if rng.IntN(2) == 0 {
			p.Tuple, p.Direction = p.Tuple.Reverse(), flow.Backward
		}
		p.Layers = flow.Layers{{Name: flow.LayerEther, Length: p.Length}, {Name: flow.LayerIP, Length: p.Length - 14}, {Name: flow.LayerTCP, Length: p.Length - 34}}
		if rng.IntN(2) == 0 {
			p.Layers[3] = flow.Layer{Name: flow.LayerHTTP, Length: p.PayloadLength}
		}
	}
	return packets
}

func stream[T any](rows []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

func rowsOf(t testing.TB, packets []flow.Packet, variant Variant, compat Compat) [][]float64 {
	t.Helper()
	var rows [][]float64
	for row, err := range Extract(stream(packets), variant, compat) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, slices.Clone(row))
	}
	return rows
}

// Laws of every column: codes lie in [0, 1], the ends are reached, and a value
// that training had comes back to rounding.
func TestEncodeDecodeLaws(t *testing.T) {
	packets := conversation(3000, 1)
	for _, variant := range []Variant{General, TCPGoogleHome, UDPGoogleHome} {
		for _, compat := range []Compat{{}, Original()} {
			rows := rowsOf(t, packets, variant, compat)
			schema, err := variant.Schema(compat)
			if err != nil {
				t.Fatal(err)
			}
			if got := len(rows[0]); got != len(schema.Columns) {
				t.Fatalf("%s: %d values, want %d", variant, got, len(schema.Columns))
			}
			e, err := Fit(schema, stream(rows))
			if err != nil {
				t.Fatal(err)
			}
			checkLaws(t, e, rows)
		}
	}
}

func checkLaws(t *testing.T, e *Encoder, rows [][]float64) {
	t.Helper()
	lo, hi := make([]float64, e.Width()), make([]float64, e.Width())
	for i := range lo {
		lo[i] = 1
	}
	for r, row := range rows {
		codes := e.Encode(nil, row)
		back := e.DecodeRow(nil, codes)
		for i, code := range codes {
			c := &e.Schema().Columns[i]
			if !(code >= 0 && code <= 1) {
				t.Fatalf("row %d, %s: code %v of %v", r, c.Name, code, row[i])
			}
			lo[i], hi[i] = min(lo[i], code), max(hi[i], code)
			want := row[i]
			if want == 0 && c.Scale == Log || math.IsInf(want, 0) || c.ServicePorts && want >= 1024 {
				continue // stands for another value by definition
			}
			if math.Abs(back[i]-want) > 1e-9*math.Abs(want) {
				t.Fatalf("row %d, %s: %v came back as %v", r, c.Name, want, back[i])
			}
			if got := c.Decode(code); got != back[i] {
				t.Fatalf("row %d, %s: Decode gives %v; DecodeRow %v", r, c.Name, got, back[i])
			}
		}
	}
	for i := range lo {
		if c := &e.Schema().Columns[i]; !c.Constant() && (lo[i] != 0 || hi[i] != 1) {
			t.Errorf("%s: codes span %v..%v, want 0..1", c.Name, lo[i], hi[i])
		}
	}
}

func TestSchemaJSON(t *testing.T) {
	schema, err := General.Schema(Original())
	if err != nil {
		t.Fatal(err)
	}
	rows := rowsOf(t, conversation(500, 2), General, Original())
	e, err := Fit(schema, stream(rows))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var read Encoder
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(read.Schema(), e.Schema()) {
		t.Errorf("schema came back as %+v, want %+v", read.Schema(), e.Schema())
	}
	if !strings.Contains(string(text), `"classes":["HTTP","None"]`) {
		t.Errorf("classes are not saved as text: %s", text)
	}
	for _, bad := range []string{
		`{"columns":[{"name":"a","kind":"colour"}]}`,
		`{"columns":[{"name":"a","kind":"number","lo":2,"hi":1}]}`,
		`{"columns":[{"name":"a","kind":"number","scale":"log2"}]}`,
		`{"columns":[{"name":"a","kind":"number"},{"name":"a","kind":"number"}]}`,
		`{"columns":[{"name":"a","kind":"category","domain":"layer","classes":["Chocolate"]}]}`,
		`{"columns":[{"name":"a","kind":"category","domain":"number","classes":["1"],"common":3}]}`,
		`{"columns":7}`,
	} {
		if err := json.Unmarshal([]byte(bad), &read); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

func TestColumn(t *testing.T) {
	number := Column{Name: "n", Kind: Number, Lo: 10, Hi: 20}
	logs := Column{Name: "l", Kind: Number, Scale: Log, Lo: -2, Hi: 2, Zero: -2}
	flags := Column{Name: "flags", Kind: Category, Domain: NumberDomain, Classes: []float64{2, 16, 24}, Common: 1}
	layers := Column{Name: "layers", Kind: Category, Domain: LayerDomain, Classes: []float64{float64(flow.LayerHTTP), float64(flow.LayerRaw)}, Common: 1}
	ports := Column{Name: "sport", Kind: Category, Domain: NumberDomain, ServicePorts: true, Classes: []float64{0, 80}}
	constant := Column{Name: "c", Kind: Number, Lo: 42, Hi: 42}
	for _, test := range []struct {
		name  string
		c     Column
		value float64
		want  float64
	}{
		{"low end", number, 10, 0},
		{"middle", number, 15, 0.5},
		{"above", number, 21, 1},
		{"below", number, 9, 0},
		{"not a number", number, math.NaN(), 0},
		{"log", logs, 1, 0.5},
		{"log of zero", logs, 0, 0},
		{"log of a negative", logs, -1, 0},
		{"infinite", logs, math.Inf(1), 1},
		{"class", flags, 16, 0.5},
		{"unseen number gets the nearest", flags, 25, 1},
		{"unseen text gets the most frequent", layers, float64(flow.LayerSNMP), 1},
		{"service port", ports, 80, 1},
		{"other port", ports, 49152, 0},
		{"constant", constant, 42, 0},
		{"not the constant", constant, 43, 0},
		{"no class", Column{Name: "x", Kind: Category, Domain: NumberDomain}, 1, 0},
	} {
		if got := test.c.Encode(test.value); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
	for _, test := range []struct {
		name string
		c    Column
		code float64
		want float64
	}{
		{"clipped above", number, 1.5, 20},
		{"clipped below", number, -1, 10},
		{"not a number", number, math.NaN(), 10},
		{"snapped", flags, 0.3, 16},
		{"snapped up", flags, 0.8, 24},
		{"no class", Column{Kind: Category}, 1, 0},
	} {
		if got := test.c.Decode(test.code); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

func TestFitRefuses(t *testing.T) {
	schema := Schema{Columns: []Column{{Name: "gap", Kind: Number, Scale: Log}}}
	cut := errors.New("cut")
	for _, test := range []struct {
		name string
		rows iter.Seq2[[]float64, error]
		want string
	}{
		{"no row", stream[[]float64](nil), "no row"},
		{"wide row", stream([][]float64{{1, 2}}), "row 0 has 2 values: want 1"},
		{"not a number", stream([][]float64{{1}, {math.NaN()}}), "row 1, column gap"},
		{"negative", stream([][]float64{{-1}}), "has no logarithm"},
		{"cut", func(yield func([]float64, error) bool) { _ = yield([]float64{1}, nil) && yield(nil, cut) }, "cut"},
	} {
		if _, err := Fit(schema, test.rows); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q in it", test.name, err, test.want)
		}
	}
}

// The windows against their definition, summed anew for each row.
func TestClockAgainstDefinition(t *testing.T) {
	packets := conversation(4000, 3)
	for i := 0; i < len(packets); i += 97 {
		packets[i].Time -= 1_500_000_000 // the clock steps back now and then
	}
	var clock Clock
	for k := range packets {
		got := clock.Next(packets[k].Time, float64(packets[k].Length))
		want := Dynamics{TimeDiff: got.TimeDiff, Rate: got.Rate}
		if k > 0 {
			want.TimeDiff = float64(max(0, packets[k].Time-packets[k-1].Time)) / 1e9
			want.Rate = float64(packets[k-1].Length) / want.TimeDiff
		}
		second := floorSecond(packets[k].Time)
		for j := range k + 1 {
			s := floorSecond(packets[j].Time)
			if s > second || s <= second-60 {
				continue
			}
			want.ByteMinute += float64(packets[j].Length)
			want.PacketMinute++
			if s == second {
				want.ByteSecond += float64(packets[j].Length)
				want.PacketSecond++
			}
		}
		if got != want {
			t.Fatalf("row %d: got %+v, want %+v", k, got, want)
		}
	}
}

// The rows of each capture are those that it has alone, however captures mix.
func TestExtractCaptures(t *testing.T) {
	captures := []string{"", "a.pcap", "b.pcap"}
	packets := conversation(600, 3)
	alone := make([][]flow.Packet, len(captures))
	for i := range packets {
		at := i / 7 % len(captures)
		packets[i].Capture = captures[at]
		alone[at] = append(alone[at], packets[i])
	}
	want := make([][][]float64, len(captures))
	for at := range captures {
		want[at] = rowsOf(t, alone[at], General, Compat{})
	}
	for i, row := range rowsOf(t, packets, General, Compat{}) {
		at := i / 7 % len(captures)
		if !slices.Equal(row, want[at][0]) {
			t.Fatalf("row %d: %v, want %v as in capture %q alone", i, row, want[at][0], captures[at])
		}
		want[at] = want[at][1:]
	}
}

func TestClockFarApart(t *testing.T) {
	var c Clock
	for _, at := range []int64{-5, 0, 200, 10, 200} { // seconds; 10 is older than all that is kept
		d := c.Next(at*nanoseconds, 100)
		if d.PacketMinute > 2 || d.ByteMinute != 100*d.PacketMinute || d.PacketSecond > d.PacketMinute {
			t.Errorf("at %d s: %+v", at, d)
		}
	}
}

func BenchmarkExtract(b *testing.B) {
	packets := conversation(4096, 4)
	x, err := NewExtractor(General, Compat{})
	if err != nil {
		b.Fatal(err)
	}
	var row []float64
	b.ReportAllocs()
	for i := range b.N {
		row = x.Append(row[:0], &packets[i&4095])
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkEncode(b *testing.B) {
	rows := rowsOf(b, conversation(4096, 5), General, Compat{})
	schema, err := General.Schema(Compat{})
	if err != nil {
		b.Fatal(err)
	}
	e, err := Fit(schema, stream(rows))
	if err != nil {
		b.Fatal(err)
	}
	var codes []float64
	b.ReportAllocs()
	for i := range b.N {
		codes = e.Encode(codes[:0], rows[i&4095])
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
