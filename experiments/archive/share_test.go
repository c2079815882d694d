package archive_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/payload"
	"github.com/necstgen/necstgen/datasets/testbed"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/archive"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/pipeline"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/runner"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// secrets is what must not be in a shared archive.
type secrets struct {
	texts     [][]byte // names, paths, addresses as text
	addresses map[netip.Addr]bool
	macs      map[flow.MAC]bool
	windows   map[[16]byte]bool // of payloads
	devices   map[uint32]bool   // of LoRaWAN
}

// host finds names of servers in payloads.
var host = regexp.MustCompile(`(?m)^Host: ([^\s:]+)`)

// secretsOf reads the secrets of a capture, of which LoRaWAN learns the uplinks alone.
func secretsOf(t *testing.T, path string, application flow.Application) *secrets {
	t.Helper()
	capture, err := trace.OpenFile(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer capture.Close()
	s := &secrets{addresses: map[netip.Addr]bool{}, macs: map[flow.MAC]bool{}, windows: map[[16]byte]bool{}, devices: map[uint32]bool{}}
	names := map[string]bool{}
	for p, err := range capture.Packets(t.Context(), trace.Selection{Applications: flow.Applications{application}}) {
		if err != nil {
			t.Fatal(err)
		}
		if p.Radio != nil {
			s.devices[p.Radio.Address] = true
			names[fmt.Sprintf("%016x", p.Radio.Gateway)] = true
		}
		for _, a := range []netip.Addr{p.Tuple.Src.Addr(), p.Tuple.Dst.Addr()} {
			if a.IsValid() {
				s.addresses[a.Unmap()] = true
			}
		}
		s.macs[p.SrcMAC], s.macs[p.DstMAC] = true, true
		for _, found := range host.FindAllSubmatch(p.Payload, -1) {
			names[string(found[1])] = true
		}
		for i := 0; i+16 <= len(p.Payload); i++ {
			if window := [16]byte(p.Payload[i:]); tells(window) {
				s.windows[window] = true
			}
		}
	}
	for a := range s.addresses {
		names[a.String()] = true
	}
	delete(s.macs, flow.MAC{}) // none, as an uplink has
	delete(s.macs, flow.MAC{255, 255, 255, 255, 255, 255})
	delete(s.devices, 0) // of a join request
	for mac := range s.macs {
		names[net.HardwareAddr(mac[:]).String()] = true
	}
	for device := range s.devices {
		names[fmt.Sprintf("%08x", device)], names[fmt.Sprintf("%08X", device)] = true, true
	}
	for name := range names {
		s.texts = append(s.texts, []byte(name))
	}
	return s
}

// clock matches what 16 bytes of a time are made of: it is known when the capture was.
var clock = regexp.MustCompile(`^[-0-9T:.]{16}$`)

// tells reports whether 16 bytes of a payload, found elsewhere, tell something: not if they
// are one byte all over, as padding is, of a time, or what any web page begins with.
func tells(window [16]byte) bool {
	return window != [16]byte(bytes.Repeat(window[:1], 16)) && !clock.Match(window[:]) &&
		!strings.Contains("<!DOCTYPE html>\n<html lang=\"en\">", string(window[:]))
}

// check reports what of the secrets an entry of an archive has. Addresses as four bytes
// are not looked for in weights, which can be any.
func (s *secrets) check(t *testing.T, it item) {
	t.Helper()
	entry := []byte(it.text)
	for _, secret := range s.texts {
		if bytes.Contains(entry, secret) {
			t.Errorf("%s has %q", it.Name, secret)
		}
	}
	weights := strings.HasSuffix(it.Name, ".bin")
	for i := 0; i+16 <= len(entry); i++ {
		if s.windows[[16]byte(entry[i:])] {
			t.Errorf("%s has %q of a payload", it.Name, entry[i:i+16])
			break
		}
	}
	for a := range s.addresses {
		if raw := a.AsSlice(); (len(raw) > 4 || !weights) && bytes.Contains(entry, raw) {
			t.Errorf("%s has the bytes of address %s", it.Name, a)
		}
	}
	for device := range s.devices {
		for _, raw := range [][]byte{binary.BigEndian.AppendUint32(nil, device), binary.LittleEndian.AppendUint32(nil, device)} {
			if !weights && bytes.Contains(entry, raw) {
				t.Errorf("%s has the bytes of device %08x", it.Name, device)
			}
		}
	}
	for mac := range s.macs {
		if bytes.Contains(entry, mac[:]) {
			t.Errorf("%s has the bytes of %s", it.Name, mac)
		}
	}
}

// learnt runs the experiment tiny on a capture whose path tells something, called by its
// user what tells something, and returns the run and the capture.
func learnt(t *testing.T, dir string, open func() (io.ReadCloser, error), application flow.Application) (*run.Manifest, string) {
	t.Helper()
	data, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	capture := filepath.Join(dir, "acme-office", "gateway.pcap")
	text, err := io.ReadAll(data)
	if application == flow.HTTP { // enough for the test
		text = firstRecords(text, 8000)
	}
	if err = errors.Join(err, os.Mkdir(filepath.Dir(capture), 0o777), os.WriteFile(capture, text, 0o666)); err != nil {
		t.Fatal(err)
	}
	r := runner.Runner{File: "../../experiments.toml", Runs: filepath.Join(dir, "runs")}
	overrides := []string{"about=what acme-office does", "data.path=" + capture, "data.application=" + application.String(), "generate.payload=random", "generate.flows=20", "evaluate.floors=2"}
	if application == flow.LoRaWAN {
		overrides = append(overrides, "features.variant=lorawan", "data.limit=0")
	}
	m, _, err := r.Finish(t.Context(), "tiny", overrides, runner.Repetition{}, run.Annotation{Name: "acme", Tags: []string{"acme-gateway"}, Note: "of the acme-office"})
	if err != nil {
		t.Fatal(err)
	}
	return m, capture
}

// firstRecords cuts a pcap file behind so many records.
func firstRecords(capture []byte, n int) []byte {
	end := 24
	for range n {
		end += 16 + int(binary.LittleEndian.Uint32(capture[end+8:]))
	}
	return capture[:end]
}

// Nothing of the capture is in a shared run, and nothing that its user calls it; it can be
// imported, and shared on.
func TestShare(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: trains")
	}
	for _, tt := range []struct {
		application flow.Application
		open        func() (io.ReadCloser, error)
		least       secretCount
	}{
		{flow.HTTP, testbed.Open, secretCount{addresses: 4, macs: 3, windows: 1000, names: 1}},
		{flow.LoRaWAN, testbed.OpenServices, secretCount{devices: 10, names: 1}},
	} {
		t.Run(tt.application.String(), func(t *testing.T) {
			dir := t.TempDir()
			m, capture := learnt(t, dir, tt.open, tt.application)
			secrets := secretsOf(t, capture, tt.application)
			if got := secrets.count(); !got.atLeast(tt.least) {
				t.Fatalf("the capture has %+v: too few to look for", got)
			}
			for _, text := range []string{"acme", "gateway.pcap", dir} {
				secrets.texts = append(secrets.texts, []byte(text))
			}
			share(t, m, secrets, filepath.Join(dir, "there"))
		})
	}
}

