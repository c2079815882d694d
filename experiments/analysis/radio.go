package analysis

import (
	"fmt"
	"math"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/figure"
)

// uplinks returns the packets of the sample that are uplinks.
func (t *Traffic) uplinks() []*flow.Packet {
	var all []*flow.Packet
	for _, f := range t.Sample {
		for i := range f.Packets {
			if f.Packets[i].Radio != nil {
				all = append(all, &f.Packets[i])
			}
		}
	}
	return all
}

// ofUplinks takes a number of each uplink.
func ofUplinks(of func(p *flow.Packet) float64) func(t *Traffic) fidelity.Values {
	return func(t *Traffic) (v fidelity.Values) {
		for _, p := range t.uplinks() {
			v.List = append(v.List, of(p))
		}
		return v
	}
}

func snr(p *flow.Packet) float64  { return decimal(p.Radio.SNR) }
func rssi(p *flow.Packet) float64 { return decimal(p.Radio.RSSI) }

// decimal returns the decimal number that a level in single precision stands for:
// gateways note tenths of a dB.
func decimal(v float32) float64 { return math.Round(float64(v)*1e4) / 1e4 }

// levels draws the SNR of uplinks against their RSSI (A2).
func levels(r *Result, sides []*Side) error {
	var clouds []figure.Cloud
	var correlations []float64
	for _, s := range sides {
		x, y := ofUplinks(rssi)(s.Traffic).List, ofUplinks(snr)(s.Traffic).List
		clouds = append(clouds, figure.Cloud{Side: s.look, Name: s.Name, X: x, Y: y})
		correlations = append(correlations, correlation(x, y))
	}
	r.add("SNR and RSSI", "correlation", "", true, correlations...)
	r.describe("SNR", "dB", values(sides, ofUplinks(snr)))
	r.describe("RSSI", "dBm", values(sides, ofUplinks(rssi)))
	f, err := figure.Clouds("Signal levels of uplinks", figure.Axis{Label: "RSSI in dBm"}, figure.Axis{Label: "SNR in dB"}, clouds...)
	return r.draw("", "How strong each uplink came in, and how far above the noise. All sides have one scale. In brackets the uplinks.", f, err)
}

// correlation is Pearson's. It is not a number where one side is constant.
func correlation(x, y []float64) float64 {
	var meanX, meanY, xx, yy, xy float64
	n := float64(len(x))
	for i := range x {
		meanX, meanY = meanX+x[i]/n, meanY+y[i]/n
	}
	for i := range x {
		dx, dy := x[i]-meanX, y[i]-meanY
		xx, yy, xy = xx+dx*dx, yy+dy*dy, xy+dx*dy
	}
	return xy / math.Sqrt(xx*yy)
}

// factors draws the shares of spreading factors and the SNR of each (A3).
func factors(r *Result, sides []*Side) error {
	var all []int
	for _, s := range sides {
		for _, p := range s.Traffic.uplinks() {
			if f := int(p.Radio.SpreadingFactor); !slices.Contains(all, f) {
				all = append(all, f)
			}
		}
	}
	slices.Sort(all)
	var categories []string
	for _, f := range all {
		name := fmt.Sprint("SF", f)
		if f == 0 {
			name = "not noted"
		}
		categories = append(categories, name)
	}
	spreads := make([]figure.Spread, len(sides))
	counted := make([]shares, len(sides))
	for i, s := range sides {
		spreads[i] = figure.Spread{Side: s.look, Name: s.Name, Values: make([][]float64, len(all))}
		at := func(_ *flow.Flow, p *flow.Packet) int {
			if p.Radio == nil {
				return -1
			}
			return slices.Index(all, int(p.Radio.SpreadingFactor))
		}
		for _, p := range s.Traffic.uplinks() {
			k := at(nil, p)
			spreads[i].Values[k] = append(spreads[i].Values[k], snr(p))
		}
		counted[i] = sharesOf(s.Traffic, len(all), at)
	}
	bars := r.addShares("spreading factor", categories, sides, counted)
	for k, name := range categories {
		of := make([]fidelity.Values, len(sides))
		for i := range sides {
			of[i].List = spreads[i].Values[k]
		}
		r.describeFor(sides, sides, "SNR at "+name, "dB", of)
	}
	f, err := figure.Boxes("Spreading factors, and the SNR of each", "SNR in dB", categories, spreads, "share of the uplinks", bars)
	return r.draw("", "Above the shares with 95 % bootstrap intervals; below, boxes hold half of the uplinks around the median, whiskers 90 %. In brackets the uplinks.", f, err)
}

// radioFields draws the distribution functions of what gateways note (A25). Fields
// that have one value on all sides are left out.
func radioFields(r *Result, sides []*Side) error {
	for _, d := range []struct {
		more, quantity, axis, unit string
		of                         func(p *flow.Packet) float64
		device                     bool // it is the device's, not the gateway's
	}{
		{"factor", "spreading factor", "spreading factor", "", func(p *flow.Packet) float64 { return float64(p.Radio.SpreadingFactor) }, false},
		{"frequency", "frequency", "MHz", "MHz", func(p *flow.Packet) float64 { return float64(p.Radio.Frequency) / 1e6 }, false},
		{"bandwidth", "bandwidth", "kHz", "kHz", func(p *flow.Packet) float64 { return float64(p.Radio.Bandwidth) }, false},
		{"code-rate", "code rate", "5 is 4/5, 8 is 4/8", "", func(p *flow.Packet) float64 { return float64(p.Radio.CodeRate) }, false},
		{"length", "uplink length", "bytes of the PHYPayload", "bytes", func(p *flow.Packet) float64 { return float64(p.Length) }, false},
		{"port", "FPort", "FPort; -2: none", "", func(p *flow.Packet) float64 { return float64(p.Radio.Port) }, true},
		{"counter", "frame counter", "frame counter", "", func(p *flow.Packet) float64 { return float64(p.Radio.Counter) }, true},
	} {
		kept := sides
		if d.device {
			kept = with(sides, needDevices)
		}
		all := values(kept, ofUplinks(d.of))
		if len(kept) < min(2, len(sides)) || kept[0] != sides[0] || constant(all) {
			continue
		}
		part := &Result{Name: r.Name}
		if err := part.distribution(d.more, "Uplinks: "+d.quantity, d.quantity, d.axis, d.unit, figure.Linear, kept, all); err != nil {
			return err
		}
		r.take(part, sides, kept)
	}
	if len(r.Figures) == 0 {
		return fmt.Errorf("every field has one value on all sides: %w", figure.ErrNoValues)
	}
	return nil
}

// constant reports whether all samples have one value.
func constant(all []fidelity.Values) bool {
	for _, v := range all {
		for _, x := range v.List {
			if x != all[0].List[0] {
				return false
			}
		}
	}
	return true
}
