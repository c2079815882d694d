package pcap

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// Info is what a capture file says of itself.
type Info struct {
	Format      string      `json:"format"`                // pcap or pcapng
	Compression string      `json:"compression,omitempty"` // gzip or zstd
	Sections    int         `json:"sections"`              // of pcapng; 1 for pcap
	Interfaces  []Interface `json:"interfaces"`            // those that differ, as far as maxListed
	Application string      `json:"application,omitempty"` // that wrote the first section that names one
	Comments    []string    `json:"comments,omitempty"`    // of sections, interfaces and packets: the first maxComments
	More        int64       `json:"more_comments,omitempty"`
}

// Interface is what a capture was taken on.
type Interface struct {
	LinkType   int    `json:"link_type"` // https://www.tcpdump.org/linktypes.html
	Link       string `json:"link"`      // its name
	SnapLength int    `json:"snap_length"`
	Resolution string `json:"resolution"` // of the timestamps: 10^-6 s, 2^-20 s
	Name       string `json:"name,omitempty"`
	Packets    int64  `json:"packets"` // of all interfaces that are described alike
}

// What of a file's descriptions is kept, whatever the file claims.
const (
	maxListed   = 64
	maxComments = 5
	maxComment  = 400 // bytes
)

// LinkTypes names the link types of the interfaces that packets came from, or of
// all where there was none, in the order of the file.
func (i *Info) LinkTypes() []string {
	names := []string{}
	used := slices.ContainsFunc(i.Interfaces, func(f Interface) bool { return f.Packets > 0 })
	for _, f := range i.Interfaces {
		if (f.Packets > 0 || !used) && !slices.Contains(names, f.Link) {
			names = append(names, f.Link)
		}
	}
	return names
}

// Merge adds what another file says of itself: what both say stands once, and counts
// are added.
func (i *Info) Merge(o *Info) {
	i.Format, i.Compression, i.Application = both(i.Format, o.Format), both(i.Compression, o.Compression), both(i.Application, o.Application)
	i.Sections += o.Sections
	i.More += o.More
	for _, f := range o.Interfaces {
		i.add(f)
	}
	for _, text := range o.Comments {
		i.comment([]byte(text))
	}
}

// both joins two texts, each of which may be a list, if they differ.
func both(a, b string) string {
	if a == "" || b == "" || slices.Contains(strings.Split(a, " and "), b) {
		return cmp.Or(a, b)
	}
	return a + " and " + b
}

// add lists an interface with its packets, or adds these to one that is alike.
func (i *Info) add(f Interface) {
	for at := range i.Interfaces {
		like := &i.Interfaces[at]
		packets := like.Packets
		if like.Packets = f.Packets; *like == f {
			like.Packets += packets
			return
		}
		like.Packets = packets
	}
	if len(i.Interfaces) < maxListed {
		i.Interfaces = append(i.Interfaces, f)
	}
}

func (i *Info) comment(text []byte) {
	if len(i.Comments) == maxComments {
		i.More++
		return
	}
	i.Comments = append(i.Comments, clean(text))
}

// clean returns a text of a file, as far as it is one.
func clean(b []byte) string {
	b = bytes.TrimRight(b[:min(len(b), maxComment)], "\x00")
	return strings.ToValidUTF8(string(b), "?")
}

// The options of pcapng blocks that are read.
const (
	optionEnd         = 0
	optionComment     = 1
	optionApplication = 4  // of a section
	optionName        = 2  // of an interface
	optionResolution  = 9  // of an interface
	optionFCS         = 13 // of an interface
	optionOffset      = 14 // of an interface
)

// options calls each with the options of a block as far as they are whole.
func options(b []byte, order binary.ByteOrder, each func(code uint16, value []byte)) {
	for len(b) >= 4 {
		code, length := order.Uint16(b), int(order.Uint16(b[2:]))
		b = b[4:]
		if code == optionEnd || length > len(b) {
			return
		}
		each(code, b[:length])
		b = b[min(len(b), (length+3)&^3):]
	}
}
