package output

import (
	"bufio"
	"container/heap"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/datasets/table"
)

// NeCSTGen says which of NeCSTGen's output files flows are written to
// (algorithm.md 9.3 and 12).
type NeCSTGen struct {
	Application string // "HTTP", "UDP_GOOGLE_HOME", "LORA_1"
	Connected   bool   // TCP: with flags
	NoFlow      bool   // the flows are segments of one timeline
	Uplinks     bool   // LoRaWAN: radio columns, and never flows
}

// packetFile returns the stem of the file of packets.
func (n NeCSTGen) packetFile() string {
	kind := "FLOW_NO_CONNECT"
	switch {
	case n.NoFlow || n.Uplinks:
		kind = "NO_FLOW"
	case n.Connected:
		kind = "FLOW_CONNECT"
	}
	return fmt.Sprintf("DF_GEN_PACKET_%s_%s_FINAL", n.Application, kind)
}

// flowFile returns the stem of the file of flows; "": there are no flows.
func (n NeCSTGen) flowFile() string {
	if n.NoFlow || n.Uplinks {
		return ""
	}
	return fmt.Sprintf("DF_GEN_FLOW_%s_FINAL", n.Application)
}

// output returns the layout of the file of packets that are no uplinks.
func (n NeCSTGen) output() necstgencsv.Output {
	switch {
	case n.NoFlow:
		return necstgencsv.NoFlow
	case n.Connected:
		return necstgencsv.Connected
	}
	return necstgencsv.NotConnected
}

// Write writes the flows, which come in start order, to the files in dir: as CSV,
// and beside it as Parquet with the same columns. Files that are there already
// are replaced when all is written. It returns their names.
func (n NeCSTGen) Write(dir string, flows iter.Seq2[*flow.Flow, error]) ([]string, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("output: %w", err)
	}
	pairs := []*filePair{{stem: filepath.Join(dir, n.packetFile()), write: n.writePackets}}
	if name := n.flowFile(); name != "" {
		pairs = append(pairs, &filePair{stem: filepath.Join(dir, name), write: necstgencsv.WriteGeneratedFlows})
	}
	var names []string
	var files atomicfile.Set
	defer files.Discard()
	var consumers []func(iter.Seq2[*flow.Flow, error]) error
	var err error
	for _, p := range pairs {
		if p.csv, err = files.Create(p.stem + ".csv"); err == nil {
			p.parquet, err = files.Create(p.stem + ".parquet")
		}
		if err != nil {
			return nil, fmt.Errorf("output: %w", err)
		}
		names = append(names, p.stem+".csv", p.stem+".parquet")
		consumers = append(consumers, p.consume)
	}
	if err = spread(flows, consumers...); err == nil {
		err = files.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("output: %w", err)
	}
	return names, nil
}

// writePackets writes the file of packets.
func (n NeCSTGen) writePackets(w io.Writer, flows iter.Seq2[*flow.Flow, error]) error {
	if n.Uplinks {
		return lorawan.WriteGenerated(w, inTime(flows))
	}
	return necstgencsv.WriteGenerated(w, n.output(), flows)
}

// filePair is a CSV file and the Parquet file with the same columns.
type filePair struct {
	stem         string // their path without the ending
	write        func(w io.Writer, flows iter.Seq2[*flow.Flow, error]) error
	csv, parquet io.Writer
}

// consume writes both files: what write writes goes to the CSV file and, row by
// row, to the Parquet file.
func (p *filePair) consume(flows iter.Seq2[*flow.Flow, error]) error {
	r, w := io.Pipe()
	converted := make(chan error, 1)
	go func() {
		err := writeParquet(p.parquet, r)
		r.CloseWithError(err)
		converted <- err
	}()
	buffered := bufio.NewWriterSize(io.MultiWriter(p.csv, w), 1<<16)
	err := p.write(buffered, flows)
	if err == nil {
		err = buffered.Flush()
	}
	w.CloseWithError(err)
	if failed := <-converted; err == nil { // else it is the same error
		err = failed
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p.stem, err)
	}
	return nil
}

