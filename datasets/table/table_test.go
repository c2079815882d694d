package table

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

var formats = []Format{Parquet, Arrow, CSV}

// messages are messages that packets have.
var messages = []*flow.Message{nil, {}, {Kind: 8 << 8}, flow.ARPMessage(1, netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), true),
	{Kind: flow.NeighborSolicitation, Target: netip.MustParseAddr("2001:db8::1")}}

// tunnels are encapsulations that packets have.
var tunnels = []*flow.Encapsulation{
	nil, flow.NewEncapsulation([]flow.OuterHeader{{Kind: flow.OuterVLAN, ID: 7}, {Kind: flow.OuterGRE, Options: flow.GREKey, ID: 9}}),
	flow.NewEncapsulation([]flow.OuterHeader{{Kind: flow.OuterMPLS, ID: 16}}),
}

// randomPackets are n packets with every field drawn, plus the extremes of each.
func randomPackets(n int, seed uint64) []flow.Packet {
	rng := rand.New(rand.NewPCG(seed, 1))
	hosts := []netip.Addr{{}, netip.MustParseAddr("192.168.0.1"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("::ffff:1.2.3.4")}
	packets := make([]flow.Packet, n)
	for i := range packets {
		p := &packets[i]
		p.Number, p.Time = int64(i), 920294090227178800+int64(i)*1e6+rng.Int64N(1e6)
		p.Length, p.Captured = rng.Int32N(1515), rng.Int32N(1515)
		p.HeaderLength, p.PayloadLength = rng.Int32N(100), rng.Int32N(1461)
		rng.Uint64()
		p.SrcMAC, p.DstMAC = flow.MAC{1, 2, 3, 4, 5, byte(rng.Uint32())}, flow.MAC{byte(rng.Uint32())}
		p.Tuple = flow.FiveTuple{Proto: uint8(rng.Uint32()),
			Src: netip.AddrPortFrom(hosts[rng.IntN(len(hosts))], uint16(rng.Uint32())),
			Dst: netip.AddrPortFrom(hosts[rng.IntN(len(hosts))], uint16(rng.Uint32()))}
		p.TTL, p.Fragment, p.Flags = uint8(rng.Uint32()), rng.IntN(2) == 0, flow.TCPFlags(rng.Uint32())
		p.Seq, p.Ack, p.Window, p.MSS = rng.Uint32(), rng.Uint32(), uint16(rng.Uint32()), uint16(rng.Uint32())
		p.ID, p.DontFragment, p.Stamp = uint16(rng.Uint32()), rng.IntN(2) == 0, rng.Uint32()
		p.Options = flow.NewTCPOptions(flow.OptionNOP, flow.TCPOption(1+rng.IntN(8)))
		p.Application = flow.Application(rng.IntN(26))
		p.FlowID, p.Direction = rng.Int64(), flow.Direction(rng.IntN(2))
		for l := range rng.IntN(7) {
			p.Layers[l] = flow.Layer{Name: flow.LayerName(1 + rng.IntN(60)), Length: rng.Int32N(1500)}
		}
		if rng.IntN(4) == 0 {
			p.Radio = randomRadio(rng)
		}
		p.Capture = []string{"", "monday.pcap", `week 1, "tuesday".pcap`}[rng.IntN(3)]
		p.Encapsulation, p.Message = tunnels[rng.IntN(len(tunnels))], messages[rng.IntN(len(messages))]
	}
	if n > 2 {
		packets[0] = flow.Packet{Number: math.MinInt64, Time: math.MinInt64 / 4, FlowID: math.MinInt64, Length: math.MinInt32}
		packets[2].Radio = new(flow.Radio) // an empty one is one
		packets[1] = flow.Packet{Number: math.MaxInt64, Time: math.MaxInt64 / 4, FlowID: math.MaxInt64, Length: math.MaxInt32, Seq: math.MaxUint32}
	}
	return packets
}

// randomRadio has every field drawn, but most of them zero in one of four.
func randomRadio(rng *rand.Rand) *flow.Radio {
	r := flow.Radio{Gateway: rng.Uint64(), Address: rng.Uint32() >> rng.IntN(32)}
	if rng.IntN(4) > 0 {
		r.Counter, r.Port, r.MType = rng.Uint32(), int16(rng.IntN(258)-2), uint8(rng.IntN(8))
		r.Frequency, r.SpreadingFactor, r.Bandwidth, r.CodeRate = rng.Uint32(), uint8(rng.IntN(13)), uint16(rng.Uint32()), uint8(rng.IntN(9))
		r.CRC, r.RSSI, r.SNR = int8(rng.IntN(3)-1), -130*rng.Float32(), float32(rng.IntN(100))/4-12
	}
	return &r
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

func writeFile(t testing.TB, format Format, write func(io.Writer) error) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "table."+string(format))
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := write(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPacketsRoundTrip(t *testing.T) {
	for _, format := range formats {
		for _, n := range []int{0, 1, 7, 1000, batchRows + 3, groupBatches*batchRows + 5} {
			if n > batchRows+3 && format != Parquet {
				continue
			}
			t.Run(fmt.Sprintf("%s/%d", format, n), func(t *testing.T) {
				want := randomPackets(n, uint64(n))
				path := writeFile(t, format, func(w io.Writer) error { return WritePackets(w, format, stream(want)) })
				i := 0
				for got, err := range ReadPackets(path) {
					if err != nil {
						t.Fatal(err)
					}
					if i < n && !samePacket(got, want[i]) {
						t.Fatalf("packet %d: got %+v, want %+v", i, got, want[i])
					}
					i++
				}
				if i != n {
					t.Fatalf("got %d packets, want %d", i, n)
				}
			})
		}
	}
}

// samePacket compares all but the payload.
func samePacket(a, b flow.Packet) bool {
	return a.Number == b.Number && a.Time == b.Time && a.Length == b.Length && a.Captured == b.Captured &&
		a.HeaderLength == b.HeaderLength && a.PayloadLength == b.PayloadLength && a.SrcMAC == b.SrcMAC && a.DstMAC == b.DstMAC &&
		a.Tuple == b.Tuple && a.TTL == b.TTL && a.Fragment == b.Fragment && a.Flags == b.Flags && a.Seq == b.Seq && a.Ack == b.Ack &&
		a.Window == b.Window && a.MSS == b.MSS && a.Layers == b.Layers && a.Application == b.Application &&
		a.FlowID == b.FlowID && a.Capture == b.Capture && a.Encapsulation.String() == b.Encapsulation.String() && sameMessage(a.Message, b.Message) && a.Direction == b.Direction && (a.Radio == b.Radio || a.Radio != nil && b.Radio != nil && *a.Radio == *b.Radio)
}

func sameMessage(a, b *flow.Message) bool { return a == b || a != nil && b != nil && *a == *b }

func TestFeaturesRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	rows := make([][]float64, batchRows+10)
	for i := range rows {
		rows[i] = []float64{rng.NormFloat64() * math.Pow(10, float64(rng.IntN(30)-15)), float64(i), 0.1}
	}
	rows[3][0], rows[4][0] = math.Inf(1), math.SmallestNonzeroFloat64
	names := []string{"a", "rate, of \"it\"", "c"}
	for _, format := range formats {
		path := writeFile(t, format, func(w io.Writer) error { return WriteFeatures(w, format, names, stream(rows)) })
		got, err := ReadFeatures(path)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Names, names) {
			t.Errorf("%s: names %q, want %q", format, got.Names, names)
		}
		for range 2 { // the rows can be read again
			i := 0
			for row, err := range got.Rows {
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(row, rows[i]) {
					t.Fatalf("%s: row %d: got %v, want %v", format, i, row, rows[i])
				}
				i++
			}
			if i != len(rows) {
				t.Errorf("%s: %d rows, want %d", format, i, len(rows))
			}
		}
	}
}

