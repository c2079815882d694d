package output

import (
	"errors"
	"io"
	"os"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/ipfix"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/datasets/zeek"
)

// recordWriter writes records of flows. After Close what it has taken can be read.
type recordWriter interface {
	Write(r *flow.Record) error
	Close() error
}

// flows returns a writer of flows in a format. It does not close w.
func flows(w io.Writer, format FlowFormat) (recordWriter, error) {
	switch format {
	case Zeek:
		return zeek.NewConnWriter(w), nil
	case IPFIX:
		return ipfix.NewWriter(w), nil
	}
	return table.NewRecordWriter(w, table.Format(format))
}

// newRecords returns a sink that gives the writers a record of each flow when its last frame
// has come, so that they come in the order of their ends; those of flows that are under
// way come when it is closed. It closes the writers.
func newRecords(writers ...recordWriter) Sink { return &records{writers: writers} }

type records struct {
	recorder flow.Recorder
	writers  []recordWriter
	failed   bool
}

func (r *records) Write(f *tcp.Frame) error {
	if done := r.recorder.Add(f.Observed()); done != nil {
		return r.write(done)
	}
	return nil
}

func (r *records) write(record *flow.Record) error {
	for _, w := range r.writers {
		if err := w.Write(record); err != nil {
			r.failed = true
			return err
		}
	}
	return nil
}

func (r *records) Close() error {
	var err error
	for _, record := range r.recorder.Rest() {
		if r.failed {
			break
		}
		err = r.write(record)
	}
	for _, w := range r.writers {
		err = errors.Join(err, w.Close())
	}
	return err
}

// WithFlows returns the names of files, and beside each capture two tables of its flows:
// office.flows.parquet and office.flows.csv for office.pcap.zst. There are none beside the
// standard output, a device or a pipe.
func WithFlows(outs []string) []string {
	all := slices.Clone(outs)
	for _, path := range outs {
		kind, err := KindOf(path)
		if err != nil || !kind.IsCapture() || !isName(path) {
			continue
		}
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			continue
		}
		stem, _ := Split(path)
		for _, ending := range []string{".parquet", ".csv"} {
			if name := stem + flowsEnding + ending; !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}
