package necstgencsv

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
)

// Options say what is not in the packets.
type Options struct {
	Application string // column applications, "HTTP" or "UDP_GOOGLE_HOME"; empty: each packet's own
}

// WritePackets writes the packets of a stream with a [PacketWriter]. Damaged records of
// the stream are left out, any other error ends it.
func WritePackets(w io.Writer, layout Layout, packets iter.Seq2[flow.Packet, error], opts Options) error {
	out, err := NewPacketWriter(w, layout, opts)
	if err != nil {
		return err
	}
	var p flow.Packet // one for all rows: Write's argument escapes
	for p, err = range packets {
		if err == nil {
			err = out.Write(&p)
		}
		if err != nil && !flow.IsRecordError(err) {
			return err
		}
	}
	return out.Flush()
}

// PacketWriter writes a packet file, a row a packet.
type PacketWriter struct {
	out   *bufio.Writer
	cells []cell
	row   formatter
	line  []byte
}

// NewPacketWriter begins a packet file in a layout.
func NewPacketWriter(w io.Writer, layout Layout, opts Options) (*PacketWriter, error) {
	columns := layout.Columns()
	if columns == nil {
		return nil, fmt.Errorf("necstgencsv: unknown layout %q: want %s, %s, %s or %s", layout, Day, DARPA, TCPGoogleHome, UDPGoogleHome)
	}
	p := &PacketWriter{out: bufio.NewWriterSize(w, 1<<16), row: formatter{layout: layout, opts: opts}}
	p.cells = p.row.cells(columns)
	_, err := fmt.Fprintln(p.out, strings.Join(columns, ","))
	return p, err
}

// Write writes the next packet. Time features run over the packets of each Capture as
// they come, which must be those of one application in time order. Header and payload
// lengths are the original's (feature.LayerLengths) where packets have layers.
func (w *PacketWriter) Write(p *flow.Packet) error {
	w.row.set(p)
	w.line = w.line[:0]
	for i, cell := range w.cells {
		if i > 0 {
			w.line = append(w.line, ',')
		}
		w.line = cell(w.line, p)
	}
	w.row.index++
	if _, err := w.out.Write(append(w.line, '\n')); err != nil {
		return fmt.Errorf("necstgencsv: %w", err)
	}
	return nil
}

// Flush ends the file.
func (w *PacketWriter) Flush() error {
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("necstgencsv: %w", err)
	}
	return nil
}

// cell appends the text of one column of a packet.
type cell func(dst []byte, p *flow.Packet) []byte

// formatter holds what the cells of a row share.
type formatter struct {
	layout          Layout
	opts            Options
	clocks          feature.Clocks // by capture
	days            Days
	day             CaptureDay
	dynamics        feature.Dynamics
	header, payload int32
	layers          int
	index           int64
}

// set prepares the cells of the next packet.
func (f *formatter) set(p *flow.Packet) {
	f.day = f.days.Of(p, "")
	f.dynamics = f.clocks.Of(p.Capture).Next(p.Time, float64(p.Length))
	f.layers = p.Layers.Count()
	f.header, f.payload = p.HeaderLength, p.Length-p.HeaderLength
	if f.layers > 0 {
		variant := f.layout.variant()
		f.header, f.payload = feature.LayerLengths(p, variant)
		if variant == feature.General {
			f.layers = min(f.layers, 5)
		}
	}
}

// cells are the cells of the columns.
func (f *formatter) cells(columns []string) []cell {
	all := f.packetCells()
	for name, c := range f.featureCells() {
		all[name] = c
	}
	for i, layer := range layerColumns {
		all[layer.name] = func(dst []byte, p *flow.Packet) []byte {
			name := p.Layers[i].Name
			if i == 5 && f.layout == DARPA {
				name = flow.NoLayer
			}
			if name == flow.NoLayer && f.layout == Day {
				return dst
			}
			return append(dst, name.String()...)
		}
		all[layer.length] = func(dst []byte, p *flow.Packet) []byte {
			length := p.Layers[i].Length
			switch {
			case p.Layers[i].Name == flow.NoLayer && f.layout == Day:
				return dst
			case i == 5 && f.layout == DARPA:
				length = 0
			}
			return strconv.AppendInt(dst, int64(length), 10)
		}
	}
	cells := make([]cell, len(columns))
	for i, column := range columns {
		cells[i] = all[column]
	}
	return cells
}

