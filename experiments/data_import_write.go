package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
)

// write writes the tables and counts their rows and what was damaged.
func (d *dataImport) write(export table.Export, packets iter.Seq2[flow.Packet, error]) (rows, damaged int64, err error) {
	labelled := counted(new(flow.Assembler).Label(packets), &rows, &damaged)
	err = atomicfile.Write(d.target, func(w io.Writer) error {
		export.Packets = w
		if d.features == "" {
			return export.Write(labelled)
		}
		if other, err := table.FormatOf(d.features); err != nil || other != export.Format {
			return usageError{errors.Join(err, fmt.Errorf("import: --features %s: want a table of the format %s, as the other", d.features, export.Format))}
		}
		return atomicfile.Write(d.features, func(w io.Writer) error {
			export.Features = w
			return export.Write(labelled)
		})
	})
	return rows, damaged, err
}

// packets reads what source is seen or said to be.
func (d *dataImport) packets(r io.Reader, source string) (iter.Seq2[flow.Packet, error], func(), error) {
	if d.uplinks {
		return lorawan.Read(r, source), func() {}, nil
	}
	plain, _, err := pcap.Decompress(r, source)
	if err != nil {
		return nil, nil, err
	}
	in, stop := bufio.NewReaderSize(plain, 1<<16), func() { plain.Close() }
	switch {
	case lorawan.IsLog(in):
		return lorawan.Packets(lorawan.Log(in, source)), stop, nil
	case strings.EqualFold(filepath.Ext(source), ".csv"):
		return necstgencsv.Packets(in, source), stop, nil
	}
	return pcap.Packets(in, source), stop, nil
}

// counted leaves damaged records out and counts them and the rest.
func counted(packets iter.Seq2[flow.Packet, error], rows, damaged *int64) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		for p, err := range packets {
			if record, ok := errors.AsType[interface {
				error
				RecordNumber() int64
			}](err); ok && record != nil {
				*damaged++
				continue
			}
			*rows++
			if !yield(p, err) {
				return
			}
		}
	}
}