// damagedRecord is an error that belongs to one record.
type damagedRecord int64

func (d damagedRecord) Error() string       { return "damaged" }
func (d damagedRecord) RecordNumber() int64 { return int64(d) }

func TestFlowsRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	rows := make([]flow.TableRow, batchRows+5)
	for i := range rows {
		rows[i] = flow.TableRow{ID: int64(i), Tuple: randomPackets(1, uint64(i%300))[0].Tuple, Application: flow.SMTP, Packets: rng.Int64N(1000), Length: rng.Int64(),
			LengthDeviation: rng.Float64(), Start: rng.Int64(), HeaderDeviation: rng.Float64(), PayloadDeviation: rng.Float64(), TimeDiff: rng.Float64(),
			Rate: rng.Float64() * 1e9, BytesSecond: float64(rng.IntN(1e6)), BytesMinute: float64(rng.IntN(1e6)), FlowsSecond: float64(rng.IntN(9)), FlowsMinute: float64(rng.IntN(99))}
	}
	for _, format := range formats {
		path := writeFile(t, format, func(w io.Writer) error { return WriteFlows(w, format, stream(rows)) })
		i := 0
		for got, err := range ReadFlows(path) {
			if err != nil {
				t.Fatal(err)
			}
			if got != rows[i] {
				t.Fatalf("%s, row %d: got %+v, want %+v", format, i, got, rows[i])
			}
			i++
		}
		if i != len(rows) {
			t.Errorf("%s: %d rows, want %d", format, i, len(rows))
		}
	}
	path := writeFile(t, CSV, func(w io.Writer) error {
		return WriteFlows(w, CSV, stream([]flow.TableRow{{Packets: 1, LengthDeviation: math.NaN(), HeaderDeviation: math.NaN(), PayloadDeviation: math.NaN()}}))
	})
	for got, err := range ReadFlows(path) {
		if err != nil || got.Packets != 1 || !math.IsNaN(got.LengthDeviation) {
			t.Errorf("flow of one packet: %+v, %v", got, err)
		}
	}
}

