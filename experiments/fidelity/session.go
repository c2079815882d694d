package fidelity

import (
	"net/netip"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// sessionGap is how long a client begins no flow before its next one is another session,
// in nanoseconds.
const sessionGap = int64(10e9)

// sessionColumns are what sessionValues returns.
var sessionColumns = []string{"flows", "servers", "server ports", "span of the starts", "mean log time between starts", "least log time between starts",
	"flows open at once", "packets", "bytes", "different sizes"}

// sessionRows is one row for each session: the flows that one client begins until
// sessionGap passes without one.
func sessionRows(s *sample) []row {
	clients := map[netip.Addr][]*flow.Flow{}
	var order []netip.Addr // of first appearance, since a map has none
	for _, f := range s.flows {
		client := f.Tuple.Src.Addr()
		if clients[client] == nil {
			order = append(order, client)
		}
		clients[client] = append(clients[client], f)
	}
	var rows []row
	for j, client := range order {
		flows := clients[client]
		for from := 0; from < len(flows); {
			to := from + 1
			for to < len(flows) && flows[to].Start()-flows[to-1].Start() < sessionGap {
				to++
			}
			rows = append(rows, row{sessionValues(flows[from:to], s.clock), j})
			from = to
		}
	}
	return rows
}

// sessionValues is what a session looks like: see sessionColumns. The flows are by start.
func sessionValues(flows []*flow.Flow, c clock) []float64 {
	servers, ports, sizes := map[netip.Addr]bool{}, map[uint16]bool{}, map[int64]bool{}
	var between, ends []float64
	var packets, bytes, open float64
	for i, f := range flows {
		servers[f.Tuple.Dst.Addr()], ports[f.Tuple.Dst.Port()], sizes[f.Bytes()] = true, true, true
		packets, bytes = packets+float64(len(f.Packets)), bytes+float64(f.Bytes())
		if i > 0 {
			between = append(between, c.logSeconds(f.Start()-flows[i-1].Start()))
		}
		start := float64(f.Start() - flows[0].Start())
		ends = slices.DeleteFunc(ends, func(end float64) bool { return end < start })
		ends = append(ends, start+float64(f.Duration()))
		open = max(open, float64(len(ends)))
	}
	mean, least := float64(noGap), float64(noGap)
	if len(between) > 0 {
		slices.Sort(between)
		mean, _ = each(between).moments()
		least = between[0]
	}
	return []float64{float64(len(flows)), float64(len(servers)), float64(len(ports)), c.logSeconds(flows[len(flows)-1].Start() - flows[0].Start()), mean, least,
		open, packets, bytes, float64(len(sizes))}
}