// secretCount is how many secrets there are.
type secretCount struct{ addresses, macs, windows, devices, names int }

func (s *secrets) count() secretCount {
	of := len(s.addresses) + len(s.macs) + 2*len(s.devices) // which are texts, too
	return secretCount{len(s.addresses), len(s.macs), len(s.windows), len(s.devices), len(s.texts) - of}
}

func (c secretCount) atLeast(least secretCount) bool {
	return c.addresses >= least.addresses && c.macs >= least.macs && c.windows >= least.windows && c.devices >= least.devices
}

// share shares a run and checks what is in the archive, and what becomes of it elsewhere.
func share(t *testing.T, m *run.Manifest, secrets *secrets, runs string) {
	t.Helper()
	var file bytes.Buffer
	s, err := archive.Share(t.Context(), &file, m)
	if err != nil {
		t.Fatal(err)
	}
	items := unpacked(t, file.Bytes())
	for _, it := range items {
		secrets.check(t, it)
	}
	if s.Host.Name != "" || s.Backend.PluginPath != "" || s.Config.About != "" || s.Inputs[0].Path != "left out" || s.Inputs[0].SHA256 != m.Inputs[0].SHA256 {
		t.Errorf("%+v", s)
	}
	for _, name := range []string{"training.parquet", "heldout.parquet", "dynamics.parquet", "latent.json", "model/latents.bin"} {
		if !slices.Contains(s.Withheld, name) || s.Has(name) {
			t.Errorf("%s is not left out", name)
		}
	}
	planIsOther(t, items[at(items, "model/plan.json")].text, secrets)
	there, _, err := imported(t, file.Bytes(), runs)
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Verify(there.Dir); err != nil {
		t.Error(err)
	}
	var again bytes.Buffer
	if _, err := archive.Share(t.Context(), &again, there); err != nil || !bytes.Equal(again.Bytes(), file.Bytes()) {
		t.Errorf("shared on: %d bytes, were %d, %v", again.Len(), file.Len(), err)
	}
}