func TestStreamErrors(t *testing.T) {
	damaged, cut := fmt.Errorf("wrapped: %w", damagedRecord(1)), errors.New("cut")
	packets := randomPackets(5, 9)
	seq := func(yield func(flow.Packet, error) bool) {
		_ = yield(packets[3], nil) && yield(flow.Packet{}, damaged) && yield(packets[4], nil) &&
			yield(flow.Packet{}, damaged) && yield(flow.Packet{}, cut)
	}
	for _, format := range formats {
		path := writeFile(t, format, func(w io.Writer) error {
			if err := WritePackets(w, format, seq); !errors.Is(err, cut) {
				t.Errorf("%s: error %v, want %v", format, err, cut)
			}
			return nil
		})
		n := 0
		for _, err := range ReadPackets(path) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 2 {
			t.Errorf("%s: %d packets, want 2", format, n)
		}
	}
}

// FuzzDeltas holds the encoding of whole numbers against Arrow's reader.
func FuzzDeltas(f *testing.F) {
	f.Add(uint64(1), uint16(1000), uint8(3))
	f.Add(uint64(2), uint16(129), uint8(63))
	f.Fuzz(func(t *testing.T, seed uint64, n uint16, shift uint8) {
		rng := rand.New(rand.NewPCG(seed, 0))
		want := make([]flow.Packet, n)
		for i := range want {
			want[i].Number = int64(rng.Uint64()) >> (shift % 64)
			want[i].Length = int32(rng.Uint32() >> (shift % 32))
			want[i].Seq = rng.Uint32() >> (shift % 32) << (seed % 8)
			want[i].TTL = uint8(rng.IntN(int(shift)+1) / 7)
		}
		path := writeFile(t, Parquet, func(w io.Writer) error { return WritePackets(w, Parquet, stream(want)) })
		i := 0
		for got, err := range ReadPackets(path) {
			if err != nil {
				t.Fatal(err)
			}
			if !samePacket(got, want[i]) {
				t.Fatalf("packet %d: got %+v, want %+v", i, got, want[i])
			}
			i++
		}
		if i != len(want) {
			t.Errorf("%d packets, want %d", i, len(want))
		}
	})
}

// FuzzFile holds that no file of any format makes a reader panic.
func FuzzFile(f *testing.F) {
	var out strings.Builder
	if err := WritePackets(&out, CSV, stream(randomPackets(3, 1))); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(out.String()), uint8(2))
	for i, format := range []Format{Parquet, Arrow} {
		var out strings.Builder
		if err := WritePackets(&out, format, stream(randomPackets(4, 1))); err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(out.String()), uint8(i))
	}
	f.Fuzz(func(t *testing.T, content []byte, format uint8) {
		path := filepath.Join(t.TempDir(), "x."+string(formats[format%3]))
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		for range ReadPackets(path) {
		}
		if rows, err := ReadFeatures(path); err == nil {
			for range rows.Rows {
			}
		}
	})
}

// A file with some bytes changed gives rows or an error, and ends: no panic, no
// allocation of what a changed length claims.
func TestDamagedFiles(t *testing.T) {
	for f, format := range formats {
		var out strings.Builder
		if err := WritePackets(&out, format, stream(randomPackets(300, 1))); err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(1, uint64(f)))
		path := filepath.Join(t.TempDir(), "x."+string(format))
		refused := 0
		for range 150 {
			content := []byte(out.String())
			for range 1 + rng.IntN(3) {
				at := rng.IntN(len(content))
				if rng.IntN(2) == 0 { // the footer is at the end
					at = len(content) - 1 - rng.IntN(min(len(content), 6000))
				}
				content[at] = byte(rng.Uint32())
			}
			if err := os.WriteFile(path, content, 0o644); err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, err := range ReadPackets(path) {
				if err != nil {
					refused++
				}
				n++
			}
			if n > 301 {
				t.Errorf("%s: %d rows out of 300", format, n)
			}
		}
		if refused == 0 {
			t.Errorf("%s: no damaged file was refused", format)
		}
	}
}

// brokenWriter takes so many bytes.
type brokenWriter int

func (b *brokenWriter) Write(p []byte) (int, error) {
	if *b -= brokenWriter(len(p)); *b < 0 {
		return 0, errors.New("disk full")
	}
	return len(p), nil
}

