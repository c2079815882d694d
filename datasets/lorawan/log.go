package lorawan

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/csvrows"
	"github.com/necstgen/necstgen/datasets/feature"
)

// logColumns are the columns of a published log, in order.
var logColumns = []string{"time", "device_address", "physical_payload", "gateway", "crc_status", "frequency", "spreading_factor", "bandwidth",
	"code_rate", "rssi", "snr", "size", "mtype", "fcnt", "fport"}

// featureColumns follow in NeCSTGen's raw files.
var featureColumns = []string{"payload_length", "header_length", "length_total", "timestamps", "time_diff", "rate",
	"rolling_rate_byte_sec", "rolling_rate_byte_min", "rolling_rate_packet_sec", "rolling_rate_packet_min"}

// timeLayout is how the logs write time.
const timeLayout = "2006-01-02 15:04:05.999999999-07:00"

// Log reads a published gateway log: CSV whose columns are found by name. The
// device's fields are the log's, or the frame's where the log has no such column. A
// record that cannot be read is a *RowError in the stream, and reading goes on.
func Log(r io.Reader, name string) iter.Seq2[Uplink, error] {
	return func(yield func(Uplink, error) bool) {
		s, err := csvrows.Open(r, "lorawan", name, "time", "physical_payload", "gateway")
		if err != nil {
			yield(Uplink{}, err)
			return
		}
		l := logReader{s}
		for {
			err := l.Next()
			if err == io.EOF {
				return
			}
			var u Uplink
			if err == nil {
				if u, err = l.uplink(); err != nil {
					err = l.Wrong(err)
				}
			}
			if !yield(u, err) || err != nil && !isRecord(err) {
				return
			}
		}
	}
}

type logReader struct{ *csvrows.Reader }

// number returns the number of a cell, or what stands for an empty one.
func (l *logReader) number(column string, missing, lo, hi float64) (float64, error) {
	text := l.Text(column)
	if text == "" {
		return missing, nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= lo && v <= hi) {
		return 0, fmt.Errorf("column %s: %q is no number from %g to %g", column, text, lo, hi)
	}
	return v, nil
}

func (l *logReader) uplink() (Uplink, error) {
	u := Uplink{Gateway: strings.Clone(l.Text("gateway")), Address: strings.Clone(l.Text("device_address")), CodeRate: Missing}
	t, err := time.Parse(timeLayout, l.Text("time"))
	if err != nil {
		return u, fmt.Errorf("column time: %w", err)
	}
	if y := t.Year(); y < 1970 || y > 2200 {
		return u, fmt.Errorf("column time: year %d is out of range", y)
	}
	u.Time = t.UnixNano()
	if text := l.Text("physical_payload"); text != "" {
		if u.Physical, err = decodeBase64(text); err != nil {
			return u, fmt.Errorf("column physical_payload: %w", err)
		}
	}
	if text := l.Text("mtype"); text != "" {
		v, err := strconv.ParseUint(strings.TrimSuffix(text, ".0"), 2, 3)
		if err != nil {
			return u, fmt.Errorf("column mtype: %q is no message type in binary digits", text)
		}
		u.MType = uint8(v)
	}
	if text := l.Text("code_rate"); text != "" {
		v, err := feature.CodeRateDomain.Value(text)
		if err != nil || v != math.Trunc(v) || v < -1 || v > 8 {
			return u, fmt.Errorf("column code_rate: %q is no code rate: want 4/5 to 4/8", text)
		}
		u.CodeRate = int8(v)
	}
	err = l.numbers(&u)
	l.fill(&u)
	return u, err
}

// fill takes from the frame what the log has no column for.
func (l *logReader) fill(u *Uplink) {
	mtype, address, counter, port := l.Has("mtype"), l.Has("device_address"), l.Has("fcnt"), l.Has("fport")
	if mtype && address && counter && port || len(u.Physical) == 0 {
		return
	}
	frame := Uplink{Physical: u.Physical}
	frame.describe()
	if !mtype {
		u.MType = frame.MType
	}
	if !address {
		u.Address = frame.Address
	}
	if !counter {
		u.Counter = frame.Counter
	}
	if !port {
		u.Port = frame.Port
	}
}

