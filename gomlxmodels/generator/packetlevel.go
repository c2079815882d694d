package generator

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
)

// PacketLevel is the lowest level (algorithm.md 9.0): packets drawn from labels,
// each by itself, without the network and without flows. Sampled and Paper have it.
type PacketLevel interface {
	LabelCount() int                                   // labels are 0 to LabelCount()-1
	Latent() LatentSample                              // of the training packets, empty once loaded
	ObservedLabels() []int                             // of the training packets in time order, the first million at most
	ChainLabels(n int, src rand.Source) ([]int, error) // n labels drawn from the chain
	Packets(labels []int, start int64, src rand.Source) (*Packets, error)
}

var (
	_ PacketLevel = (*Sampled)(nil)
	_ PacketLevel = (*Paper)(nil)
)

// Packets are packets drawn from labels, row by row the same in all fields.
type Packets struct {
	Labels  []int
	Points  *mat.Dense // [packets, latent]: drawn from each label's Gaussian
	Columns []string   // names of the features, in the order of algorithm.md section 5
	Rows    *mat.Dense // [packets, columns]: the decoded features in their own units; categories as numbers (see feature.Domain)
	Packets []flow.Packet
}

// mostObserved bounds the labels that are kept with a generator.
const mostObserved = 1 << 20

// LabelCount is the number of labels, which are numbered through all mixtures.
func (g *Sampled) LabelCount() int { return g.Embedding.Mixtures.LabelCount() }

// LabelCount is the number of labels, which are numbered through all mixtures.
func (g *Paper) LabelCount() int { return g.Embedding.Mixtures.LabelCount() }

// Latent is a sample of the training packets' latent points, empty once loaded.
func (g *Sampled) Latent() LatentSample { return g.Embedding.Latents }

// Latent is a sample of the training packets' latent points, empty once loaded.
func (g *Paper) Latent() LatentSample { return g.Embedding.Latents }

// ObservedLabels are the labels of the training packets in time order, the first
// million at most. Do not change them.
func (g *Sampled) ObservedLabels() []int { return g.Embedding.Observed }

// ObservedLabels are the labels of the training packets in time order, the first
// million at most. Do not change them.
func (g *Paper) ObservedLabels() []int { return g.Embedding.Observed }

// Packets draws a packet for each label; see Embedding.Packets.
func (g *Sampled) Packets(labels []int, start int64, src rand.Source) (*Packets, error) {
	return g.Embedding.Packets(labels, start, src)
}

// Packets draws a packet for each label; see Embedding.Packets.
func (g *Paper) Packets(labels []int, start int64, src rand.Source) (*Packets, error) {
	return g.Embedding.Packets(labels, start, src)
}

// ChainLabels draws flow after flow from the chain until there are n labels.
func (g *Sampled) ChainLabels(n int, src rand.Source) ([]int, error) {
	if err := checkCount(n); err != nil {
		return nil, err
	}
	var labels []int
	for len(labels) < n {
		labels = g.Chain.AppendSample(labels, src, n-len(labels))
	}
	return labels, nil
}

// ChainLabels draws flow after flow from the chain, of lengths that the aggregate
// level draws, until there are n labels; without flows, one timeline.
func (g *Paper) ChainLabels(n int, src rand.Source) ([]int, error) {
	if err := checkCount(n); err != nil {
		return nil, err
	}
	draw := g.labels(Request{Flows: n, Seed: src.Uint64()}, src)
	var labels []int
	for len(labels) < n {
		labels, _, _ = draw(labels)
	}
	return labels[:n], nil
}

func checkCount(n int) error {
	if n < 1 || n > math.MaxInt32 {
		return fmt.Errorf("generator: %d labels asked for: want 1 to %d", n, math.MaxInt32)
	}
	return nil
}

// Packets draws for each label a point from its component's Gaussian, decodes it,
// and takes each column back by its own scale (D27 to D31): categories are the
// nearest that training had (D43), lengths whole, in the training's range, and the
// header no longer than the frame (D30). The times are start and the running sum
// of the decoded gaps. An unknown label is an error.
func (e *Embedding) Packets(labels []int, start int64, src rand.Source) (*Packets, error) {
	if len(labels) == 0 {
		return nil, errors.New("generator: no labels to draw packets from")
	}
	codes, points, err := e.decode(labels, src)
	if err != nil {
		return nil, err
	}
	d := &Packets{Labels: labels, Points: points, Columns: e.Encoder.Schema().Names(), Packets: make([]flow.Packet, len(labels))}
	d.Rows = mat.NewDense(len(labels), e.Encoder.Width(), nil)
	named := e.named()
	at := float64(0)
	for i := range labels {
		row := e.Encoder.DecodeRow(d.Rows.RawRowView(i)[:0], codes.RawRowView(i))
		named.fit(row)
		p := &d.Packets[i]
		named.packet(p, row)
		at += named.value(row, "time_diff") * 1e9
		if at+float64(start) > float64(math.MaxInt64-maxSpan) {
			return nil, fmt.Errorf("generator: packet %d of the labels is %.0f s after the start: beyond the year 2262, where time stamps end: draw fewer at once", i, at/1e9)
		}
		p.Number, p.Time = int64(i), start+int64(math.Round(at))
	}
	return d, nil
}

