package analysis

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/figure"
)

const intervals = "Whiskers are 95 % bootstrap intervals of the share."

// flagShares draws how frequent each value of the TCP flags is (A13).
func flagShares(r *Result, sides []*Side) error {
	return r.field(sides, field{name: "flags", title: "TCP flags of packets", of: func(_ *flow.Flow, p *flow.Packet) string { return p.Flags.String() }})
}

// field is something that has one of a few values in each packet.
type field struct {
	name, more, title string
	of                func(f *flow.Flow, p *flow.Packet) string
	need              need // beside packets; the zero value: nothing
}

// maxCategories is how many values of a field are shown.
const maxCategories = 12

// field draws the shares of the values of a field that are most frequent on some side.
func (r *Result) field(sides []*Side, d field) error {
	counts := make([]map[string]float64, len(sides))
	most := map[string]float64{}
	for i, s := range sides {
		counts[i] = map[string]float64{}
		total := float64(packetsIn(s.Traffic.Sample))
		for _, f := range s.Traffic.Sample {
			for k := range f.Packets {
				counts[i][d.of(f, &f.Packets[k])] += 1 / total
			}
		}
		for name, share := range counts[i] {
			most[name] = max(most[name], share)
		}
	}
	categories := topOf(most, maxCategories)
	index := map[string]int{}
	for k, name := range categories {
		index[name] = k
	}
	all := make([]shares, len(sides))
	for i, s := range sides {
		all[i] = sharesOf(s.Traffic, len(categories), func(f *flow.Flow, p *flow.Packet) int {
			if k, ok := index[d.of(f, p)]; ok {
				return k
			}
			return -1
		})
	}
	bars := r.addShares(d.name, categories, sides, all)
	r.apart(d.name, counts)
	f, err := figure.Bars(d.title, "share of the packets", categories, bars...)
	return r.draw(d.more, intervals+" In brackets the packets.", f, err)
}

// topOf returns the keys of the greatest values, the greatest first.
func topOf(values map[string]float64, most int) []string {
	names := slices.Sorted(maps.Keys(values))
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(values[b], values[a]) })
	return names[:min(most, len(names))]
}

// apart adds how far the tables of the generated sides are from the first.
func (r *Result) apart(quantity string, counts []map[string]float64) {
	if len(counts) < 2 {
		return
	}
	jsd, tv := []float64{nan}, []float64{nan}
	for _, c := range counts[1:] {
		a, b := fidelity.Apart(counts[0], c)
		jsd, tv = append(jsd, a), append(tv, b)
	}
	r.add(quantity, "total variation to real", "", true, tv...)
	r.add(quantity, "JSD to real", "bits", false, jsd...)
}

// fieldCounts draws the shares of fields that packets have a name or a number in
// (A24). Fields with one value on all sides are left out.
func fieldCounts(r *Result, sides []*Side) error {
	for _, d := range []field{
		{name: "application", more: "application", title: "Applications of packets", of: func(f *flow.Flow, _ *flow.Packet) string { return f.Application.String() }},
		{name: "direction", more: "direction", title: "Directions of packets", of: func(_ *flow.Flow, p *flow.Packet) string { return p.Direction.String() }},
		{name: "protocol", more: "protocol", title: "IP protocols of packets", of: func(f *flow.Flow, _ *flow.Packet) string { return protocolName(f.Tuple.Proto) }, need: needAddresses},
		{name: "server port", more: "port", title: "Servers' ports of packets", of: func(f *flow.Flow, _ *flow.Packet) string { return fmt.Sprint(f.Tuple.Dst.Port()) }, need: needAddresses},
		{name: "frequency", more: "frequency", title: "Frequencies of uplinks", of: ofRadio(func(u *flow.Radio) string { return fmt.Sprintf("%.1f MHz", float64(u.Frequency)/1e6) })},
		{name: "CRC", more: "crc", title: "CRC of uplinks", of: ofRadio(func(u *flow.Radio) string { return map[int8]string{1: "good", 0: "none", -1: "bad"}[u.CRC] })},
	} {
		kept := sides
		if d.need.lack != nil {
			kept = with(sides, d.need)
		}
		if len(kept) < min(2, len(sides)) || kept[0] != sides[0] || !varies(kept, d.of) {
			continue
		}
		part := &Result{Name: r.Name}
		if err := part.field(kept, d); err != nil {
			return err
		}
		r.take(part, sides, kept)
	}
	if len(r.Figures) == 0 {
		return fmt.Errorf("every field has one value on all sides: %w", figure.ErrNoValues)
	}
	return nil
}

// ofRadio is a field of uplinks.
func ofRadio(of func(u *flow.Radio) string) func(*flow.Flow, *flow.Packet) string {
	return func(_ *flow.Flow, p *flow.Packet) string {
		if p.Radio == nil {
			return ""
		}
		return of(p.Radio)
	}
}

// varies reports whether a field has two values.
func varies(sides []*Side, of func(f *flow.Flow, p *flow.Packet) string) bool {
	var first *string
	for _, s := range sides {
		for _, f := range s.Traffic.Sample {
			for i := range f.Packets {
				value := of(f, &f.Packets[i])
				if first == nil {
					first = &value
				}
				if value != *first {
					return true
				}
			}
		}
	}
	return false
}

// protocolName names an IP protocol.
func protocolName(proto uint8) string {
	switch proto {
	case 0:
		return "not IP"
	case flow.ICMP:
		return "ICMP"
	case flow.TCP:
		return "TCP"
	case flow.UDP:
		return "UDP"
	case flow.ICMPv6:
		return "ICMPv6"
	}
	return fmt.Sprint("protocol ", proto)
}
