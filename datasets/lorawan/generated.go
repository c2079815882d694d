package lorawan

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
)

// generatedColumns returns the columns of NeCSTGen's generated LoRaWAN traffic
// (output/DF_GEN_PACKET_LORA_*_NO_FLOW_FINAL.csv, algorithm.md 9.3).
func generatedColumns() []string {
	return []string{"timesteps_lstm", "time_diff_lstm", "timesteps_vae", "time_diff_vae",
		"bandwidth_lstm", "spreading_factor_lstm", "code_rate_lstm", "frequency_lstm", "crc_status_lstm", "snr_lstm", "rssi_lstm",
		"length_total_lstm", "header_length_lstm",
		"code_rate_vae", "bandwidth_vae", "spreading_factor_vae", "frequency_vae", "crc_status_vae", "length_total_vae", "snr_vae", "rssi_vae",
		"header_length_vae", "payload_length_vae"}
}

// WriteGenerated writes the packets of uplinks, which come in time order, in the columns
// of generated traffic; categories are values, not codes. The _lstm columns are the
// packets, the _vae columns their Decoded, empty where a packet has none. Downlinks and
// damaged records of the stream are left out, any other error ends it.
func WriteGenerated(w io.Writer, uplinks iter.Seq2[flow.Packet, error]) error {
	out := bufio.NewWriterSize(w, 1<<16)
	fmt.Fprintln(out, strings.Join(generatedColumns(), ","))
	g := generatedLines{}
	for p, err := range uplinks {
		if err != nil {
			if isRecord(err) {
				continue
			}
			return err
		}
		if p.Radio == nil { // a downlink that the gateway heard
			continue
		}
		if _, err := out.Write(g.next(&p)); err != nil {
			return fmt.Errorf("lorawan: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("lorawan: %w", err)
	}
	return nil
}

// generatedLines makes lines of packets.
type generatedLines struct {
	line        []byte
	begun       bool  // there was a packet
	start, last int64 // times of the first packet and of the one before, nanoseconds
	decoded     float64
}

// next returns the line of the next packet, valid until the one behind it.
func (g *generatedLines) next(p *flow.Packet) []byte {
	if !g.begun {
		g.begun, g.start, g.last = true, p.Time, p.Time
	}
	gap := float64(max(0, p.Time-g.last)) / 1e9
	g.last = max(g.last, p.Time)
	d := p.Decoded
	if d != nil {
		g.decoded += d.Gap
	}
	g.line = g.line[:0]
	g.append(float64(g.last-g.start)/1e9, gap)
	if d == nil {
		g.empty(2)
	} else {
		g.append(g.decoded, d.Gap)
	}
	u := fromRadio(p.Radio)
	g.append(float64(u.Bandwidth), float64(u.SpreadingFactor))
	g.rate(u)
	g.append(float64(u.Frequency), float64(u.CRC), u.SNR, u.RSSI, float64(p.Length), float64(p.HeaderLength))
	if d == nil {
		g.empty(10)
	} else {
		u := fromRadio(d.Radio)
		g.rate(u)
		g.append(float64(u.Bandwidth), float64(u.SpreadingFactor), float64(u.Frequency), float64(u.CRC), d.Length, u.SNR, u.RSSI, d.HeaderLength, d.PayloadLength)
	}
	g.line[len(g.line)-1] = '\n'
	return g.line
}

// empty adds cells without a value.
func (g *generatedLines) empty(cells int) {
	for range cells {
		g.line = append(g.line, ',')
	}
}

// append adds cells of numbers.
func (g *generatedLines) append(values ...float64) {
	for _, v := range values {
		g.line = append(strconv.AppendFloat(g.line, v, 'g', -1, 64), ',')
	}
}

// rate adds a cell of the code rate.
func (g *generatedLines) rate(u Uplink) {
	g.line = append(append(g.line, feature.CodeRateDomain.Text(float64(u.CodeRate))...), ',')
}
