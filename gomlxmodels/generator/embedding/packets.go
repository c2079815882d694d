package embedding

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/radio"
)

// LabelCount returns the number of labels, which are numbered through all mixtures.
func (m *Model) LabelCount() int { return m.Mixtures.LabelCount() }

// ObservedLabels returns the labels of the training packets in time order, the first
// million at most. They must not be changed.
func (m *Model) ObservedLabels() []int { return m.Observed }

// CheckCount refuses a number of labels that no sequence can have.
func CheckCount(n int) error {
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
func (m *Model) Packets(labels []int, start int64, src rand.Source) (*generator.Packets, error) {
	if len(labels) == 0 {
		return nil, errors.New("generator: no labels to draw packets from")
	}
	codes, points, err := m.Decode(labels, src)
	if err != nil {
		return nil, err
	}
	d := &generator.Packets{Labels: labels, Points: points, Columns: m.Encoder.Schema().Names(), Packets: make([]flow.Packet, len(labels))}
	d.Rows = mat.NewDense(len(labels), m.Encoder.Width(), nil)
	columns := m.Columns()
	at := float64(0)
	for i := range labels {
		row := m.Encoder.DecodeRow(d.Rows.RawRowView(i)[:0], codes.RawRowView(i))
		columns.fit(row)
		p := &d.Packets[i]
		columns.packet(p, row)
		at += columns.Value(row, "time_diff") * 1e9
		if at+float64(start) > float64(math.MaxInt64-generator.MaxSpan) {
			return nil, fmt.Errorf("generator: packet %d of the labels is %.0f s after the start: beyond the year 2262, where time stamps end: draw fewer at once", i, at/1e9)
		}
		p.Number, p.Time = int64(i), start+int64(math.Round(at))
	}
	return d, nil
}

// Decode draws a point for each label [labels, latent] and decodes it into codes
// [labels, columns], each in [0, 1].
func (m *Model) Decode(labels []int, src rand.Source) (codes, points *mat.Dense, err error) {
	points = mat.NewDense(len(labels), m.VAE.Config.Latent, nil)
	for i, label := range labels {
		if _, err := m.Mixtures.Sample(points.RawRowView(i), label, src); err != nil {
			return nil, nil, fmt.Errorf("generator: label %d of the sequence is %d: want 0 to %d", i, label, m.Mixtures.LabelCount()-1)
		}
	}
	if codes, err = m.VAE.Decode(points); err != nil {
		return nil, nil, fmt.Errorf("generator: %w", err)
	}
	return codes, points, nil
}

// Columns find the values of a decoded row by their names.
type Columns map[string]int

// Columns returns the columns of the features.
func (m *Model) Columns() Columns {
	c := make(Columns)
	for i, name := range m.Encoder.Schema().Names() {
		c[name] = i
	}
	return c
}

// Value returns the named value of a row, 0 where the variant does not have it.
func (c Columns) Value(row []float64, name string) float64 {
	if i, ok := c[name]; ok {
		return row[i]
	}
	return 0
}

// Decoded returns what a decoded row says of a packet.
func (c Columns) Decoded(row []float64) *flow.Decoded {
	value := func(name string) float64 { return c.Value(row, name) }
	d := &flow.Decoded{Length: value("length_total"), HeaderLength: value("header_length"), PayloadLength: value("payload_length"), Gap: value("time_diff")}
	if c.uplink() {
		d.Radio = radio.FromFeatures(value)
	}
	return d
}

// uplink reports whether the features are those of uplinks.
func (c Columns) uplink() bool {
	_, found := c["spreading_factor"]
	return found
}

// fit cuts the header to the frame and the payload to what the header leaves.
func (c Columns) fit(row []float64) {
	length := c.Value(row, "length_total")
	header := min(c.Value(row, "header_length"), length)
	row[c["header_length"]] = header
	row[c["payload_length"]] = min(c.Value(row, "payload_length"), length-header)
}

// packet fills in the packet of a decoded row, apart from its time.
func (c Columns) packet(p *flow.Packet, row []float64) {
	p.Length, p.HeaderLength = int32(c.Value(row, "length_total")), int32(c.Value(row, "header_length"))
	p.Captured, p.PayloadLength = p.Length, int32(c.Value(row, "payload_length"))
	if c.uplink() {
		p.Radio = radio.FromFeatures(func(name string) float64 { return c.Value(row, name) })
		p.Application, p.Layers[0] = flow.LoRaWAN, flow.Layer{Name: flow.LayerLoRaWAN, Length: p.Length}
		return
	}
	for i, name := range []string{"layers_2", "layers_3", "layers_4", "layers_5"} {
		p.Layers[i+2].Name = flow.LayerName(c.Value(row, name))
	}
	switch p.Layers[2].Name {
	case flow.LayerTCP:
		p.Tuple.Proto = flow.TCP
	case flow.LayerUDP:
		p.Tuple.Proto = flow.UDP
	case flow.LayerICMP:
		p.Tuple.Proto = flow.ICMP
	}
	p.Flags = flow.TCPFlags(c.Value(row, "flags"))
	if from, to := c.Value(row, "sport"), c.Value(row, "dport"); from > 0 && to == 0 {
		p.Direction = flow.Backward // a service answers
	}
}
