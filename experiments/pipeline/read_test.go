package pipeline

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/sharedtest"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/experiments/store"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// readOf reads the data of an experiment as stage read does, without its writing.
func readOf(t *testing.T, e config.Experiment) (*traffic, error) {
	t.Helper()
	data, err := findData(e.Data)
	if err == nil {
		_, _, err = data.digest(t.Context(), Options{Store: store.Open(t.TempDir(), nil)})
	}
	if err != nil {
		return nil, err
	}
	s := readStage(e)
	env := stage.NewEnv(s, stage.Host{Open: func(string) (io.ReadCloser, error) { return data.reopen(t.Context()) }})
	whole, _, err := readData(t.Context(), env, s.Params.(readParams), rand.NewPCG(1, 1))
	return whole, err
}

func TestReadFlows(t *testing.T) {
	got, err := readOf(t, experiment(t, "data.path="+capture(t, 100)))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.training) != 70 || len(got.heldOut) != 30 || got.facts.Flows != 100 || got.facts.Segment != 0 || got.facts.Protocol != flow.TCP || len(got.doubts) != 0 {
		t.Errorf("%d to learn from, %d held out, %+v, doubts %v", len(got.training), len(got.heldOut), got.facts, got.doubts)
	}
	starts := map[int64]bool{}
	seen := map[int64]bool{}
	for _, part := range [][]*flow.Flow{got.training, got.heldOut} {
		for i, f := range part {
			if seen[f.ID] {
				t.Errorf("flow %d is in both parts", f.ID)
			}
			seen[f.ID], starts[f.Start()] = true, true
			if i > 0 && f.Start() < part[i-1].Start() {
				t.Errorf("flow %d starts before the one before it", f.ID)
			}
		}
	}
	for _, f := range got.training { // the flow before may be one that is held out
		if f.Before > f.Start() || !starts[f.Before] {
			t.Errorf("flow %d: before it one starts at %d, it starts at %d", f.ID, f.Before, f.Start())
		}
	}
}

func TestReadTimeline(t *testing.T) {
	got, err := readOf(t, experiment(t, "data.path="+capture(t, 100), "data.flows=none"))
	if err != nil {
		t.Fatal(err)
	}
	last := got.training[len(got.training)-1]
	if end := last.Packets[len(last.Packets)-1].Time; end > got.heldOut[0].Start() {
		t.Errorf("what is learnt ends at %d, after what is held out begins at %d", end, got.heldOut[0].Start())
	}
	var packets int64
	for _, part := range [][]*flow.Flow{got.training, got.heldOut} {
		for _, f := range part {
			packets += int64(len(f.Packets))
			if len(f.Packets) > got.facts.Segment {
				t.Errorf("a segment of %d packets, want %d", len(f.Packets), got.facts.Segment)
			}
		}
	}
	if packets != got.facts.Packets || got.facts.Segment < 2 || len(got.heldOut) < generator.FewFlows {
		t.Errorf("%d packets, %d held out, %+v", packets, len(got.heldOut), got.facts)
	}
}