// writeParquet writes the rows of a CSV file as Parquet: columns of numbers, in
// which the code rate 4/5 is 5, as in feature tables.
func writeParquet(w io.Writer, in io.Reader) error {
	r := csv.NewReader(in)
	r.ReuseRecord = true
	head, err := r.Read()
	if err != nil {
		return err
	}
	columns := slices.Clone(head)
	rows := func(yield func([]float64, error) bool) {
		row := make([]float64, len(columns))
		for {
			record, err := r.Read()
			if err == io.EOF {
				return
			}
			for i := range record {
				if err == nil {
					row[i], err = number(record[i])
				}
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(row, nil) {
				return
			}
		}
	}
	return table.WriteFeatures(w, table.Parquet, columns, rows)
}

// number returns the value of a cell: a number, no number where it is empty, or a code
// rate.
func number(text string) (float64, error) {
	if text == "" {
		return math.NaN(), nil
	}
	if x, err := strconv.ParseFloat(text, 64); err == nil {
		return x, nil
	}
	return feature.CodeRateDomain.Value(text)
}

// spread gives each flow to all consumers, which run at the same time, and returns their
// errors. An error in the flows ends it.
func spread(flows iter.Seq2[*flow.Flow, error], consumers ...func(iter.Seq2[*flow.Flow, error]) error) error {
	channels := make([]chan *flow.Flow, len(consumers))
	failed := make(chan error, len(consumers))
	for i, consume := range consumers {
		channels[i] = make(chan *flow.Flow, 1024)
		go func() {
			failed <- consume(func(yield func(*flow.Flow, error) bool) {
				for f := range channels[i] {
					if !yield(f, nil) {
						return
					}
				}
			})
			for range channels[i] { // let the others go on to the end
			}
		}()
	}
	var err error
	for f, e := range flows {
		if e != nil {
			err = e
			break
		}
		for _, c := range channels {
			c <- f
		}
	}
	for _, c := range channels {
		close(c)
	}
	for range consumers {
		err = errors.Join(err, <-failed)
	}
	return err
}

// inTime returns the packets of flows that come in start order, in time order.
func inTime(flows iter.Seq2[*flow.Flow, error]) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		var open merge
		send := func(until int64) bool {
			for len(open) > 0 && open[0].Packets[0].Time <= until {
				p := open[0].Packets[0]
				if open[0].Packets = open[0].Packets[1:]; len(open[0].Packets) == 0 {
					heap.Pop(&open)
				} else {
					heap.Fix(&open, 0)
				}
				if !yield(p, nil) {
					return false
				}
			}
			return true
		}
		for f, err := range flows {
			if err != nil {
				yield(flow.Packet{}, err)
				return
			}
			if len(f.Packets) == 0 {
				continue
			}
			if !send(f.Start()) {
				return
			}
			heap.Push(&open, &flow.Flow{Packets: f.Packets})
		}
		send(1<<63 - 1)
	}
}

// merge is a heap of flows by the time of their first packet.
type merge []*flow.Flow

func (m merge) Len() int           { return len(m) }
func (m merge) Less(i, j int) bool { return m[i].Packets[0].Time < m[j].Packets[0].Time }
func (m merge) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *merge) Push(x any)        { *m = append(*m, x.(*flow.Flow)) }
func (m *merge) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}

// ApplicationName returns what NeCSTGen calls an application: by the variant of the
// features where they are of Google Home, by the port where it is LoRaWAN.
func ApplicationName(app flow.Application, variant feature.Variant, port int) string {
	switch {
	case app == flow.LoRaWAN && port > 0:
		return fmt.Sprintf("LORA_%d", port)
	case app == flow.LoRaWAN:
		return "LORA"
	case variant == feature.TCPGoogleHome:
		return "TCP_GOOGLE_HOME"
	case variant == feature.UDPGoogleHome:
		return "UDP_GOOGLE_HOME"
	}
	return strings.ReplaceAll(strings.ToUpper(app.String()), "-", "_")
}
