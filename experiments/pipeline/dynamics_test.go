package pipeline

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/experiments/store"
)

// flowsOf returns the flows of an application in a data set or capture.
func flowsOf(t *testing.T, name string, app flow.Application) []*flow.Flow {
	t.Helper()
	data, err := trace.Open(t.Context(), []string{name}, nil)
	if filepath.IsAbs(name) {
		data, err = trace.OpenFile(t.Context(), name, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	flows, _, err := flow.Collect((&flow.Assembler{Only: flow.Applications{app}}).Flows(data.Packets(t.Context(), trace.Selection{Applications: flow.Applications{app}})))
	if err != nil {
		t.Fatal(err)
	}
	return flows
}

// followed checks generated flows against the original's: the same starts, the same
// numbers of packets in the dynamics, and one synthetic host for each original one, none
// of which has an original address.
func followed(t *testing.T, original, generated []*flow.Flow) {
	t.Helper()
	if len(generated) != len(original) {
		t.Fatalf("%d flows generated, the original has %d", len(generated), len(original))
	}
	hosts, addresses := make(map[netip.Addr]netip.Addr), make(map[netip.Addr]bool)
	for _, f := range original {
		addresses[f.Tuple.Src.Addr()], addresses[f.Tuple.Dst.Addr()] = true, true
	}
	shift := generated[0].Start() - original[0].Start()
	other := 0
	for i, f := range original {
		g := generated[i]
		if g.Start()-f.Start() != shift {
			t.Errorf("flow %d starts %v after the first, the original's %v", i, time.Duration(g.Start()-generated[0].Start()), time.Duration(f.Start()-original[0].Start()))
		}
		for _, pair := range [][2]netip.Addr{{f.Tuple.Src.Addr(), g.Tuple.Src.Addr()}, {f.Tuple.Dst.Addr(), g.Tuple.Dst.Addr()}} {
			if addresses[pair[1]] {
				t.Errorf("flow %d: %v is an address of the original", i, pair[1])
			}
			if stands, known := hosts[pair[0]]; !known {
				hosts[pair[0]] = pair[1]
			} else if stands != pair[1] {
				other++
			}
		}
	}
	if other > len(original)/20 { // of pairs that only flows held out have
		t.Errorf("of %d flows %d ends are of another host than the one that stands for the original's", len(original), other)
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := experiment(t, "generate.flows=0", "generate.follow=all", "data.application=DNS", "generate.losses=none") // which would be packets more
	m := finished(t, dir, e)
	original := flowsOf(t, "testbed", flow.DNS)
	generated := flowsOf(t, m.Path(captureName), flow.DNS)
	followed(t, original, generated)
	for i, f := range original {
		if len(generated[i].Packets) != len(f.Packets) {
			t.Errorf("flow %d has %d packets, the original's %d", i, len(generated[i].Packets), len(f.Packets))
		}
	}
	if generated[0].Start() != original[0].Start() {
		t.Errorf("generated from %v on, the original is from %v on", generated[0].Start(), original[0].Start())
	}
	notes := 0
	for _, s := range scoresOf(t, m) {
		if s.Level == "privacy" && strings.Contains(s.Note, "follow the original") {
			notes++
		}
		if s.Score == "packets KS" && s.Level == "flow" && *s.Value > 0.3 {
			t.Errorf("%s %s: %v", s.Level, s.Score, *s.Value)
		}
	}
	if notes == 0 {
		t.Error("no score of privacy says that the flows follow the original")
	}

	// A period, and from there on, by the stored run alone.
	source, err := saved.Open(t.Context(), []*run.Manifest{m}, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	all, err := saved.OpenDynamics(m, config.FollowAll.Period())
	if err != nil || len(all.Flows) != len(original) {
		t.Fatalf("%d flows, %v: want %d", len(all.Flows), err, len(original))
	}
	part, err := saved.OpenDynamics(m, config.Follow("+10s..+40s").Period())
	if err != nil {
		t.Fatal(err)
	}
	from, to := original[0].Start()+10e9, original[0].Start()+40e9
	want := slices.DeleteFunc(slices.Clone(original), func(f *flow.Flow) bool { return f.Start() < from || f.Start() >= to })
	if len(part.Flows) != len(want) || part.Start != want[0].Start() {
		t.Errorf("%d flows from %d on, want %d from %d on", len(part.Flows), part.Start, len(want), want[0].Start())
	}
	source.Parts[0].Dynamics = part
	n := 0
	for f, err := range source.Flows(t.Context(), saved.Amount{Seed: 7, Start: 5e9, RateFactor: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		if after := (want[n].Start() - want[0].Start()) / 2; f.Start()-5e9 != after && f.Start()-5e9 != after+1 || len(f.Packets) != len(want[n].Packets) {
			t.Errorf("flow %d: %d packets at %d, want %d at %d", n, len(f.Packets), f.Start(), len(want[n].Packets), 5e9+after)
		}
		n++
	}
	if n != len(want) {
		t.Errorf("%d flows, want %d", n, len(want))
	}
	if _, err := saved.OpenDynamics(m, config.Follow("1999-03-01..1999-03-02").Period()); err == nil || !strings.Contains(err.Error(), "nothing of the original to follow from 1999-03-01T00:00:00Z to 1999-03-02T00:00:00Z: it is from 2026-") {
		t.Errorf("%v", err)
	}
	if text, err := os.ReadFile(m.Path(saved.DynamicsName)); err != nil || bytes.Contains(text, []byte(original[0].Tuple.Src.Addr().String())) {
		t.Errorf("the dynamics hold an address, or %v", err)
	}
}

// Without flows the packets of the original are followed, and uplinks' devices.
func TestFollowTimeline(t *testing.T) {
	t.Parallel()
	e := experiment(t, "generate.flows=0", "generate.follow=all", "data.name=testbed-services", "data.application=LORAWAN", "data.flows=none")
	m := finished(t, t.TempDir(), e)
	times := func(flows []*flow.Flow) (at []int64, devices []*flow.Radio) {
		for p := range flow.Packets(flows) {
			if p.Radio != nil {
				at, devices = append(at, p.Time), append(devices, p.Radio)
			}
		}
		return at, devices
	}
	original, senders := times(flowsOf(t, "testbed-services", flow.LoRaWAN))
	generated, devices := times(flowsOf(t, m.Path(captureName), flow.LoRaWAN))
	if !slices.Equal(original, generated) {
		t.Errorf("%d uplinks generated, the original has %d, or at other times", len(generated), len(original))
	}
	stands := make(map[string]uint32) // for a device of a gateway
	for i := range min(len(senders), len(devices)) {
		name, address := senders[i].Device(), devices[i].Address
		if tied := i > 0 && original[i-1] == original[i] || i+1 < len(original) && original[i+1] == original[i]; tied || senders[i].Address == 0 || address == 0 { // a join has none
			continue
		}
		if known := stands[name]; known != 0 && known != address {
			t.Fatalf("uplink %d is of %08x, others of its device of %08x", i, address, known)
		}
		if stands[name] = address; address == senders[i].Address {
			t.Fatalf("uplink %d is of the original's device", i)
		}
	}
}

func TestFlowsFrom(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "flows.csv")
	table := func(text string) config.Experiment {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return experiment(t, "generate.flows=0", "generate.flows_from="+path, "data.application=DNS")
	}
	dir := t.TempDir()
	m := finished(t, dir, table("count_total,time_diff,timesteps\n3.6,9,9\n0.2,0.5,9.5\n2,0,9.5\n6,1.25,10.75\n"))
	got := flowsOf(t, m.Path(captureName), flow.DNS)
	for i, want := range []struct {
		packets int
		at      time.Duration
	}{{4, 0}, {1, 500 * time.Millisecond}, {2, 500 * time.Millisecond}, {6, 1750 * time.Millisecond}} {
		if i >= len(got) || len(got[i].Packets) != want.packets || time.Duration(got[i].Start()-got[0].Start()) != want.at {
			t.Errorf("%d flows; flow %d: want %d packets from %v on", len(got), i, want.packets, want.at)
		}
	}
	if len(m.Inputs) != 2 || m.Inputs[1].Path != path {
		t.Errorf("inputs %+v, want the data and the table", m.Inputs)
	}
	for text, want := range map[string]string{
		"count,time_diff\n3,1\n":               "is no table of flows: want count_total or flow_id_count, and time_diff or timestamps_min",
		"count_total,time_diff\n":              "no flow that could be read",
		"count_total,time_diff\n3,0\nNaN,1\n":  "flows.csv:3: column count_total: NaN is no number of packets",
		"count_total,time_diff\n3,0\n3,-1\n":   "flows.csv:3: column time_diff: -1 is out of range",
		"count_total,time_diff\n3,0\n3,1e12\n": "flows.csv:3: column time_diff: 1e+12 is out of range",
		"count_total,time_diff\n3,0\n3,x\n":    "flows.csv:3: ",
	} {
		_, err := prepare(t, dir, table(text)).Run(t.Context(), dir, run.Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	e := table("")
	e.Generate.FlowsFrom = path + ".not"
	if _, err := Prepare(t.Context(), "test", nil, e, Options{Store: store.Open(t.TempDir(), nil)}); err == nil || !strings.Contains(err.Error(), "generate.flows_from: open ") {
		t.Errorf("%v, want an error for a table that is not there", err)
	}
}

// scoresOf reads the scores of a run.
func scoresOf(t *testing.T, m *run.Manifest) (scores []fidelity.Score) {
	t.Helper()
	text, err := os.ReadFile(m.Path(scoresName))
	if err == nil {
		err = json.Unmarshal(text, &scores)
	}
	if err != nil {
		t.Fatal(err)
	}
	return scores
}
