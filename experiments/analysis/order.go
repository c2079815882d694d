package analysis

import (
	"fmt"
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/figure"
)

// maxGrams is how many runs of packets are shown, as the original does.
const maxGrams = 15

// runs draws the most frequent runs of three and of four packets (A14).
func runs(r *Result, sides []*Side) error {
	for _, n := range []int{3, 4} {
		counts := make([]map[string]float64, len(sides))
		totals := make([]float64, len(sides))
		most := map[string]float64{}
		for i, s := range sides {
			counts[i] = grams(s.Traffic.Sample, n)
			for _, c := range counts[i] {
				totals[i] += c
			}
			for name, c := range counts[i] {
				most[name] = max(most[name], c/totals[i])
			}
		}
		words := []string{3: "three", 4: "four"}[n]
		if totals[0] == 0 {
			return fmt.Errorf("no flow of %s packets: %w", words, figure.ErrNoValues)
		}
		names := topOf(most, maxGrams)
		bars := make([]figure.Bar, len(sides))
		for i, s := range sides {
			bars[i] = figure.Bar{Side: s.look, Name: fmt.Sprintf("%s (%s)", s.Name, thousands(int64(totals[i])))}
		}
		for _, name := range names {
			var list []float64
			for i := range sides {
				v := counts[i][name] / max(1, totals[i])
				list = append(list, v)
				bars[i].Values = append(bars[i].Values, v)
			}
			r.add(name, "share", "", false, list...)
		}
		r.add(fmt.Sprintf("runs of %s packets", words), "n", "", true, totals...)
		r.apart(fmt.Sprintf("runs of %s packets", words), counts)
		f, err := figure.Bars(fmt.Sprintf("Runs of %s packets in a row", words), fmt.Sprintf("share of all runs of %s packets inside flows", words), names, bars...)
		more := ""
		if n == 4 {
			more = "four"
		}
		caption := "> is sent by the client, < by the server. In brackets the runs."
		if len(with(sides, needFlags)) > 0 {
			caption = "> is sent by the client, < by the server; S SYN, A ACK, P PSH, F FIN, R RST. In brackets the runs."
		}
		if err := r.draw(more, caption, f, err); err != nil {
			return err
		}
	}
	return nil
}

// grams counts the runs of n packets inside flows, each once, by direction and, of
// TCP, flags.
func grams(flows []*flow.Flow, n int) map[string]float64 {
	type packet struct {
		direction flow.Direction
		flags     flow.TCPFlags
	}
	counts := map[[4]packet]float64{}
	tcp := false
	for _, f := range flows {
		tcp = tcp || f.Tuple.Proto == flow.TCP
		for i := n - 1; i < len(f.Packets); i++ {
			var run [4]packet
			for k := range n {
				p := &f.Packets[i-n+1+k]
				run[k] = packet{p.Direction, p.Flags}
			}
			counts[run]++
		}
	}
	named := map[string]float64{}
	for run, c := range counts {
		var name strings.Builder
		for k, p := range run[:n] {
			if k > 0 {
				name.WriteString(", ")
			}
			name.WriteString([]string{">", "<"}[p.direction&1])
			if tcp {
				name.WriteString(shortFlags(p.flags))
			}
		}
		named[name.String()] += c
	}
	return named
}

// shortFlags writes the flags by their first letters, as tcpdump does: SA, PA.
func shortFlags(f flow.TCPFlags) string {
	if f == 0 {
		return "none"
	}
	s := ""
	for part := range strings.SplitSeq(f.String(), "/") {
		s += part[:1]
	}
	return s
}

