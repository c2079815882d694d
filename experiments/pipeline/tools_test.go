package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/datasets/trace"
	files "github.com/necstgen/necstgen/experiments/evaluate"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/fidelity/tool"
)

// part writes the frames of the packets that a table lists to a capture.
func part(t *testing.T, capture, list string) string {
	t.Helper()
	wanted := make(map[int64]bool)
	for p, err := range table.ReadPackets(list) {
		if err != nil {
			t.Fatal(err)
		}
		wanted[p.Number] = true
	}
	data, err := trace.OpenFile(t.Context(), capture, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	path := filepath.Join(t.TempDir(), "part.pcap")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := pcap.NewWriter(file, pcap.WriterOptions{})
	for p, broken := range data.Packets(t.Context(), trace.Selection{}) {
		if broken != nil {
			t.Fatal(broken)
		}
		if frame, _ := data.Frame(); wanted[p.Number] {
			err = errors.Join(err, w.WriteCut(p.Time, frame, int(p.Length)))
		}
	}
	if err := errors.Join(err, w.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTools: a run asks the programs that are here, once and again with the same answers,
// and evaluate says the same of the same captures.
func TestTools(t *testing.T) {
	versions := tool.Choice("tcptrace,tshark").Versions()
	if versions["tcptrace"] == "" || versions["tshark"] == "" {
		t.Skip("tcptrace or tshark is not installed")
	}
	dir, input := t.TempDir(), capture(t, 90)
	e := experiment(t, "data.path="+input, "data.test_share=0.4", "evaluate.tools=tcptrace,tshark,suricata")
	m := finished(t, dir, e)
	scores := scoresOf(t, m)
	values := 0
	for _, s := range scores {
		if s.Level != "tools" {
			continue
		}
		name, _, _ := strings.Cut(s.Score, " ")
		switch {
		case versions[name] != "":
			if values++; s.Value == nil || s.Floor == nil || s.Interval == nil || !strings.Contains(s.Note, versions[name]) || s.NReal == 0 || s.NSynthetic != 40 {
				t.Errorf("%s is %+v", s.Score, s)
			}
		case name == "suricata" && tool.Choice("suricata").Versions()["suricata"] == "":
			if s.Value != nil || s.Note != "suricata is not installed" {
				t.Errorf("%s is %+v", s.Score, s)
			}
		case name != "suricata" && (s.Value != nil || !strings.HasPrefix(s.Note, fidelity.NotApplicable)):
			t.Errorf("%s is %+v", s.Score, s)
		}
	}
	if values != 7 {
		t.Errorf("%d scores of tcptrace and tshark, want 7", values)
	}
	if again := scoresOf(t, finished(t, t.TempDir(), e)); toolScores(t, again) != toolScores(t, scores) {
		t.Errorf("%s, and again %s", toolScores(t, scores), toolScores(t, again))
	}
	o := files.Options{Real: part(t, input, m.Path(heldOutName)), Training: part(t, input, m.Path("training.parquet")), Synthetic: m.Path(captureName),
		Applications: flow.Applications{flow.HTTP}, Tools: e.Evaluate.Tools, Seed: e.Seed, Config: fidelity.Config{Trees: 5, FloorSplits: 2}, Warn: func(err error) { t.Error(err) },
		Open: func(ctx context.Context, name string) (*trace.Trace, error) { return trace.OpenFile(ctx, name, nil) }}
	same, err := files.Files(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if toolScores(t, same) != toolScores(t, scores) {
		t.Errorf("evaluate has %s\nthe run %s", toolScores(t, same), toolScores(t, scores))
	}
	o.Real = m.Path(heldOutName)
	if same, err = files.Files(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for _, s := range same {
		if strings.HasPrefix(s.Score, "tcptrace ") && (s.Value != nil || !strings.HasSuffix(s.Note, "heldout.parquet: no capture: it has packets without their frames")) {
			t.Errorf("a table of packets: %+v", s)
		}
	}
}

// toolScores are the scores of other programs, without the baselines that only runs have.
func toolScores(t *testing.T, scores []fidelity.Score) string {
	t.Helper()
	var kept []fidelity.Score
	for _, s := range scores {
		if s.Baselines = nil; s.Level == "tools" {
			kept = append(kept, s)
		}
	}
	text, err := json.MarshalIndent(kept, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