func (f *formatter) packetCells() map[string]cell {
	missing := "None"
	if f.layout == Day {
		missing = ""
	}
	address := func(dst []byte, p *flow.Packet, source bool) []byte {
		end := p.Tuple.Dst
		if source {
			end = p.Tuple.Src
		}
		if !end.Addr().IsValid() {
			return append(dst, missing...)
		}
		return end.Addr().AppendTo(dst)
	}
	// A packet without the field has an empty cell in the layout Day, else 0.
	number := func(dst []byte, has bool, v int64) []byte {
		if !has && f.layout == Day {
			return dst
		}
		return strconv.AppendInt(dst, v, 10)
	}
	ports := func(p *flow.Packet) bool { return p.Tuple.Proto == flow.TCP || p.Tuple.Proto == flow.UDP }
	return map[string]cell{
		"timestamps":   func(dst []byte, p *flow.Packet) []byte { return appendSeconds(dst, p.Time) },
		"length_total": func(dst []byte, p *flow.Packet) []byte { return strconv.AppendInt(dst, int64(p.Length), 10) },
		"mac_src":      func(dst []byte, p *flow.Packet) []byte { return appendMAC(dst, p.SrcMAC) },
		"mac_dst":      func(dst []byte, p *flow.Packet) []byte { return appendMAC(dst, p.DstMAC) },
		"ip_src":       func(dst []byte, p *flow.Packet) []byte { return address(dst, p, true) },
		"ip_dst":       func(dst []byte, p *flow.Packet) []byte { return address(dst, p, false) },
		"flags":        func(dst []byte, p *flow.Packet) []byte { return number(dst, p.Tuple.Proto == flow.TCP, int64(p.Flags)) },
		"sport":        func(dst []byte, p *flow.Packet) []byte { return number(dst, ports(p), int64(p.Tuple.Src.Port())) },
		"dport":        func(dst []byte, p *flow.Packet) []byte { return number(dst, ports(p), int64(p.Tuple.Dst.Port())) },
		"filename":     func(dst []byte, p *flow.Packet) []byte { return appendCSVText(dst, p.Capture) },
		"num_packet":   func(dst []byte, p *flow.Packet) []byte { return strconv.AppendInt(dst, p.Number, 10) },
		"flow_id":      func(dst []byte, p *flow.Packet) []byte { return strconv.AppendInt(dst, p.FlowID, 10) },
		"unique_id": func(dst []byte, p *flow.Packet) []byte {
			return appendCSVText(dst, p.Capture+strconv.FormatInt(p.Number, 10))
		},
		"applications": func(dst []byte, p *flow.Packet) []byte {
			switch {
			case f.opts.Application == "TCP_GOOGLE_HOME": // as the published rows say
				return append(dst, "GOOGLE_HOME"...)
			case f.opts.Application != "":
				return appendCSVText(dst, f.opts.Application)
			}
			return append(dst, p.Application.String()...)
		},
	}
}

func (f *formatter) featureCells() map[string]cell {
	float := func(value func() float64) cell {
		return func(dst []byte, _ *flow.Packet) []byte { return appendFloat(dst, value()) }
	}
	d := &f.dynamics
	return map[string]cell{
		"day":  func(dst []byte, _ *flow.Packet) []byte { return append(dst, f.day.Weekday...) },
		"week": func(dst []byte, _ *flow.Packet) []byte { return append(dst, f.day.Week...) },
		"day_week": func(dst []byte, _ *flow.Packet) []byte {
			return append(append(append(dst, f.day.Weekday...), '_'), f.day.Week...)
		},
		"index": func(dst []byte, _ *flow.Packet) []byte { return strconv.AppendInt(dst, f.index, 10) },
		"count_pkt": func(dst []byte, p *flow.Packet) []byte {
			return strconv.AppendInt(dst, int64(feature.FrameCount(p.Length)), 10)
		},
		"time_diff":               float(func() float64 { return d.TimeDiff }),
		"rate":                    float(func() float64 { return d.Rate }),
		"rolling_rate_byte_sec":   float(func() float64 { return d.ByteSecond }),
		"rolling_rate_byte_min":   float(func() float64 { return d.ByteMinute }),
		"rolling_rate_packet_sec": float(func() float64 { return d.PacketSecond }),
		"rolling_rate_packet_min": float(func() float64 { return d.PacketMinute }),
		"payload_layers":          float(func() float64 { return float64(f.layers) }),
		"header_length":           float(func() float64 { return float64(f.header) }),
		"payload_length":          float(func() float64 { return float64(f.payload) }),
	}
}

func appendMAC(dst []byte, m flow.MAC) []byte {
	const digits = "0123456789abcdef"
	for i, octet := range m {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = append(dst, digits[octet>>4], digits[octet&15])
	}
	return dst
}

// appendCSVText quotes a text where RFC 4180 asks for it.
func appendCSVText(dst []byte, text string) []byte {
	if !strings.ContainsAny(text, ",\"\r\n") {
		return append(dst, text...)
	}
	dst = append(dst, '"')
	dst = append(dst, strings.ReplaceAll(text, `"`, `""`)...)
	return append(dst, '"')
}

// seconds is a duration as the files have it.
func seconds(nanos int64) float64 { return float64(nanos) / float64(time.Second) }