// sequences draws how many flows open and close as TCP asks for, and how frequent
// the two runs are that the original counts (A15).
func sequences(r *Result, sides []*Side) error {
	categories := []string{"handshake first", "SYN first", "SYN again later", "closed by both ends", "FIN in the last four", "FINs in order last"}
	tests := []func(f *flow.Flow) bool{fidelity.Handshake, opensSYN, repeatsSYN, fidelity.Closed, finAtEnd, endsInOrder}
	all := make([]shares, len(sides))
	flows := make([]float64, len(sides))
	for i, s := range sides {
		g := flowGroups(s.Traffic.Sample, tests)
		all[i] = g.shares()
		flows[i] = float64(all[i].of)
	}
	r.add("TCP flows", "n", "", true, flows...)
	bars := r.addShares("flow", categories, sides, all)
	f, err := figure.Bars("How TCP flows open and close", "share of the TCP flows", categories, bars...)
	caption := "Handshake: SYN, SYN/ACK, ACK. Closed: both ends send a FIN that is acknowledged. FINs in order: FIN/ACK, ACK, FIN/ACK, ACK. " + intervals + " In brackets the flows."
	if err := r.draw("", caption, f, err); err != nil {
		return err
	}
	windows := []struct {
		name string
		run  []flow.TCPFlags
	}{
		{"SYN, SYN/ACK, ACK", []flow.TCPFlags{flow.SYN, flow.SYN | flow.ACK, flow.ACK}},
		{"FIN/ACK, ACK, FIN/ACK, ACK", []flow.TCPFlags{flow.FIN | flow.ACK, flow.ACK, flow.FIN | flow.ACK, flow.ACK}},
	}
	var names []string
	bars = make([]figure.Bar, len(sides))
	for i, s := range sides {
		bars[i] = figure.Bar{Side: s.look, Name: s.Name}
	}
	for _, w := range windows {
		var list []float64
		for i, s := range sides {
			v := windowShare(s.Traffic.Sample, w.run)
			list, bars[i].Values = append(list, v), append(bars[i].Values, v)
		}
		names = append(names, w.name)
		r.add("run "+w.name, "share", "", true, list...)
	}
	f, err = figure.Bars("The original's two runs of flags", "share of all runs of that length inside flows", names, bars...)
	return r.draw("runs", "Runs of three and of four packets, whoever sends them. "+countedPackets(sides), f, err)
}

// flowGroups counts the TCP flows that have properties, for a bootstrap over flows.
func flowGroups(flows []*flow.Flow, tests []func(f *flow.Flow) bool) *groups {
	g := &groups{n: max(1, min(len(flows), maxUnits)), categories: len(tests)}
	g.counts, g.totals = make([]float64, g.n*len(tests)), make([]float64, g.n)
	for i, f := range flows {
		if f.Tuple.Proto != flow.TCP {
			continue
		}
		at := i % g.n
		g.totals[at]++
		for k, has := range tests {
			if has(f) {
				g.counts[at*len(tests)+k]++
			}
		}
	}
	return g
}

// opensSYN reports whether the first packet is a SYN.
func opensSYN(f *flow.Flow) bool { return f.Packets[0].Flags == flow.SYN }

// repeatsSYN reports whether a packet after the first is a SYN.
func repeatsSYN(f *flow.Flow) bool {
	for i := 1; i < len(f.Packets); i++ {
		if f.Packets[i].Flags == flow.SYN {
			return true
		}
	}
	return false
}

// finAtEnd reports whether one of the last four packets has a FIN.
func finAtEnd(f *flow.Flow) bool {
	for i := max(0, len(f.Packets)-4); i < len(f.Packets); i++ {
		if f.Packets[i].Flags&flow.FIN != 0 {
			return true
		}
	}
	return false
}

// endsInOrder reports whether the last four packets are the exchange of FINs.
func endsInOrder(f *flow.Flow) bool {
	n := len(f.Packets)
	if n < 4 {
		return false
	}
	for k, want := range []flow.TCPFlags{flow.FIN | flow.ACK, flow.ACK, flow.FIN | flow.ACK, flow.ACK} {
		if f.Packets[n-4+k].Flags != want {
			return false
		}
	}
	return true
}

// windowShare returns the proportion of the runs of packets inside flows that have
// the given flags.
func windowShare(flows []*flow.Flow, run []flow.TCPFlags) float64 {
	var found, all float64
	for _, f := range flows {
		for i := len(run) - 1; i < len(f.Packets); i++ {
			all++
			same := true
			for k, want := range run {
				same = same && f.Packets[i-len(run)+1+k].Flags == want
			}
			if same {
				found++
			}
		}
	}
	return found / all
}