func TestWriteErrors(t *testing.T) {
	packets := capture(batchRows*2 + 10)
	for _, format := range formats {
		for _, room := range []brokenWriter{0, 100, 1_000_000} {
			if err := WritePackets(&room, format, stream(packets)); err == nil || !strings.Contains(err.Error(), "disk full") {
				t.Errorf("%s: error %v, want that of the disk", format, err)
			}
		}
	}
	w, err := NewPacketWriter(io.Discard, Parquet, AnySource)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if w.Write(&packets[0]) == nil || w.Close() == nil {
		t.Error("a closed writer takes packets")
	}
}

// A table has no column that its source cannot fill, and what it has comes back.
func TestPacketSources(t *testing.T) {
	for _, tt := range []struct {
		source   PacketSource
		without  int                  // columns
		restrict func(p *flow.Packet) // to what the source has
	}{
		{AnySource, 0, func(*flow.Packet) {}},
		{NetworkSource, 15, func(p *flow.Packet) { p.Radio, p.Capture, p.Encapsulation, p.Message = nil, "", nil, nil }},
		{RadioSource, 21, func(p *flow.Packet) {
			p.SrcMAC, p.DstMAC, p.Tuple, p.TTL, p.Fragment, p.Capture = flow.MAC{}, flow.MAC{}, flow.FiveTuple{}, 0, false, ""
			p.Flags, p.Seq, p.Ack, p.Window, p.MSS, p.Encapsulation, p.Message = 0, 0, 0, 0, 0, nil, nil
			p.ID, p.DontFragment, p.Options, p.Stamp = 0, false, 0, 0
		}},
	} {
		want := randomPackets(500, 7)
		for i := range want {
			tt.restrict(&want[i])
		}
		for _, format := range formats {
			path := writeFile(t, format, func(w io.Writer) error {
				out, err := NewPacketWriter(w, format, tt.source)
				for i := range want {
					err = errors.Join(err, out.Write(&want[i]))
				}
				return errors.Join(err, out.Close())
			})
			i := 0
			for got, err := range ReadPackets(path) {
				if err != nil || !samePacket(got, want[i]) {
					t.Fatalf("source %d, %s: packet %d: got %+v, want %+v, error %v", tt.source, format, i, got, want[i], err)
				}
				i++
			}
			in, err := openBatches(path, kindsOf(packetColumns))
			if err != nil || i != len(want) {
				t.Fatalf("source %d, %s: %d packets, error %v", tt.source, format, i, err)
			}
			if n := len(in.fields()); n != len(packetFields)-tt.without {
				t.Errorf("source %d, %s: %d columns", tt.source, format, n)
			}
			if err := in.close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestReadPacketsRefuses(t *testing.T) {
	const header = "time,length,ip_src,application,sport,fragment,layers_0\n"
	for _, test := range []struct{ name, file, content, want string }{
		{"no ending", "x", "", "unknown ending"},
		{"other ending", "x.txt", "", "unknown ending"},
		{"empty csv", "x.csv", "", "no header line"},
		{"no time", "x.csv", "length\n3\n", "column time is missing"},
		{"bad time", "x.csv", header + "yesterday,3,,,1,false,\n", "line 2, column time"},
		{"bad length", "x.csv", header + "1,3.5,,,1,false,\n", "column length"},
		{"bad address", "x.csv", header + "1,3,1.2.3,,1,false,\n", "column ip_src"},
		{"bad application", "x.csv", header + "1,3,,XYZ,1,false,\n", "column application"},
		{"bad port", "x.csv", header + "1,3,,,65536,false,\n", "column sport"},
		{"bad truth", "x.csv", header + "1,3,,,1,maybe,\n", "column fragment"},
		{"bad layer", "x.csv", header + "1,3,,,1,false,Chocolate\n", "column layers_0"},
		{"short row", "x.csv", header + "1,3\n", "wrong number of fields"},
		{"not parquet", "x.parquet", "PAR1 but nothing else PAR1", "x.parquet"},
		{"empty parquet", "x.parquet", "", "x.parquet"},
		{"not arrow", "x.arrow", "ARROW1 and so on, no, not really ARROW1", "x.arrow"},
		{"empty arrow", "x.arrow", "", "x.arrow"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), test.file)
			if err := os.WriteFile(path, []byte(test.content), 0o644); err != nil {
				t.Fatal(err)
			}
			var last error
			for _, err := range ReadPackets(path) {
				last = err
			}
			if last == nil || !strings.Contains(last.Error(), test.want) || !strings.HasPrefix(last.Error(), "table: ") {
				t.Errorf("error %v, want it to contain %q", last, test.want)
			}
		})
	}
	for _, err := range ReadPackets(filepath.Join(t.TempDir(), "missing.parquet")) {
		if !errors.Is(err, os.ErrNotExist) {
			t.Errorf("error %v, want that the file does not exist", err)
		}
	}
}
