package convert

import (
	"io"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
)

// writeNeCSTGen writes files in the columns of NeCSTGen's: all, or none.
func (c *converter) writeNeCSTGen() error {
	var files atomicfile.Set
	defer files.Discard()
	for n, file := range []struct {
		path  string
		write func(io.Writer) error
	}{{c.Packets, c.writeRaw}, {c.Features, c.writeProcessed}, {c.Flows, c.writeFlowTable}, {c.FlowFeatures, c.writeFlowFeatures}} {
		if file.path == "" {
			continue
		}
		w, err := files.Create(file.path)
		if err != nil {
			return err
		}
		if err := file.write(w); err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		if err := c.checkRead(); err != nil {
			return err
		}
	}
	return files.Close()
}

// writeRaw writes the packets as in raw/df_raw_*.csv or df_week*_*.csv.
func (c *converter) writeRaw(w io.Writer) error {
	if c.choice.uplinks() {
		return lorawan.WriteLog(w, c.uplinks(), feature.Original())
	}
	return necstgencsv.WritePackets(w, c.choice.layout, c.packets(),
		necstgencsv.Options{Application: c.Application})
}

// writeProcessed writes the features as in process/df_process_*.csv.
func (c *converter) writeProcessed(w io.Writer) error {
	if c.choice.uplinks() {
		return necstgencsv.WriteProcessedUplinks(w, c.uplinks(), c.compatibility(), c.packetConstants)
	}
	_, err := necstgencsv.WriteProcessed(w, c.choice.layout, c.packets(), c.compatibility(), c.packetConstants)
	return err
}

// writeFlowTable writes the flows as in raw/df_raw_flows_*.csv.
func (c *converter) writeFlowTable(w io.Writer) error {
	return necstgencsv.WriteFlows(w, c.flowRows(c.publishedLengths))
}

// writeFlowFeatures writes the flows' features as in process/df_process_flows_*.csv.
func (c *converter) writeFlowFeatures(w io.Writer) error {
	return necstgencsv.WriteProcessedFlows(w, c.flowRows(c.publishedLengths), c.compatibility(), c.flowConstants)
}

// publishedLengths gives a packet the header and payload lengths that the file of
// packets has.
func (c *converter) publishedLengths(p *flow.Packet) {
	if p.Layers.Count() > 0 {
		p.HeaderLength, p.PayloadLength = feature.LayerLengths(p, c.choice.variant)
	}
}
