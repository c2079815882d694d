package stage

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/datasets/catalog"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/experiments/config"
)

// OpenData opens the file that the configuration names: the user's own, or a data
// set of the catalog. name is for messages.
func OpenData(d config.Data) (r io.ReadCloser, name string, err error) {
	if d.Path != "" {
		f, err := os.Open(d.Path)
		if err != nil {
			return nil, "", fmt.Errorf("data.path: %w", err)
		}
		info, err := f.Stat()
		if err == nil && info.IsDir() {
			err = fmt.Errorf("%s is a folder: want a capture file", d.Path)
		}
		if err != nil {
			f.Close()
			return nil, "", fmt.Errorf("data.path: %w", err)
		}
		return f, d.Path, nil
	}
	if d.Name == "" {
		return nil, "", fmt.Errorf("data.path is not set: give the capture to learn from, as in data.path=my.pcap, or a data set as data.name=testbed")
	}
	r, err = catalog.Open(d.Name)
	if err != nil {
		return nil, "", fmt.Errorf("data.name = %q: %w", d.Name, err)
	}
	return r, d.Name, nil
}

// content is what a file of packets is, seen from its first bytes.
type content string

const (
	captured  content = "a capture"
	columnar  content = "a packet table"
	published content = "packets as NeCSTGen publishes them"
	uplinks   content = "a LoRaWAN gateway log"
)

// Packets reads the packets of a file: a capture, plain or compressed, a packet
// table that this program has written, NeCSTGen's published packets (CSV), or a
// LoRaWAN gateway log (CSV); which it is, is seen from the bytes. For LoRaWAN the
// uplinks alone, out of LoRaTap records or Semtech's datagrams. Path is where a
// table can be opened; name is for messages. Damaged records are errors in the
// stream; an error that ends it is the last element.
func Packets(r io.Reader, path, name string, app flow.Application) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		plain, _, err := pcap.Decompress(r, name)
		if err != nil {
			yield(flow.Packet{}, err)
			return
		}
		defer plain.Close()
		in := bufio.NewReaderSize(plain, 1<<16)
		packets, err := open(in, path, name, app)
		if err != nil {
			yield(flow.Packet{}, err)
			return
		}
		for p, err := range packets {
			if !yield(p, err) {
				return
			}
		}
	}
}

// open picks the reader.
func open(in *bufio.Reader, path, name string, app flow.Application) (iter.Seq2[flow.Packet, error], error) {
	what, err := contentOf(in, name)
	if err != nil {
		return nil, err
	}
	radio := app == flow.LoRaWAN
	switch {
	case what == columnar && path == "":
		return nil, fmt.Errorf("%s: is a packet table: give its file as data.path", name)
	case what == columnar:
		return table.ReadPackets(path), nil
	case radio && what == published:
		return nil, fmt.Errorf("%s: these are packets with IP addresses: want a LoRaWAN gateway log or a capture of uplinks, or another data.application", name)
	case radio:
		return lorawan.Read(in, name), nil
	case what == uplinks:
		return nil, fmt.Errorf("%s: is a LoRaWAN gateway log: want data.application=LORAWAN", name)
	case what == published:
		return necstgencsv.Packets(in, name), nil
	}
	return pcap.Packets(in, name), nil
}

// contentOf tells what a file holds. CSV that holds no packets is refused.
func contentOf(in *bufio.Reader, name string) (content, error) {
	head, _ := in.Peek(4096) // less is less; the error comes again
	if bytes.HasPrefix(head, []byte("PAR1")) || bytes.HasPrefix(head, []byte("ARROW1")) {
		return columnar, nil
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	columns := strings.Split(strings.TrimSpace(string(line)), ",")
	if len(columns) < 2 || !slices.ContainsFunc(columns, isName) {
		return captured, nil
	}
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(columns, n) })
	}
	switch {
	case has("physical_payload"):
		return uplinks, nil
	case has("layers_0", "timestamps", "length_total"):
		return published, nil
	case has("time", "length"):
		return columnar, nil
	case has("length_total_lstm"), has("count_total"), has("flow_id_count"), has("length_total"):
		return "", fmt.Errorf("%s: is a table without packets as they were sent (its first columns are %s): want a capture, or packets like NeCSTGen's raw/df_raw_HTTP.csv", name, strings.Join(columns[:min(3, len(columns))], ", "))
	}
	return captured, nil // and refused as such, unless it is one
}

// isName tells a name of a column that the program knows of.
func isName(text string) bool {
	return slices.Contains([]string{"physical_payload", "layers_0", "time", "length_total", "length_total_lstm", "count_total", "flow_id_count"}, text)
}