func TestReadRefuses(t *testing.T) {
	path := capture(t, 100)
	empty := filepath.Join(t.TempDir(), "empty.pcap")
	if err := os.WriteFile(empty, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name      string
		overrides []string
		want      string
	}{
		{"other application", []string{"data.application=SMTP"}, "http.pcap: no packet of SMTP; it holds HTTP ("},
		{"few flows", []string{"data.limit=20"}, "flows of HTTP: want at least 8, or 560 packets in all; raise data.limit, which is 20 packets, or set another data.application"},
		{"few flows", []string{"data.path=" + capture(t, 7)}, "http.pcap: 7 flows of HTTP: want at least 8, or 560 packets in all; give a longer capture, or another data.application"},
		{"no uplinks", []string{"data.application=LORAWAN"}, "http.pcap: no uplink: want a gateway log"},
		{"no such file", []string{"data.path=missing.pcap"}, "data.path: trace: open missing.pcap: no such file"},
		{"a folder", []string{"data.path=."}, "data.go: not a capture"},
		{"an empty file", []string{"data.path=" + empty}, "empty.pcap: the capture is empty"},
		{"no such data set", []string{"data.path=", "data.name=x"}, `data.name = "x"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readOf(t, experiment(t, append([]string{"data.path=" + path}, tt.overrides...)...))
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

// Whatever the number of flows and the part that is asked for: both parts together
// are all flows, there is enough to learn from and to score with, and no more is held
// out than is asked for or is needed.
func TestSplit(t *testing.T) {
	all := gentest.Flows(60, rand.NewPCG(1, 1))
	for _, share := range []float64{0.01, 0.3, 0.5, 0.9} {
		before := 0 // flows to learn from, of one flow less
		for n := 1; n <= len(all); n++ {
			var got traffic
			err := got.split(all[:n], readParams{TestShare: share}, "x.pcap", rand.New(rand.NewPCG(1, 1)))
			if n < 8 {
				if err == nil {
					t.Errorf("%d flows: no error", n)
				}
				continue
			}
			learnt, held := len(got.training), len(got.heldOut)
			asked := int(share*float64(n) + 0.5)
			switch {
			case err != nil || learnt+held != n || learnt < generator.MinFlows || held < leastHeldOut || held > max(asked, leastHeldOut):
				t.Errorf("%d flows, %g: %d to learn from and %d held out: %v", n, share, learnt, held, err)
			case held < asked && learnt > max(generator.FewFlows, generator.MinFlows) && held > leastHeldOut:
				t.Errorf("%d flows, %g: %d held out and not %d, though %d to learn from are enough", n, share, held, asked, learnt)
			case learnt < before-1:
				t.Errorf("%d flows, %g: %d to learn from, and %d of one flow less", n, share, learnt, before)
			}
			if doubt := learnt < generator.FewFlows || held < generator.FewFlows; doubt != (len(got.doubts) == 1) {
				t.Errorf("%d flows, %g: doubts %v", n, share, got.doubts)
			}
			before = learnt
		}
	}
}

// Damaged records are left out and named, the first of them one by one, and they
// hide no other doubt. Payloads are copied all the same.
func TestDamagedRecords(t *testing.T) {
	path := capture(t, 40)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const header, record = 24, 16
	damaged := slices.Clone(whole[:header])
	rest, packets := whole[header:], 0
	for ; len(rest) > 0; packets++ {
		n := record + int(binary.LittleEndian.Uint32(rest[8:]))
		damaged = append(damaged, rest[:n]...)
		if packets%20 == 0 { // and a frame of three bytes behind every twentieth
			damaged = append(damaged, rest[:8]...)
			damaged = append(damaged, 3, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3)
		}
		rest = rest[n:]
	}
	if err := os.WriteFile(path, damaged, 0o666); err != nil {
		t.Fatal(err)
	}
	m := finished(t, t.TempDir(), experiment(t, "data.path="+path, "generate.payload=copy"))
	text := strings.Join(m.Warnings, "\n")
	more := fmt.Sprintf("%d more damaged records", (packets+19)/20-mostNamed)
	if !strings.HasPrefix(text, "only 40 flows: ") || !strings.Contains(text, more) {
		t.Errorf("%s\nwant %s", text, more)
	}
	if !has(m, saved.ExamplesName) {
		t.Error("there are no examples")
	}
}

// A merge of captures of which one counts from 1970 is refused at once, in a line
// that says so, and without a training.
func TestClockJumps(t *testing.T) {
	flows := gentest.Flows(40, rand.NewPCG(1, 1))
	shift := flows[0].Start()
	for _, f := range flows[:20] {
		for i := range f.Packets {
			f.Packets[i].Time -= shift
		}
	}
	e := experiment(t, "generator=sampled", "data.path="+writeCapture(t, "merged.pcap", flows))
	dir := t.TempDir()
	p := prepare(t, dir, e)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	r, err := p.Run(t.Context(), dir, run.Options{})
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %s", took)
	}
	if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 64<<20 { // nothing has the length of the time
		t.Errorf("it took %d MB", (after.TotalAlloc-before.TotalAlloc)>>20)
	}
	if err == nil || !strings.Contains(err.Error(), "merged.pcap: HTTP: the clock jumps by 53.") || !strings.Contains(err.Error(), "1970-01-01") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	if m, err := run.Open(r.Dir()); err != nil || len(m.Stages) != 0 {
		t.Errorf("%+v, %v", m, err)
	}
}

// The uplinks of a device are one flow, however long it is silent: its clock counts,
// too.
func TestClockJumpsWithinFlows(t *testing.T) {
	flows := gentest.Uplinks(3, time.Hour, rand.NewPCG(1, 1))
	if err := checkClock(flows); err != nil {
		t.Error(err)
	}
	for i := range flows[1].Packets[1:] {
		flows[1].Packets[1+i].Time += int64(40 * 365 * 24 * time.Hour)
	}
	if err := checkClock(flows); err == nil || !strings.Contains(err.Error(), "the clock jumps by ") {
		t.Errorf("%v", err)
	}
}

// Data that change after they were digested are not read under the old name.
func TestDataChange(t *testing.T) {
	tests := []struct {
		name   string
		change func(path string) error
	}{
		{"grown", func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.Write(make([]byte, 100))
			return err
		}},
		{"cut", func(path string) error { return os.Truncate(path, 1000) }},
		{"another of the same size", func(path string) error {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text[len(text)-1]++
			if err := os.WriteFile(path, text, 0o666); err != nil {
				return err
			}
			later := time.Now().Add(time.Second)
			return os.Chtimes(path, later, later)
		}},
		{"gone", os.Remove},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := experiment(t, "data.path="+capture(t, 40))
			dir := t.TempDir()
			p := prepare(t, dir, e)
			if err := tt.change(e.Data.Path[0]); err != nil {
				t.Fatal(err)
			}
			_, err := p.Run(t.Context(), dir, run.Options{})
			if err == nil || !strings.HasPrefix(err.Error(), "read: data.path: ") || !strings.Contains(err.Error(), e.Data.Path[0]) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v", err)
			}
		})
		t.Run(tt.name+" while it is read", func(t *testing.T) {
			e := experiment(t, "data.path="+capture(t, 40))
			dir := t.TempDir()
			p := prepare(t, dir, e)
			open := p.Job.Inputs[dataName]
			p.Job.Inputs[dataName] = func() (io.ReadCloser, error) {
				in, err := open()
				if err == nil {
					err = tt.change(e.Data.Path[0])
				}
				return in, err
			}
			_, err := p.Run(t.Context(), dir, run.Options{})
			if err == nil || !strings.HasPrefix(err.Error(), "read: data.path: "+e.Data.Path[0]) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v", err)
			}
		})
	}
}

// The published files are read as what they are.
func TestPublished(t *testing.T) {
	tests := []struct {
		file      string
		overrides []string
		flows     int64 // or segments
		packets   int64
	}{
		{"df_raw_HTTP.csv", []string{"data.application=HTTP"}, 718, 10000},
		{"df_raw_SNMP.csv", []string{"data.application=SNMP", "data.flows=none"}, 79, 10000},
		{"df_raw_UDP_GOOGLE_HOME.csv", []string{"data.application=QUIC"}, 588, 10000},
		{"df_raw_LORA_1.csv", []string{"data.application=LORAWAN", "data.flows=none", "data.port=1", "data.gateway=0000024b0b031c97"}, 79, 9999},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			path := sharedtest.Path(t, "necstgen", "data", "raw", tt.file)
			got, err := readOf(t, experiment(t, append(tt.overrides, "data.path="+path)...))
			if err != nil {
				t.Fatal(err)
			}
			if n := int64(len(got.training) + len(got.heldOut)); n != tt.flows || got.facts.Flows != n || got.facts.Packets != tt.packets {
				t.Errorf("%d flows or segments, %+v: want %d and %d packets", n, got.facts, tt.flows, tt.packets)
			}
			if uplinks := strings.Contains(tt.file, "LORA"); got.facts.Uplinks != uplinks {
				t.Errorf("uplinks: %v", got.facts.Uplinks)
			}
		})
	}
	path := sharedtest.Path(t, "necstgen", "data", "raw", "df_raw_LORA_1.csv")
	_, err := readOf(t, experiment(t, "data.application=LORAWAN", "data.port=2", "data.path="+path))
	if err == nil || !strings.Contains(err.Error(), "no uplink that data.port = 2") || !strings.Contains(err.Error(), "port 1 at 0000024b0b031c97 (") {
		t.Errorf("%v", err)
	}
}

// A few long flows are learnt, the last packets of each held out, and scored in pieces.
func TestReadFewLongFlows(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, got *traffic, flows int) {
		t.Helper()
		if len(got.training) != flows || got.facts.Flows != int64(flows) || got.facts.Part != 0.7 || got.facts.Piece < leastPiece || len(got.doubts) == 0 || !strings.Contains(got.doubts[0].Error(), "the first 70 % of the packets of each are learnt") {
			t.Errorf("%d flows, %+v, doubts %v", len(got.training), got.facts, got.doubts)
		}
		rest := make(map[int64]*flow.Flow)
		for _, f := range got.heldOut {
			rest[f.ID] = f
		}
		packets := 0
		for _, f := range got.training {
			packets += len(f.Packets)
			r := rest[f.ID]
			if r == nil {
				t.Fatalf("nothing of flow %d is held out", f.ID)
			}
			packets += len(r.Packets)
			if all := float64(len(f.Packets) + len(r.Packets)); math.Abs(float64(len(f.Packets))-0.7*all) > 0.5 || r.Start() < timeline.End(f) || r.Tuple != f.Tuple {
				t.Errorf("flow %d: %d packets learnt and %d held out, from %d on", f.ID, len(f.Packets), len(r.Packets), r.Start()-timeline.End(f))
			}
		}
		if int64(packets) != got.facts.Packets {
			t.Errorf("%d packets, want %d", packets, got.facts.Packets)
		}
	}
	long := gentest.Flows(3, rand.NewPCG(1, 1))
	for i, f := range long {
		for end := f.Packets[len(f.Packets)-1].Time; len(f.Packets) < 250; end += 1e6 {
			p := f.Packets[3+i]
			p.Time, p.Flags = end, flow.ACK
			f.Packets = slices.Insert(f.Packets, len(f.Packets)-3, p)
		}
		slices.SortStableFunc(f.Packets, func(a, b flow.Packet) int { return cmp.Compare(a.Time, b.Time) })
	}
	got, err := readOf(t, experiment(t, "data.path="+writeCapture(t, "long.pcap", long)))
	if err != nil {
		t.Fatal(err)
	}
	check(t, got, 3)
	if got, err = readOf(t, experiment(t, "data.application=SNMP", "data.path="+sharedtest.Path(t, "necstgen", "data", "raw", "df_raw_SNMP.csv"))); err != nil {
		t.Fatal(err)
	}
	check(t, got, 4)
}
