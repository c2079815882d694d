package necstgencsv

import (
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
)

// processedColumns are the columns of a processed file (process/df_process_*.csv)
// of a layout: the categories, then the numbers. Nil for the layout Day.
func (l Layout) processedColumns() []string {
	layers := []string{"layers_0", "layers_1", "layers_2", "layers_3", "layers_4", "layers_5"}
	numbers := slices.Concat([]string{"length_total"}, dynamicsPart, []string{"header_length", "payload_length"})
	switch l {
	case DARPA:
		return slices.Concat(layers, []string{"flags", "sport", "dport", "applications"}, numbers)
	case TCPGoogleHome, UDPGoogleHome:
		return slices.Concat(layers, []string{"flags", "count_pkt", "applications"}, numbers)
	}
	return nil
}

// variant is the features' variant that belongs to the layout.
func (l Layout) variant() feature.Variant {
	switch l {
	case TCPGoogleHome:
		return feature.TCPGoogleHome
	case UDPGoogleHome:
		return feature.UDPGoogleHome
	}
	return feature.General
}

// processedSchema is the schema of a processed file, not yet fitted.
func processedSchema(layout Layout, compat feature.Compat) (feature.Schema, error) {
	columns := layout.processedColumns()
	if columns == nil {
		return feature.Schema{}, fmt.Errorf("necstgencsv: no processed files of layout %q: want %s, %s or %s", layout, DARPA, TCPGoogleHome, UDPGoogleHome)
	}
	schema := feature.Schema{Variant: layout.variant(), Compat: compat}
	for _, name := range columns {
		schema.Columns = append(schema.Columns, layout.variant().Column(name, compat))
	}
	return schema, nil
}

// processedRows is the rows of a processed file before they are encoded: the packets
// of one application and one capture in time order.
func processedRows(packets iter.Seq2[flow.Packet, error], layout Layout, compat feature.Compat) iter.Seq2[[]float64, error] {
	return func(yield func([]float64, error) bool) {
		columns := layout.processedColumns()
		x, err := feature.NewExtractor(layout.variant(), compat)
		if err == nil && columns == nil {
			err = fmt.Errorf("necstgencsv: no processed files of layout %q", layout)
		}
		if err != nil {
			yield(nil, err)
			return
		}
		from := make([]int, len(columns))
		for i, name := range columns {
			from[i] = slices.Index(layout.variant().Columns(), name)
		}
		var values, row []float64
		for p, err := range packets {
			row = row[:0]
			if err == nil {
				values = x.Append(values[:0], &p)
				for i, at := range from {
					if at >= 0 {
						row = append(row, values[at])
					} else {
						row = append(row, packetValue(columns[i], &p))
					}
				}
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// packetValue is a column that is no input of the variant's VAE.
func packetValue(column string, p *flow.Packet) float64 {
	switch column {
	case "layers_0":
		return float64(p.Layers[0].Name)
	case "layers_1":
		return float64(p.Layers[1].Name)
	case "flags":
		return float64(p.Flags)
	case "count_pkt":
		return float64(feature.FrameCount(p.Length))
	}
	return float64(p.Application)
}

// WriteProcessed fits a processed file's columns to packets, which are read
// twice, and writes their codes. Constants stand in place of what was fitted; nil: none.
func WriteProcessed(w io.Writer, layout Layout, packets iter.Seq2[flow.Packet, error], compat feature.Compat, constants Constants) (*feature.Encoder, error) {
	schema, err := processedSchema(layout, compat)
	if err != nil {
		return nil, err
	}
	e, err := constants.fit(schema, processedRows(packets, layout, compat))
	if err != nil {
		return nil, err
	}
	return e, writeNumbers(w, layout.processedColumns(), encoded(e, processedRows(packets, layout, compat)))
}

// WriteProcessedFlows fits the columns of a flow table to its rows, which are read
// twice, and writes their codes (process/df_process_flows_*.csv): all columns go
// through the logarithm. Constants are as WriteProcessed has them.
func WriteProcessedFlows(w io.Writer, rows iter.Seq2[flow.TableRow, error], compat feature.Compat, constants Constants) error {
	schema := feature.Schema{Compat: compat}
	for _, name := range flowColumns() {
		schema.Columns = append(schema.Columns, feature.Column{Name: name, Kind: feature.Number, Scale: feature.Log, Optional: true})
	}
	e, err := constants.fit(schema, flowValues(rows))
	if err != nil {
		return err
	}
	return writeNumbers(w, flowColumns(), encoded(e, flowValues(rows)))
}

// encoded are the codes of rows.
func encoded(e *feature.Encoder, rows iter.Seq2[[]float64, error]) iter.Seq2[[]float64, error] {
	return func(yield func([]float64, error) bool) {
		var codes []float64
		for row, err := range rows {
			if err == nil {
				codes = e.Encode(codes[:0], row)
			}
			if !yield(codes, err) {
				return
			}
		}
	}
}
