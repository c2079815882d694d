package evaluate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/datasets/sharedtest"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/evaluate"
	"github.com/necstgen/necstgen/experiments/fidelity"
)

// quick bounds the work of a test.
var quick = fidelity.Config{Trees: 20, FloorSplits: 2}

// files compares two files and returns the scores by level and name.
func files(t *testing.T, o evaluate.Options) (scores map[string]fidelity.Score, warnings []string) {
	t.Helper()
	o.Config, o.Seed = quick, 1
	o.Open = open
	o.Warn = func(err error) { warnings = append(warnings, err.Error()) }
	list, err := evaluate.Files(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	scores = map[string]fidelity.Score{}
	for _, s := range list {
		if s.Value == nil && s.Note == "" {
			t.Errorf("%s %s: neither value nor reason", s.Level, s.Score)
		}
		if s.Value != nil && math.IsNaN(*s.Value) {
			t.Errorf("%s %s is not a number", s.Level, s.Score)
		}
		scores[s.Level+"/"+s.Score] = s
	}
	return scores, warnings
}

// open opens a file of packets.
func open(ctx context.Context, name string) (*trace.Trace, error) {
	return trace.OpenFile(ctx, name, nil)
}

// published is a file of NeCSTGen's authors.
func published(t *testing.T, name string) string {
	t.Helper()
	return sharedtest.Path(t, "necstgen/data/"+name)
}

// TestPublished scores the authors' own outputs. Want is of SciPy, of all rows with
// lengths and packets rounded; a comparison here is of half of the real flows.
func TestPublished(t *testing.T) {
	type want struct {
		name          string
		value, within float64
	}
	for _, test := range []struct {
		real, synthetic string
		application     string
		wants           []want
		absent          []string
	}{
		{"raw/df_raw_HTTP.csv", "output/DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv", "HTTP",
			[]want{{"packet/length KS", 0.2675, 0.04}, {"packet/log gap KS", 0.156, 0.04}, {"flow/packets KS", 0.0145, 0.08}, {"packet/header length KS", 0.109, 0.02}, {"packet/flags TV", 0.112, 0.03},
				{"classifier/C2ST flow", 0.997, 0.03}, {"classifier/C2ST window", 1, 0.01}, {"order/handshake share", 0, 0.001}},
			[]string{"flow/time between flows KS", "load/bytes/s KS", "load/Hurst exponent", "packet/server port JSD bits", "published/NetShare EMD PAT"}},
		{"raw/df_raw_SNMP.csv", "output/DF_GEN_PACKET_SNMP_NO_FLOW_FINAL.csv", "SNMP",
			[]want{{"packet/length KS", 0.433, 0.03}, {"packet/log gap KS", 0.458, 0.03}, {"packet/direction TV", 0, 0.01}, {"classifier/C2ST window", 1, 0.01}},
			[]string{"flow/packets KS", "order/handshake share", "classifier/C2ST flow"}},
		{"raw/df_raw_UDP_GOOGLE_HOME.csv", "output/DF_GEN_PACKET_UDP_GOOGLE_HOME_FLOW_NO_CONNECT_FINAL.csv", "QUIC",
			[]want{{"packet/length KS", 0.193, 0.06}, {"packet/log gap KS", 0.468, 0.05}, {"flow/packets KS", 0.345, 0.08}, {"packet/header length KS", 0, 0}},
			[]string{"load/packets/s KS", "order/close share", "packet/flags JSD bits"}},
		{"raw/df_raw_flows_HTTP.csv", "output/DF_GEN_FLOW_HTTP_FINAL.csv", "HTTP",
			[]want{{"aggregate/packets KS", 0.2178, 0.001}, {"aggregate/time between flows KS", 0.1156, 0.001}, {"aggregate/time between flows W1", 0.5853, 0.001}, {"aggregate/NeCSTGen cosine packets", 0.881, 0.001}},
			[]string{"aggregate/bytes KS"}},
	} {
		scores, warnings := files(t, evaluate.Options{Real: published(t, test.real), Synthetic: published(t, test.synthetic)})
		if len(warnings) > 0 {
			t.Errorf("%s: warnings %q", test.synthetic, warnings)
		}
		for _, w := range test.wants {
			s := scores[w.name]
			if s.Value == nil || math.Abs(*s.Value-w.value) > w.within || s.Application != test.application {
				t.Errorf("%s: %s is %+v, want %g within %g", test.synthetic, w.name, s, w.value, w.within)
			}
		}
		for _, name := range test.absent {
			if s := scores[name]; s.Value != nil || s.Note == "" {
				t.Errorf("%s: %s is %+v, want a reason", test.synthetic, name, s)
			}
		}
	}
}

// TestOwnOutput: real flows written as an output score as another sample of the same
// flows would, whatever the layout: nothing is lost that a score looks at.
func TestOwnOutput(t *testing.T) {
	raw := published(t, "raw/df_raw_HTTP.csv")
	f, err := os.Open(raw)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var flows []*flow.Flow
	byID := map[int64]*flow.Flow{}
	for p, err := range necstgencsv.Packets(f, raw) {
		if err != nil {
			t.Fatal(err)
		}
		if byID[p.FlowID] == nil {
			byID[p.FlowID] = &flow.Flow{ID: p.FlowID}
			flows = append(flows, byID[p.FlowID])
		}
		byID[p.FlowID].Packets = append(byID[p.FlowID].Packets, p)
	}
	var out bytes.Buffer
	if err := necstgencsv.WriteGenerated(&out, necstgencsv.Connected, func(yield func(*flow.Flow, error) bool) {
		for _, g := range flows {
			if !yield(g, nil) {
				return
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv")
	if err := os.WriteFile(path, out.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	scores, _ := files(t, evaluate.Options{Real: raw, Synthetic: path})
	for name, s := range scores {
		if s.Value == nil {
			continue
		}
		level, score, _ := strings.Cut(name, "/")
		switch {
		case level == "published" || level == "privacy":
		case level == "use":
			if *s.Value < *s.Floor-4**s.FloorSpread-0.02 {
				t.Errorf("%s: %.4f, floor %.4f +- %.4f", name, *s.Value, *s.Floor, *s.FloorSpread)
			}
		case strings.HasSuffix(score, "share"):
			if math.Abs(*s.Value-*s.Floor) > 0.01 {
				t.Errorf("%s: %.4f, floor %.4f", name, *s.Value, *s.Floor)
			}
		case level == "classifier":
			if *s.Value > 0.56 {
				t.Errorf("%s: %.3f for the same flows", name, *s.Value)
			}
		case *s.Value > *s.Floor+4**s.FloorSpread+0.06:
			t.Errorf("%s: %.4f, floor %.4f +- %.4f", name, *s.Value, *s.Floor, *s.FloorSpread)
		}
	}
	for _, name := range []string{"classifier/C2ST flow", "classifier/C2ST window", "order/close share", "flow/turn time KS"} {
		if scores[name].Value == nil {
			t.Errorf("%s has no value: %s", name, scores[name].Note)
		}
	}
}

// TestOwnUplinks: real uplinks written as an output score as the same uplinks, by
// everything but what an output does not tell.
func TestOwnUplinks(t *testing.T) {
	raw := published(t, "raw/df_raw_LORA_1.csv")
	f, err := os.Open(raw)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out bytes.Buffer
	if err := lorawan.WriteGenerated(&out, lorawan.Packets(lorawan.Log(f, raw))); err != nil {
		t.Fatal(err)
	}
	scores, _ := files(t, evaluate.Options{Real: raw, Synthetic: write(t, "DF_GEN_PACKET_LORA_1_NO_FLOW_FINAL.csv", out.String())})
	for _, name := range []string{"radio/SNR KS", "radio/spreading factor TV", "radio/frequency TV", "packet/length KS", "packet/log gap KS", "classifier/C2ST uplink", "load/packets/s KS"} {
		s := scores[name]
		if s.Value == nil || s.Floor == nil || s.Application != "LORAWAN" || *s.Value > *s.Floor+4**s.FloorSpread+0.05 {
			t.Errorf("%s: %+v", name, s)
		}
	}
	for _, name := range []string{"radio/port TV", "radio/message type JSD bits", "radio/counter steps JSD", "flow/packets KS"} {
		if s := scores[name]; s.Value != nil {
			t.Errorf("%s: %+v, want a reason", name, s)
		}
	}
}

// write puts a file of that name into a folder.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// packetRows are n flows of so many packets each, as generated packets.
func packetRows(n, packets int, label bool) string {
	var b strings.Builder
	b.WriteString("length_total_lstm,direction,time_diff_lstm,header_length_lstm")
	if label {
		b.WriteString(",flow_id")
	}
	for i := range n {
		for k := range packets {
			fmt.Fprintf(&b, "\n%d,%d,0.%d,42", 60+(i*i+7*k)%97, k%2, 1+(i+k*k)%50)
			if label {
				fmt.Fprintf(&b, ",%d", i)
			}
		}
	}
	return b.String() + "\n"
}

// TestKinds: which kinds of files can be compared, and what is said of the others.
func TestKinds(t *testing.T) {
	labelled, timeline := write(t, "DF_GEN_PACKET_DNS_FLOW_NO_CONNECT_FINAL.csv", packetRows(60, 8, true)), write(t, "DF_GEN_PACKET_DNS_NO_FLOW_FINAL.csv", packetRows(60, 8, false))
	table := write(t, "DF_GEN_FLOW_DNS_FINAL.csv", "count_total,time_diff\n"+strings.Repeat("8,1\n8,2\n", 30))
	for _, test := range []struct {
		name            string
		real, synthetic string
		value, absent   string
	}{
		{"flows with flows", labelled, labelled, "classifier/C2ST flow", "load/bytes/s KS"},
		{"a timeline with flows", timeline, labelled, "load/bytes/s KS", "flow/packets KS"},
		{"flows with a timeline", labelled, timeline, "classifier/C2ST window", "flow/packets KS"},
		{"a table with flows", table, labelled, "aggregate/packets KS", "aggregate/time between flows KS"},
		{"flows with a table", labelled, table, "aggregate/packets KS", "aggregate/flows/s KS"},
		{"a table with a table", table, table, "aggregate/time between flows KS", "aggregate/bytes KS"},
	} {
		scores, _ := files(t, evaluate.Options{Real: test.real, Synthetic: test.synthetic})
		if s := scores[test.value]; s.Value == nil || s.Application != "DNS" {
			t.Errorf("%s: %s is %+v, want a value", test.name, test.value, s)
		}
		if s := scores[test.absent]; s.Value != nil {
			t.Errorf("%s: %s is %+v, want a reason", test.name, test.absent, s)
		}
	}
	for _, test := range []struct {
		name string
		o    evaluate.Options
		want string
	}{
		{"a table with a timeline", evaluate.Options{Real: table, Synthetic: timeline}, "has packets without flows, and the other file is a table of flows"},
		{"training beside tables", evaluate.Options{Real: table, Synthetic: table, Training: table}, "want them without --training"},
		{"no file", evaluate.Options{Real: "missing.csv", Synthetic: labelled}, "missing.csv"},
		{"damaged", evaluate.Options{Real: labelled, Synthetic: write(t, "x.csv", "length_total_lstm,direction,time_diff_lstm,header_length_lstm,flow_id\nx,0,0,0,0\n")}, "no packet that could be read"},
	} {
		test.o.Open = open
		test.o.Warn, test.o.Config = func(error) {}, quick
		if _, err := evaluate.Files(t.Context(), test.o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
	}
}

// TestSameScores: the same files and seed give the same scores.
func TestSameScores(t *testing.T) {
	labelled := write(t, "DF_GEN_PACKET_DNS_FLOW_NO_CONNECT_FINAL.csv", packetRows(60, 8, true))
	a, _ := files(t, evaluate.Options{Real: labelled, Synthetic: labelled})
	b, _ := files(t, evaluate.Options{Real: labelled, Synthetic: labelled})
	var names []string
	for name := range a {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if x, y := a[name], b[name]; (x.Value == nil) != (y.Value == nil) || x.Value != nil && (*x.Value != *y.Value || *x.Floor != *y.Floor) {
			t.Errorf("%s: %+v, then %+v", name, x, y)
		}
	}
}

// A comparison that is interrupted while a network learns has no scores.
func TestInterrupted(t *testing.T) {
	labelled := write(t, "DF_GEN_PACKET_DNS_FLOW_NO_CONNECT_FINAL.csv", packetRows(240, 4, true))
	ctx, cancel := context.WithCancel(t.Context())
	o := evaluate.Options{Real: labelled, Synthetic: labelled, Config: quick, Open: open, Warn: func(error) {}}
	asked := false
	o.Config.Recurrent = func() (fidelity.SequenceClassifier, error) {
		return fidelity.SequenceClassifier{MaxFlows: 100, MaxPackets: 4, CrossValidate: func([]fidelity.SequenceTask, uint64) ([][]float64, error) {
			asked = true
			cancel()
			return nil, ctx.Err()
		}}, nil
	}
	if scores, err := evaluate.Files(ctx, o); !asked || !errors.Is(err, context.Canceled) {
		t.Errorf("%d scores, %v, want %v; the network was asked: %t", len(scores), err, context.Canceled, asked)
	}
}
