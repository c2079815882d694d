package fidelity

import (
	"math"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// noGap stands for the gap of a kind of which a flow has none.
const noGap = -7

// profileColumns are what profile returns.
var profileColumns = append(slices.Clone(summaryColumns),
	"packets from the client", "packets from the server", "payload from the client", "payload from the server",
	"greatest length from the client", "greatest length from the server", "different lengths", "packets without payload", "turns",
	"lower quartile of log gap", "median log gap", "upper quartile of log gap", "greatest log gap", "first log gap",
	"SYN", "FIN", "RST", "PSH", "other flags", "mean header length")

// profile is what a flow looks like as a whole, in more detail than summary: see
// profileColumns; bytes and log10 seconds, flags as numbers of packets.
func profile(f *flow.Flow, c clock) []float64 {
	var packets, payload, greatest [2]float64
	var empty, header float64
	var flags [5]float64
	lengths := map[int32]bool{}
	for i := range f.Packets {
		p := &f.Packets[i]
		d := p.Direction & 1
		packets[d]++
		payload[d] += float64(p.PayloadLength)
		greatest[d] = max(greatest[d], float64(p.Length))
		header += float64(p.HeaderLength)
		lengths[p.Length] = true
		if p.PayloadLength == 0 {
			empty++
		}
		for k, flag := range []flow.TCPFlags{flow.SYN, flow.FIN, flow.RST, flow.PSH} {
			if p.Flags&flag != 0 {
				flags[k]++
			}
		}
		if p.Flags&^(flow.SYN|flow.FIN|flow.RST|flow.PSH|flow.ACK) != 0 {
			flags[4]++
		}
	}
	gaps := logGaps(f, c)
	first := float64(noGap)
	if len(gaps) > 0 {
		first = gaps[0]
	}
	slices.Sort(gaps)
	values := append(summary(f, c), packets[0], packets[1], payload[0], payload[1], greatest[0], greatest[1], float64(len(lengths)), empty, float64(len(f.Turns(nil))),
		quantile(gaps, 0.25), quantile(gaps, 0.5), quantile(gaps, 0.75), quantile(gaps, 1), first)
	return append(append(values, flags[:]...), header/float64(len(f.Packets)))
}

// logGaps is log10 of the seconds between the packets of a flow, in order.
func logGaps(f *flow.Flow, c clock) []float64 {
	var gaps []float64
	for i := 1; i < len(f.Packets); i++ {
		gaps = append(gaps, c.logSeconds(gapBefore(f, i)))
	}
	return gaps
}

// quantile is the value at a part of sorted values; noGap of none.
func quantile(sorted []float64, at float64) float64 {
	if len(sorted) == 0 {
		return noGap
	}
	return sorted[int(at*float64(len(sorted)-1))]
}

// gapColumns are what gapValues returns.
var gapColumns = func() []string {
	var names []string
	for _, kind := range []string{"client to client", "client to server", "server to client", "server to server"} {
		for _, what := range []string{"number", "mean", "deviation", "least", "lower quartile", "median", "upper quartile", "greatest"} {
			names = append(names, what+" of gaps "+kind)
		}
	}
	return names
}()

// gapValues is what the gaps of a flow alone look like, by who sent the packet before
// and who the one behind: see gapColumns.
func gapValues(f *flow.Flow, c clock) []float64 {
	var kinds [4][]float64
	for i := 1; i < len(f.Packets); i++ {
		k := f.Packets[i-1].Direction&1*2 + f.Packets[i].Direction&1
		kinds[k] = append(kinds[k], c.logSeconds(gapBefore(f, i)))
	}
	var values []float64
	for _, gaps := range kinds {
		slices.Sort(gaps)
		mean, deviation := float64(noGap), 0.0
		if len(gaps) > 0 {
			mean, deviation = each(gaps).moments()
		}
		values = append(values, float64(len(gaps)), mean, deviation, quantile(gaps, 0), quantile(gaps, 0.25), quantile(gaps, 0.5), quantile(gaps, 0.75), quantile(gaps, 1))
	}
	return values
}

// firstPackets is the number of packets at a flow's beginning that an adversary sees.
const firstPackets = 10

var firstColumns = packetColumns(firstPackets, []string{"length", "log gap", "flags"})

// firstValues is signed length (negative from the server), log gap and flags of each of
// the first packets; 0, noGap and -1 behind the flow's end.
func firstValues(f *flow.Flow, c clock) []float64 {
	var values []float64
	for i := range firstPackets {
		if i >= len(f.Packets) {
			values = append(values, 0, noGap, -1)
			continue
		}
		p := &f.Packets[i]
		length, gap := float64(p.Length), math.Log10(gapFloor)
		if p.Direction == flow.Backward {
			length = -length
		}
		if i > 0 {
			gap = c.logSeconds(gapBefore(f, i))
		}
		values = append(values, length, gap, float64(p.Flags))
	}
	return values
}

// packetColumns names what rows have of so many packets.
func packetColumns(packets int, of []string) []string {
	ordinal := []string{"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"}
	var names []string
	for i := range packets {
		for _, name := range of {
			names = append(names, name+" of the "+ordinal[i]+" packet")
		}
	}
	return names
}

// headerColumns are what headerValues returns.
var headerColumns = func() []string {
	names := []string{"client port", "server port"}
	for _, side := range []string{"client", "server"} {
		for _, what := range []string{"different receive windows", "first receive window", "last receive window", "least receive window", "greatest receive window",
			"first time to live", "different times to live", "segment size", "first header length", "last header length", "different header lengths"} {
			names = append(names, what+" of the "+side)
		}
	}
	return names
}()

// headerValues is what the header fields of a flow do: see headerColumns. A side without
// packets has -1 everywhere.
func headerValues(f *flow.Flow, _ clock) []float64 {
	values := []float64{float64(f.Tuple.Src.Port()), float64(f.Tuple.Dst.Port())}
	for side := range flow.Direction(2) {
		var first, last *flow.Packet
		windows, lives, headers := map[uint16]bool{}, map[uint8]bool{}, map[int32]bool{}
		least, greatest, segment := math.Inf(1), 0.0, 0.0
		for i := range f.Packets {
			p := &f.Packets[i]
			if p.Direction&1 != side {
				continue
			}
			if first == nil {
				first = p
			}
			last = p
			windows[p.Window], lives[p.TTL], headers[p.HeaderLength] = true, true, true
			segment = max(segment, float64(p.MSS))
			if p.Flags&(flow.SYN|flow.RST) == 0 {
				least, greatest = min(least, float64(p.Window)), max(greatest, float64(p.Window))
			}
		}
		if first == nil {
			values = append(values, slices.Repeat([]float64{-1}, (len(headerColumns)-2)/2)...)
			continue
		}
		if math.IsInf(least, 1) {
			least = -1
		}
		values = append(values, float64(len(windows)), float64(first.Window), float64(last.Window), least, greatest,
			float64(first.TTL), float64(len(lives)), segment, float64(first.HeaderLength), float64(last.HeaderLength), float64(len(headers)))
	}
	return values
}
