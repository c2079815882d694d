package lorawan

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"github.com/necstgen/necstgen/datasets/feature"
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

// WriteGenerated writes uplinks, in time order, in the columns of generated
// traffic. There is one value of each quantity, so it stands in both its columns;
// categories are values, not codes. Damaged records of the stream are left out,
// any other error ends it.
func WriteGenerated(w io.Writer, uplinks iter.Seq2[Uplink, error], compat feature.Compat) error {
	out := bufio.NewWriterSize(w, 1<<16)
	fmt.Fprintln(out, strings.Join(generatedColumns(), ","))
	var start, last int64
	var line []byte
	first := true
	for u, err := range uplinks {
		if err != nil {
			if isRecord(err) {
				continue
			}
			return err
		}
		if first {
			start, last, first = u.Time, u.Time, false
		}
		gap := float64(max(0, u.Time-last)) / 1e9
		last = max(last, u.Time)
		line = appendGenerated(line[:0], &u, float64(last-start)/1e9, gap, compat)
		if _, err := out.Write(line); err != nil {
			return fmt.Errorf("lorawan: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("lorawan: %w", err)
	}
	return nil
}

func appendGenerated(line []byte, u *Uplink, elapsed, gap float64, compat feature.Compat) []byte {
	numbers := func(values ...float64) {
		for _, v := range values {
			line = append(strconv.AppendFloat(line, v, 'g', -1, 64), ',')
		}
	}
	rate := feature.CodeRateDomain.Text(float64(u.CodeRate))
	total, header, payload := Lengths(u, compat)
	bandwidth, factor, frequency, crc := float64(u.Bandwidth), float64(u.SpreadingFactor), float64(u.Frequency), float64(u.CRC)
	numbers(elapsed, gap, elapsed, gap, bandwidth, factor)
	line = append(append(line, rate...), ',')
	numbers(frequency, crc, u.SNR, u.RSSI, float64(total), float64(header))
	line = append(append(line, rate...), ',')
	numbers(bandwidth, factor, frequency, crc, float64(total), u.SNR, u.RSSI, float64(header), float64(payload))
	line[len(line)-1] = '\n'
	return line
}
