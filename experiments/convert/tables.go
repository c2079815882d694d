package convert

import (
	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/table"
)

// writeTables writes this program's tables.
func (c *converter) writeTables() error {
	var files atomicfile.Set
	defer files.Discard()
	if err := c.writePackets(&files); err != nil {
		return err
	}
	if err := c.checkRead(); err != nil {
		return err
	}
	if c.Features != "" && c.choice.uplinks() {
		if err := c.writeUplinkFeatures(&files); err != nil {
			return err
		}
	}
	if c.Flows != "" {
		if err := c.writeFlows(&files); err != nil {
			return err
		}
	}
	return files.Close()
}

// writePackets writes the packet table and, in the same pass, the features, unless
// they are those of uplinks.
func (c *converter) writePackets(files *atomicfile.Set) error {
	format, err := table.FormatOf(c.Packets)
	if err != nil {
		return err
	}
	packets, err := files.Create(c.Packets)
	if err != nil {
		return err
	}
	if c.Features == "" || c.choice.uplinks() {
		return table.WritePackets(packets, format, c.packets())
	}
	features, err := files.Create(c.Features)
	if err != nil {
		return err
	}
	export := table.Export{Packets: packets, Features: features, Format: format, Variant: c.choice.variant, Compat: c.compatibility()}
	return export.Write(c.packets())
}

// writeUplinkFeatures writes the features of uplinks.
func (c *converter) writeUplinkFeatures(files *atomicfile.Set) error {
	format, err := table.FormatOf(c.Features)
	if err != nil {
		return err
	}
	w, err := files.Create(c.Features)
	if err != nil {
		return err
	}
	return table.WriteFeatures(w, format, feature.LoRaWAN.Columns(), lorawan.Extract(lorawan.UplinksOf(c.packets()), c.compatibility()))
}

// writeFlows writes the table of flows.
func (c *converter) writeFlows(files *atomicfile.Set) error {
	format, err := table.FormatOf(c.Flows)
	if err != nil {
		return err
	}
	w, err := files.Create(c.Flows)
	if err != nil {
		return err
	}
	return table.WriteFlows(w, format, c.flowRows(func(*flow.Packet) {}))
}