func (l *logReader) numbers(u *Uplink) error {
	var values [9]float64
	for i, f := range []struct {
		column          string
		missing, lo, hi float64
	}{
		{"crc_status", 0, -1, 1}, {"frequency", 0, 0, math.MaxUint32}, {"spreading_factor", Missing, Missing, 12}, {"bandwidth", Missing, Missing, 2000},
		{"rssi", 0, -1000, 1000}, {"snr", 0, -1000, 1000}, {"size", Missing, Missing, 1 << 20}, {"fcnt", Missing, Missing, math.MaxUint32},
		{"fport", MissingPort, MissingPort, 255},
	} {
		var err error
		if values[i], err = l.number(f.column, f.missing, f.lo, f.hi); err != nil {
			return err
		}
	}
	u.CRC, u.Frequency, u.SpreadingFactor, u.Bandwidth = int8(values[0]), uint32(values[1]), int8(values[2]), int16(values[3])
	u.RSSI, u.SNR, u.Size, u.Counter, u.Port = values[4], values[5], int32(values[6]), int64(values[7]), int16(values[8])
	return nil
}

// decodeBase64 takes padded and bare base64, as gateways write both.
func decodeBase64(text string) ([]byte, error) {
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
}

// WriteLog writes a gateway log in the columns of NeCSTGen's raw/df_raw_LORA_*.csv,
// its features included; they run per gateway. Compat.Base64Length, which the
// published files have, counts characters for payload_length (D05). Damaged
// records of the stream are left out, any other error ends it.
func WriteLog(w io.Writer, uplinks iter.Seq2[Uplink, error], compat feature.Compat) error {
	out := bufio.NewWriterSize(w, 1<<16)
	fmt.Fprintln(out, strings.Join(append(append([]string(nil), logColumns...), featureColumns...), ","))
	x := newExtractor(compat)
	var line []byte
	for u, err := range uplinks {
		if err != nil {
			if isRecord(err) {
				continue
			}
			return err
		}
		line = appendLine(line[:0], &u, x)
		if _, err := out.Write(line); err != nil {
			return fmt.Errorf("lorawan: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("lorawan: %w", err)
	}
	return nil
}

func isRecord(err error) bool {
	var record interface{ RecordNumber() int64 }
	return errors.As(err, &record)
}

func appendLine(line []byte, u *Uplink, x *extractor) []byte {
	text := func(s string) {
		if strings.ContainsAny(s, ",\"\r\n") {
			s = strconv.Quote(s)
		}
		line = append(append(line, s...), ',')
	}
	number := func(v float64) { line = append(strconv.AppendFloat(line, v, 'f', -1, 64), ',') }
	t := time.Unix(0, u.Time).UTC()
	layout := "2006-01-02 15:04:05.000000000+00:00"
	switch {
	case t.Nanosecond() == 0:
		layout = "2006-01-02 15:04:05+00:00"
	case t.Nanosecond()%1000 == 0:
		layout = "2006-01-02 15:04:05.000000+00:00"
	}
	line = append(t.AppendFormat(line, layout), ',')
	text(u.Address)
	text(base64.StdEncoding.EncodeToString(u.Physical))
	text(u.Gateway)
	number(float64(u.CRC))
	number(float64(u.Frequency))
	number(float64(u.SpreadingFactor))
	number(float64(u.Bandwidth))
	text(feature.CodeRateDomain.Text(float64(u.CodeRate)))
	number(u.RSSI)
	number(u.SNR)
	number(float64(u.Size))
	text(strconv.FormatUint(uint64(u.MType), 2))
	number(float64(u.Counter))
	number(float64(u.Port))
	total, header, payload := Lengths(u, x.compat)
	d := x.dynamics(u, total)
	number(float64(payload))
	number(float64(header))
	number(float64(total))
	line = strconv.AppendInt(line, t.Unix(), 10)
	line = append(line, '.')
	line = append(line, strconv.Itoa(1e9 + t.Nanosecond())[1:]...)
	line = append(line, ',')
	for _, v := range []float64{d.TimeDiff, d.Rate, d.ByteSecond, d.ByteMinute, d.PacketSecond, d.PacketMinute} {
		number(v)
	}
	line[len(line)-1] = '\n'
	return line
}
