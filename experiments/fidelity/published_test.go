package fidelity

import (
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
)

// published opens a file of NeCSTGen's published data in ../shared/necstgen/data,
// beside the repository, or skips the test.
func published(t *testing.T, name string, read func(f *os.File) iter.Seq2[flow.Packet, error]) []*flow.Flow {
	t.Helper()
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for !exists(filepath.Join(root, "go.mod")) {
		root = filepath.Dir(root)
	}
	path := filepath.Join(root, "..", "shared", "necstgen", "data", filepath.FromSlash(name))
	f, err := os.Open(path)
	if err != nil {
		t.Skipf("the published data are not here: %v", err)
	}
	defer f.Close()
	var flows []*flow.Flow
	byID := map[int64]*flow.Flow{}
	for p, err := range read(f) {
		if err != nil {
			t.Fatal(err)
		}
		g := byID[p.FlowID]
		if g == nil {
			g = &flow.Flow{ID: p.FlowID, Tuple: flow.FiveTuple{Proto: flow.TCP}, Application: flow.HTTP}
			byID[p.FlowID] = g
			flows = append(flows, g)
		}
		g.Packets = append(g.Packets, p)
	}
	return flows
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// TestPublishedOutput scores the HTTP output that NeCSTGen's authors published
// against their data. Distances measured on these files by SciPy: KS of packets
// per flow 0.015, of packet length 0.617, of header length 0.856, and no flow
// that opens with a handshake against 99.9 % of the real ones; a random forest of
// scikit-learn tells the flows apart with AUC 0.997, windows of packets with
// 1.000, and real from real with 0.51 and 0.53. Ours rounds to whole bytes, so
// distances of lengths differ.
func TestPublishedOutput(t *testing.T) {
	real := published(t, "raw/df_raw_HTTP.csv", func(f *os.File) iter.Seq2[flow.Packet, error] { return necstgencsv.Packets(f, f.Name()) })
	synthetic := published(t, "output/DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv", func(f *os.File) iter.Seq2[flow.Packet, error] { return necstgencsv.Generated(f, f.Name()) })
	t.Logf("%d real and %d synthetic flows", len(real), len(synthetic))
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(real), func(i, j int) { real[i], real[j] = real[j], real[i] })
	half := len(real) / 2
	scores, err := Compare(Config{Trees: 60, FloorSplits: 3}, Split{real[:half], real[half:]}, synthetic, nil, rand.NewPCG(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scores {
		if s.Value != nil && s.Floor != nil && !strings.HasPrefix(s.Level, "load") {
			t.Logf("%-10s %-24s %.4f floor %.4f", s.Level, s.Score, *s.Value, *s.Floor)
		}
	}
	for _, test := range []struct {
		level, name          string
		value, floor, within float64
	}{
		{"classifier", "C2ST flow", 0.997, 0.51, 0.03},
		{"classifier", "C2ST window", 1, 0.53, 0.03},
		{"flow", "packets KS", 0.015, 0.04, 0.06}, // half as many real flows
		{"order", "handshake share", 0, 0.999, 0.005},
	} {
		s := byName(t, scores, test.level, test.name)
		if s.Value == nil || s.Floor == nil {
			t.Errorf("%s: no value: %s", test.name, s.Note)
			continue
		}
		if math.Abs(*s.Value-test.value) > test.within || math.Abs(*s.Floor-test.floor) > test.within {
			t.Errorf("%s: %.3f, floor %.3f, want %.3f and %.3f within %.3f", test.name, *s.Value, *s.Floor, test.value, test.floor, test.within)
		}
	}
}