// decode draws a point for each label [labels, latent] and decodes it into codes
// [labels, columns], each in [0, 1].
func (e *Embedding) decode(labels []int, src rand.Source) (codes, points *mat.Dense, err error) {
	_, width := len(labels), e.VAE.Config.Latent
	points = mat.NewDense(len(labels), width, nil)
	for i, label := range labels {
		if _, err := e.Mixtures.Sample(points.RawRowView(i), label, src); err != nil {
			return nil, nil, fmt.Errorf("generator: label %d of the sequence is %d: want 0 to %d", i, label, e.Mixtures.LabelCount()-1)
		}
	}
	if codes, err = e.VAE.Decode(points); err != nil {
		return nil, nil, fmt.Errorf("generator: %w", err)
	}
	return codes, points, nil
}

// columnsByName finds the values of a decoded row.
type columnsByName map[string]int

func (e *Embedding) named() columnsByName {
	c := make(columnsByName)
	for i, name := range e.Encoder.Schema().Names() {
		c[name] = i
	}
	return c
}

// value is the named value of a row, 0 where the variant does not have it.
func (c columnsByName) value(row []float64, name string) float64 {
	if i, ok := c[name]; ok {
		return row[i]
	}
	return 0
}

// fit cuts the header to the frame and the payload to what the header leaves.
func (c columnsByName) fit(row []float64) {
	length := c.value(row, "length_total")
	header := min(c.value(row, "header_length"), length)
	row[c["header_length"]] = header
	row[c["payload_length"]] = min(c.value(row, "payload_length"), length-header)
}

// packet is the packet of a decoded row, without its time.
func (c columnsByName) packet(p *flow.Packet, row []float64) {
	p.Length, p.HeaderLength = int32(c.value(row, "length_total")), int32(c.value(row, "header_length"))
	p.Captured, p.PayloadLength = p.Length, int32(c.value(row, "payload_length"))
	if _, uplink := c["spreading_factor"]; uplink {
		p.Radio = c.radio(row)
		p.Application, p.Layers[0] = flow.LoRaWAN, flow.Layer{Name: flow.LayerLoRaWAN, Length: p.Length}
		return
	}
	for i, name := range []string{"layers_2", "layers_3", "layers_4", "layers_5"} {
		p.Layers[i+2].Name = flow.LayerName(c.value(row, name))
	}
	switch p.Layers[2].Name {
	case flow.LayerTCP:
		p.Tuple.Proto = flow.TCP
	case flow.LayerUDP:
		p.Tuple.Proto = flow.UDP
	case flow.LayerICMP:
		p.Tuple.Proto = flow.ICMP
	}
	p.Flags = flow.TCPFlags(c.value(row, "flags"))
	if from, to := c.value(row, "sport"), c.value(row, "dport"); from > 0 && to == 0 {
		p.Direction = flow.Backward // a service answers
	}
}

// radio is what a decoded row says of an uplink.
func (c columnsByName) radio(row []float64) *flow.Radio {
	known := func(name string) float64 { return max(0, c.value(row, name)) }
	r := &flow.Radio{Gateway: documentationEUI, Address: address(0), Counter: uint32(known("fcnt")) & counterMask,
		Port: int16(c.value(row, "fport")), MType: uint8(known("mtype")), Frequency: uint32(known("frequency")),
		SpreadingFactor: uint8(known("spreading_factor")), Bandwidth: uint16(known("bandwidth")), CodeRate: uint8(known("code_rate")),
		CRC: int8(c.value(row, "crc_status")), RSSI: float32(c.value(row, "rssi")), SNR: float32(c.value(row, "snr"))}
	if (settings{mtype: r.MType}).joins() {
		r.Address, r.Counter = 0, 0
	}
	return r
}

// ReadLabels reads a list of labels: whole numbers, separated by spaces, commas or
// line ends; what follows a # is a remark. The name is for messages.
func ReadLabels(r io.Reader, name string) ([]int, error) {
	var labels []int
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<24)
	for number := 1; lines.Scan(); number++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		for _, word := range strings.FieldsFunc(line, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' || c == '\r' }) {
			label, err := strconv.Atoi(word)
			if err != nil || label < 0 {
				return nil, fmt.Errorf("generator: %s:%d: label %q: want a whole number from 0", name, number, word)
			}
			labels = append(labels, label)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("generator: %s: %w", name, err)
	}
	if len(labels) == 0 {
		return nil, fmt.Errorf("generator: %s: no labels: want at least one", name)
	}
	return labels, nil
}

// variantOf refuses packets that are not of the variant's kind.
func variantOf(cfg Config, flows []*flow.Flow) error {
	uplinks, err := allUplinks(flows)
	switch {
	case err != nil:
		return err
	case uplinks && cfg.Variant != feature.LoRaWAN:
		return fmt.Errorf("generator: the packets are LoRaWAN uplinks: want the features of variant %q, not %q", feature.LoRaWAN, cfg.Variant)
	case !uplinks && cfg.Variant == feature.LoRaWAN:
		return fmt.Errorf("generator: the packets are no LoRaWAN uplinks: want the features of another variant than %q", cfg.Variant)
	}
	return nil
}