// planIsOther checks that the hosts of a plan are none of the capture.
func planIsOther(t *testing.T, text string, s *secrets) {
	t.Helper()
	plan, err := address.Read(strings.NewReader(text), "plan.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range plan.Hosts {
		if s.addresses[h.Address] || s.macs[h.MAC] {
			t.Errorf("the plan has %s, %s of the capture", h.Address, h.MAC)
		}
	}
}

// A run that has only what is the capture's to generate from cannot be shared.
func TestShareRefuses(t *testing.T) {
	for _, tt := range []struct {
		artifact string
		config   func(*config.Experiment)
		want     string
	}{
		{"model/tokens.json", func(e *config.Experiment) { e.Generator = "markov" }, "model/tokens.json holds every gap and start of the training flows: want a run with generator=sampled or generator=paper, and without generate.payload=copy"},
		{"model/flows.parquet", func(e *config.Experiment) { e.Generator = "bootstrap" }, "model/flows.parquet holds the training flows: want a run with "},
		{"model/examples.json", func(e *config.Experiment) { e.Generate.Payload = payload.Copy }, "model/examples.json holds what packets of the capture say: want a run with "},
		{"model/plan.json", func(e *config.Experiment) { e.Generate.KeepAddresses = true }, "model/plan.json holds the addresses of the capture: want a run without generate.keep_addresses"},
	} {
		m := finished(t, t.TempDir())
		tt.config(&m.Config)
		if err := m.Replace(tt.artifact, func(w io.Writer) error { _, err := io.WriteString(w, "x"); return err }); err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		_, err := archive.Share(t.Context(), &file, m)
		if want := "archive: " + m.Dir + " cannot be shared: " + tt.want; err == nil || !strings.HasPrefix(err.Error(), want) || file.Len() > 0 {
			t.Errorf("%s: %v, want %s", tt.artifact, err, want)
		}
	}
}

// What follows the original repeats it, and what a table of flows gave is somebody's, too.
func TestShareWithholdsGenerated(t *testing.T) {
	for name, change := range map[string]func(*config.Experiment){
		"":        func(*config.Experiment) {},
		"follow":  func(e *config.Experiment) { e.Generate.Follow = config.FollowAll },
		"table":   func(e *config.Experiment) { e.Generate.FlowsFrom = "flows.csv" },
		"packets": func(e *config.Experiment) { e.Level, e.Data.Flows = config.PacketLevel, config.NoFlows },
	} {
		m := finished(t, t.TempDir())
		change(&m.Config)
		if err := m.Replace("generated.csv", func(w io.Writer) error { _, err := io.WriteString(w, "x"); return err }); err != nil {
			t.Fatal(err)
		}
		s, err := archive.Share(t.Context(), io.Discard, m)
		if err != nil || s.Has("generated.csv") != (name == "") || s.Has("training.parquet") || s.Config.Generate.FlowsFrom != "" {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

// Whatever a stage of any experiment makes stands in the table of the package.
func TestEveryArtifactIsDecided(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range generator.Kinds() {
		for _, level := range []config.Level{config.PacketLevel, config.FlowLevel, config.AggregateLevel} {
			e := config.Default()
			e.Generator, e.Level, e.Generate.Payload = config.Generator(kind.Name), level, payload.Copy
			if level == config.PacketLevel {
				e.Data.Flows = config.NoFlows
			}
			graph, err := pipeline.Graph(e)
			if err != nil { // not every kind has every level
				continue
			}
			for _, s := range graph.Stages {
				for _, out := range s.Outs {
					named := out
					if strings.HasPrefix(out, "generated.") {
						named = "generated.*"
					}
					if !regexp.MustCompile(`(?m)^//\t` + regexp.QuoteMeta(named) + ` +(kept|emptied|left out|never shared)`).Match(doc) {
						t.Errorf("%s of stage %s, generator %s: what becomes of it stands nowhere", out, s.Name, kind.Name)
					}
				}
			}
		}
	}
}

// The manifest of a shared run says which files there were.
func TestWithheldInManifest(t *testing.T) {
	m := finished(t, t.TempDir())
	var file bytes.Buffer
	if _, err := archive.Share(t.Context(), &file, m); err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Name     string
		Withheld []string
	}
	if err := json.Unmarshal([]byte(unpacked(t, file.Bytes())[0].text), &manifest); err != nil || manifest.Name != "" || !slices.Equal(manifest.Withheld, []string{"training.parquet"}) {
		t.Errorf("%+v, %v", manifest, err)
	}
}
