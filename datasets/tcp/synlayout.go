package tcp

import (
	"github.com/necstgen/necstgen/datasets/flow"
)

// synLayout is the options of a SYN or SYN/ACK in their order.
type synLayout struct {
	options                 flow.TCPOptions
	size                    uint8 // bytes, in whole words
	mss, scale, sack, stamp bool
}

// newLayout returns the layout of options.
func newLayout(o flow.TCPOptions) synLayout {
	return synLayout{options: o, size: uint8(o.Length()+3) &^ 3, mss: o.Has(flow.OptionMSS), scale: o.Has(flow.OptionScale), sack: o.Has(flow.OptionSACKOK), stamp: o.Has(flow.OptionTimestamps)}
}

// synLayouts are those of common systems, ordered by size: no option, MSS alone (old ones),
// MSS and window scale, Windows, MSS and timestamps, Linux, macOS.
var synLayouts = func() (list []synLayout) {
	for _, text := range []string{"", "mss", "mss,nop,ws", "mss,nop,ws,nop,nop,sok", "mss,nop,nop,ts", "mss,sok,ts,nop,ws", "mss,nop,ws,nop,nop,ts,sok,eol"} {
		var o flow.TCPOptions
		if err := o.UnmarshalText([]byte(text)); err != nil {
			panic(err)
		}
		list = append(list, newLayout(o))
	}
	return list
}()

// Sizes of the layouts that are chosen by name.
const (
	windowsLayout = 12
	linuxLayout   = 20
)

// layoutOf returns the largest layout of at most size bytes, of those of a host first.
func layoutOf(own []flow.TCPOptions, size uint8) synLayout {
	return largest(own, size, func(synLayout) bool { return true })
}

// answer returns the largest layout of at most size bytes whose options the SYN has offered,
// of those of a host first: a SYN/ACK may not bring in others (RFC 7323, 2.2 and 3.2; RFC
// 2018).
func (syn synLayout) answer(own []flow.TCPOptions, size uint8, allowStamp bool) synLayout {
	return largest(own, size, func(l synLayout) bool {
		return (!l.scale || syn.scale) && (!l.sack || syn.sack) && (!l.stamp || syn.stamp && allowStamp)
	})
}

// largest returns the largest layout of at most size bytes that is allowed; of equals that of
// the host, and of its own the most frequent one.
func largest(own []flow.TCPOptions, size uint8, allowed func(synLayout) bool) synLayout {
	best := synLayouts[0]
	for _, l := range synLayouts {
		if l.size <= size && allowed(l) {
			best = l
		}
	}
	isOwn := false
	for _, o := range own {
		l := newLayout(o)
		if l.size <= size && allowed(l) && (l.size > best.size || l.size == best.size && !isOwn) {
			best, isOwn = l, true
		}
	}
	return best
}

// withScale returns the smallest layout of a common system that has the window scale, and
// timestamps and selective acknowledgements where this one has them.
func (l synLayout) withScale() synLayout {
	if l.scale {
		return l
	}
	for _, other := range synLayouts {
		if other.scale && (other.stamp || !l.stamp) && (other.sack || !l.sack) {
			return other
		}
	}
	return l
}
