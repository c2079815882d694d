package convert

import (
	"cmp"
	"iter"
	"path/filepath"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/datasets/trace"
)

// stream reads the packets as they stand in the trace.
func (c *converter) stream(in *trace.Trace) iter.Seq2[flow.Packet, error] {
	packets := in.Packets(c.ctx, trace.Selection{Period: c.Period, Outer: c.Layout == NeCSTGen})
	if c.choice.uplinks() {
		return lorawan.Uplinks(packets)
	}
	return packets
}

// packets yields the labelled packets of the application.
func (c *converter) packets() iter.Seq2[flow.Packet, error] {
	if c.content == generatedContent {
		return pass(c, func(in *trace.Trace) iter.Seq2[flow.Packet, error] { return necstgencsv.Generated(in, c.name) }, func(p *flow.Packet) bool {
			p.Application = c.choice.application // all that is known of it
			return true
		})
	}
	return pass(c, func(in *trace.Trace) iter.Seq2[flow.Packet, error] {
		return c.assembler().Label(c.stream(in))
	}, func(p *flow.Packet) bool {
		if !c.choice.takes(p) {
			return false
		}
		if c.Layout == NeCSTGen {
			c.nameCapture(p)
		}
		return true
	})
}

// nameCapture gives a packet the number that it has in its capture and the capture's
// name: that of its file, or of its day where the DARPA evaluation has a name for that.
func (c *converter) nameCapture(p *flow.Packet) {
	origin := c.in.Origin()
	p.Number = origin.Number
	if p.Capture != "" {
		return
	}
	name, known := c.captures[origin.File]
	if !known {
		if c.captures == nil {
			c.captures = make(map[string]string)
		}
		name = cmp.Or(necstgencsv.DayOf(p.Time).Capture(), filepath.Base(origin.File))
		c.captures[origin.File] = name
	}
	p.Capture = name
}

// assembler returns what makes flows of the packets.
func (c *converter) assembler() *flow.Assembler {
	return &flow.Assembler{ByMAC: c.compatibility().ICMPByMAC}
}

// flowRows yields the flows of the application. change is applied to each packet first.
func (c *converter) flowRows(change func(*flow.Packet)) iter.Seq2[flow.TableRow, error] {
	return func(yield func(flow.TableRow, error) bool) {
		c.result.Flows = 0
		changed := pass(c, c.stream, func(p *flow.Packet) bool {
			change(p)
			return !c.choice.uplinks() || c.choice.takes(p) // an application belongs to the flow
		})
		for row, err := range c.assembler().Table(changed) {
			if err == nil && !c.choice.takesFlow(&row) {
				continue
			}
			if err == nil {
				c.result.Flows++
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// uplinks yields the uplinks of the application. Those of a log are as the log has
// them, with downlinks that the gateway heard.
func (c *converter) uplinks() iter.Seq2[lorawan.Uplink, error] {
	return pass(c, func(in *trace.Trace) iter.Seq2[lorawan.Uplink, error] {
		return in.Uplinks(c.ctx, c.Period)
	}, func(u *lorawan.Uplink) bool { return c.choice.port == 0 || int(u.Port) == c.choice.port })
}
