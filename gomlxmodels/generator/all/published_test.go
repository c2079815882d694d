package all_test

import (
	"fmt"
	"io"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"sort"
	"testing"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/sharedtest"
	"github.com/necstgen/necstgen/datasets/testbed"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
	"github.com/necstgen/necstgen/gomlxmodels/generator/paper"
	"github.com/necstgen/necstgen/gomlxmodels/generator/sampled"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

// measure is the environment variable that asks for the comparisons with the
// published output at full training; its value names the kinds of generator, or
// is "all".
const measure = "NECSTGEN_MEASURE"

// published reads a raw file of the published data.
func published(name string, packets func(io.Reader, string) iter.Seq2[flow.Packet, error]) func(t *testing.T) []*flow.Flow {
	return func(t *testing.T) []*flow.Flow {
		return grouped(t, packets(sharedtest.Open(t, "necstgen", "data", name), name))
	}
}

// embedded is the LoRaWAN traffic of the embedded capture.
func embedded(t *testing.T) []*flow.Flow {
	r, err := testbed.OpenServices()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	return grouped(t, func(yield func(flow.Packet, error) bool) {
		for p, err := range lorawan.Uplinks(pcap.Packets(r, testbed.ServicesName)) {
			if (err != nil || p.Radio != nil) && !yield(p, err) {
				return
			}
		}
	})
}

// grouped gathers packets by flow or device, in start order.
func grouped(t *testing.T, packets iter.Seq2[flow.Packet, error]) []*flow.Flow {
	t.Helper()
	byID := make(map[string]*flow.Flow)
	for p, err := range packets {
		if err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprint(p.FlowID)
		if p.Radio != nil {
			id = p.Radio.Device()
		}
		one := byID[id]
		if one == nil {
			one = &flow.Flow{Tuple: p.Tuple, Application: p.Application}
			byID[id] = one
		}
		p.Payload = nil
		one.Packets = append(one.Packets, p)
	}
	flows := slices.Collect(maps.Values(byID))
	for _, one := range flows {
		sort.SliceStable(one.Packets, func(i, j int) bool { return one.Packets[i].Time < one.Packets[j].Time })
	}
	sort.Slice(flows, func(i, j int) bool { return flows[i].Start() < flows[j].Start() })
	for i, f := range flows {
		f.ID = int64(i)
		for j := range f.Packets {
			f.Packets[j].FlowID = f.ID
		}
	}
	return gentest.Before(flows)
}

func logPackets(r io.Reader, name string) iter.Seq2[flow.Packet, error] {
	return lorawan.Packets(lorawan.Log(r, name))
}

// split holds out the share of the flows that a draw decides.
func split(flows []*flow.Flow, share float64, src rand.Source) (training, heldOut []*flow.Flow) {
	random := rand.New(src)
	for _, f := range flows {
		if random.Float64() < share {
			heldOut = append(heldOut, f)
		} else {
			training = append(training, f)
		}
	}
	return training, heldOut
}

// quantities are the samples that are compared. Gaps are within flows, or of a
// timeline all; they are in seconds.
func quantities(flows []*flow.Flow, timeline bool) map[string][]float64 {
	q := make(map[string][]float64)
	for f, one := range flows {
		for i := range one.Packets {
			p := &one.Packets[i]
			length := float64(p.Length)
			if p.Radio == nil {
				length = max(60, length) // as Ethernet pads it
			}
			q["length"] = append(q["length"], length)
			if i > 0 {
				q["gap"] = append(q["gap"], float64(p.Time-one.Packets[i-1].Time)/1e9)
			} else if before := flows[max(0, f-1)].Packets; timeline && f > 0 {
				q["gap"] = append(q["gap"], float64(p.Time-before[len(before)-1].Time)/1e9)
			}
			if r := p.Radio; r != nil {
				q["rssi"], q["snr"] = append(q["rssi"], float64(r.RSSI)), append(q["snr"], float64(r.SNR))
				q["factor"], q["frequency"] = append(q["factor"], float64(r.SpreadingFactor)), append(q["frequency"], float64(r.Frequency))
			}
		}
		if timeline {
			continue
		}
		q["packets"] = append(q["packets"], float64(len(one.Packets)))
		deviceQuantities(q, one)
		if p := one.Packets; one.Tuple.Proto == flow.TCP {
			opened := 0.0
			if len(p) > 2 && p[0].Flags == flow.SYN && p[1].Flags == flow.SYN|flow.ACK && p[2].Flags == flow.ACK {
				opened = 1
			}
			q["handshake"] = append(q["handshake"], opened)
		}
	}
	return q
}

// deviceQuantities are the levels of a device that is heard often enough: a device
// stands somewhere, and the packets of one are more alike than those of all.
func deviceQuantities(q map[string][]float64, f *flow.Flow) {
	const enough = 5
	if f.Packets[0].Radio == nil || len(f.Packets) < enough {
		return
	}
	var sum, squares float64
	factors := make(map[uint8]bool)
	for i := range f.Packets {
		rssi := float64(f.Packets[i].Radio.RSSI)
		sum, squares = sum+rssi, squares+rssi*rssi
		factors[f.Packets[i].Radio.SpreadingFactor] = true
	}
	n := float64(len(f.Packets))
	q["device rssi"] = append(q["device rssi"], sum/n)
	q["device spread"] = append(q["device spread"], math.Sqrt(max(0, squares/n-sum*sum/n/n)))
	q["device factors"] = append(q["device factors"], float64(len(factors)))
}

// variation is half the sum of the differences of two categories' shares.
func variation(a, b []float64) float64 {
	shares := make(map[float64]float64)
	for _, v := range a {
		shares[v] += 1 / float64(len(a))
	}
	for _, v := range b {
		shares[v] -= 1 / float64(len(b))
	}
	sum := 0.0
	for _, d := range shares {
		sum += math.Abs(d) / 2
	}
	return sum
}

// distances are those of each quantity: total variation of categories,
// Kolmogorov-Smirnov of the others.
func distances(a, b map[string][]float64) map[string]float64 {
	d := make(map[string]float64)
	for name := range a {
		if name == "factor" || name == "frequency" || name == "handshake" {
			d[name] = variation(a[name], b[name])
		} else {
			d[name] = ks(a[name], b[name])
		}
	}
	return d
}

// settings are for published data; epochs are of the recurrent networks.
func settings(epochs int) generator.Settings {
	s := generator.DefaultSettings()
	s.VAE.Epochs, s.GMM.Components = min(30, epochs), 8
	s.LSTM.Epochs, s.LSTM.Batch = epochs, 16
	return s
}

// comparison is a data set against what is generated of it.
type comparison struct {
	name     string
	flows    func(*testing.T) []*flow.Flow // in start order
	variant  feature.Variant
	timeline bool
	quick    int                // epochs where nobody asked for more, 0: not compared
	limit    int                // packets of a flow that count, 0: all
	below    map[string]float64 // distances to the held-out part that the sampled generator must stay below after a few epochs
	than     map[string]float64 // distances of NeCSTGen's published output to the raw file (algorithm.md 13.2)
}

// byDevice is what a generator of LoRaWAN devices keeps below after a few epochs.
var byDevice = map[string]float64{"rssi": 0.2, "snr": 0.2, "length": 0.25, "gap": 0.25, "factor": 0.2, "frequency": 0.15,
	"device rssi": 0.25, "device spread": 0.35, "device factors": 0.25}

var comparisons = []comparison{
	{name: "SNMP without flows", flows: published("raw/df_raw_SNMP.csv", necstgencsv.Packets), variant: feature.General, timeline: true,
		below: map[string]float64{"length": 0.1, "gap": 0.2}, than: map[string]float64{"length": 0.499, "gap": 0.458}},
	{name: "UDP Google Home", flows: published("raw/df_raw_UDP_GOOGLE_HOME.csv", necstgencsv.Packets), variant: feature.UDPGoogleHome,
		below: map[string]float64{"length": 0.15, "gap": 0.2, "packets": 0.15}, than: map[string]float64{"length": 0.210, "gap": 0.468, "packets": 0.345}},
	{name: "HTTP", flows: published("raw/df_raw_HTTP.csv", necstgencsv.Packets), variant: feature.General,
		below: map[string]float64{"length": 0.1, "gap": 0.15, "packets": 0.15, "handshake": 0.05}, than: map[string]float64{"length": 0.617, "gap": 0.156, "packets": 0.015, "handshake": 0.999}},
	{name: "LORA_1 by device", flows: published("raw/df_raw_LORA_1.csv", logPackets), variant: feature.LoRaWAN, limit: 50,
		below: byDevice},
	{name: "embedded LoRaWAN by device", flows: embedded, variant: feature.LoRaWAN, quick: 8, limit: 50, below: byDevice},
	{name: "LORA_1 without flows", flows: published("raw/df_raw_LORA_1.csv", logPackets), variant: feature.LoRaWAN, timeline: true,
		below: map[string]float64{"rssi": 0.25, "snr": 0.25, "length": 0.25, "gap": 0.25, "factor": 0.15, "frequency": 0.1}},
}

// Generated traffic is close to held-out traffic after a few epochs already.
// NECSTGEN_MEASURE=all trains in full, both generators, and prints the distances to
// the table that NeCSTGen's published output was made from beside that output's.
func TestAgainstPublished(t *testing.T) {
	full := os.Getenv(measure)
	if testing.Short() && full == "" {
		t.Skip("skipped in short mode: trains on published data")
	}
	for _, c := range comparisons {
		t.Run(c.name, func(t *testing.T) {
			if full == "" && c.quick == 0 {
				t.Skipf("skipped: set %s=all to train in full", measure)
			}
			flows := c.flows(t)
			training, heldOut := split(flows, 0.3, rand.NewPCG(1, 2))
			cfg := settings(60)
			if full == "" {
				cfg = settings(c.quick)
				cfg.LSTM.Batch, cfg.LSTM.ValidationShare = 8, 0 // few rows: more steps, and no program for others
			}
			cfg.Features.Variant, cfg.NoFlow = c.variant, c.timeline
			if c.timeline {
				segments, err := timeline.Segments(flows, timeline.SegmentPackets)
				if err != nil {
					t.Fatal(err)
				}
				training, heldOut = segments[:len(segments)*7/10], segments[len(segments)*7/10:]
			}
			for _, kind := range []string{sampled.Name, paper.Name} {
				if full == kind || full == "all" || full == "" && kind == sampled.Name {
					t.Run(kind, func(t *testing.T) { c.compare(t, kind, cfg, training, heldOut) })
				}
			}
		})
	}
}

// capped are the flows' first packets, where a few flows would be most of all.
func (c *comparison) capped(flows []*flow.Flow) []*flow.Flow {
	var all []*flow.Flow
	for _, f := range flows {
		one := *f
		if c.limit > 0 {
			one.Packets = one.Packets[:min(c.limit, len(one.Packets))]
		}
		all = append(all, &one)
	}
	return all
}

func (c *comparison) compare(t *testing.T, kind string, cfg generator.Settings, training, heldOut []*flow.Flow) {
	b := devicetest.XLA(t)
	l := gentest.Learn(t, b, kind, cfg, training)
	g := l.Load(t)
	request := generator.Request{Flows: len(training), Seed: 11, Start: training[0].Start()}
	made := flowsOf(t, g, request)
	if again := flowsOf(t, l.Load(t), request); !reflect.DeepEqual(made, again) {
		t.Error("the loaded generator gave other flows")
	}
	of := func(flows []*flow.Flow) map[string][]float64 { return quantities(c.capped(flows), c.timeline) }
	real, synthetic, known := of(heldOut), of(made), of(training)
	floor, got := distances(real, known), distances(real, synthetic)
	raw := distances(of(append(slices.Clone(training), heldOut...)), synthetic)
	for _, name := range slices.Sorted(maps.Keys(got)) {
		t.Logf("%-14s held-out %.3f (training %.3f), raw %.3f, published %.3f", name, got[name], floor[name], raw[name], c.than[name])
		if kind != sampled.Name {
			continue
		}
		if most, ok := c.below[name]; ok && got[name] > most+floor[name] {
			t.Errorf("%s: distance %.3f to held-out traffic, want at most %.2f more than the training's %.3f", name, got[name], most, floor[name])
		}
	}
	if f := known["factor"]; f != nil && kind == sampled.Name {
		for _, factor := range slices.Compact(slices.Sorted(slices.Values(f))) {
			if !slices.Contains(synthetic["factor"], factor) {
				t.Errorf("spreading factor %v was never generated", factor)
			}
		}
	}
}

// ks is the Kolmogorov-Smirnov distance of two samples.
func ks(a, b []float64) float64 {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	var greatest float64
	for i, j := 0, 0; i < len(a) && j < len(b); {
		x := min(a[i], b[j])
		for i < len(a) && a[i] == x {
			i++
		}
		for j < len(b) && b[j] == x {
			j++
		}
		greatest = max(greatest, math.Abs(float64(i)/float64(len(a))-float64(j)/float64(len(b))))
	}
	return greatest
}
