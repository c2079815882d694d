package flow

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// OuterKind is what a header of an encapsulation is.
type OuterKind uint8

// The headers that are known.
const (
	OuterVLAN    OuterKind = iota // tag of IEEE 802.1Q; ID: VLAN
	OuterService                  // service tag of IEEE 802.1ad; ID: VLAN
	OuterMPLS                     // label stack entry (RFC 3032); ID: label
	OuterIPv4                     // Src, Dst
	OuterIPv6                     // Src, Dst
	OuterGRE                      // RFC 2784 and RFC 2890; ID: key, Options: what its header has
	OuterVXLAN                    // UDP to port 4789 and RFC 7348; ID: network
	OuterGeneve                   // UDP to port 6081 and RFC 8926 without options; ID: network
	OuterGTP                      // UDP to port 2152 and GTP-U (3GPP TS 29.281) without extensions; ID: tunnel endpoint
	OuterEther                    // Ethernet inside of one of the others
	outerCount
)

var outerWords = [outerCount]string{"vlan", "svlan", "mpls", "ipv4", "ipv6", "gre", "vxlan", "geneve", "gtp", "ether"}

// String is the word in an Encapsulation's text.
func (k OuterKind) String() string {
	if k >= outerCount {
		return fmt.Sprintf("outer(%d)", uint8(k))
	}
	return outerWords[k]
}

// What the header of GRE has beside its four bytes: the bits of its first byte.
const (
	GREChecksum = 0x80
	GREKey      = 0x20
	GRESequence = 0x10
)

var greOptions = []struct {
	bit  uint8
	word string
}{{GREKey, "key"}, {GRESequence, "sequence"}, {GREChecksum, "checksum"}}

// OuterHeader is one header of an encapsulation. A field that its kind does not name is
// zero.
type OuterHeader struct {
	Kind     OuterKind
	ID       uint32
	Options  uint8
	Src, Dst netip.Addr
}

// Encapsulation is what stands between the link header of a frame and the inner network
// header, outermost first, as far as it is the same in all packets of a tunnel. Nil is
// none. It does not change.
type Encapsulation struct {
	headers []OuterHeader
	text    string
	network uint32
}

// NewEncapsulation returns the encapsulation of some headers, outermost first; nil for none.
func NewEncapsulation(headers []OuterHeader) *Encapsulation {
	if len(headers) == 0 {
		return nil
	}
	e := &Encapsulation{headers: slices.Clone(headers)}
	var words []string
	for _, h := range headers {
		words = append(words, h.String())
		if h.Kind == OuterVXLAN || h.Kind == OuterGeneve {
			e.network = h.ID
		}
	}
	e.text = strings.Join(words, ", ")
	return e
}

// Headers returns the headers, outermost first.
func (e *Encapsulation) Headers() []OuterHeader {
	if e == nil {
		return nil
	}
	return slices.Clone(e.headers)
}

// String names the headers, like "vlan 10, ipv4 192.0.2.1 192.0.2.2, vxlan 5001, ether";
// "" is none.
func (e *Encapsulation) String() string {
	if e == nil {
		return ""
	}
	return e.text
}

// String is the header's part of an Encapsulation's text.
func (h OuterHeader) String() string {
	switch h.Kind {
	case OuterEther:
		return "ether"
	case OuterIPv4, OuterIPv6:
		return fmt.Sprintf("%v %v %v", h.Kind, h.Src, h.Dst)
	case OuterGRE:
		text := "gre"
		for _, option := range greOptions {
			if h.Options&option.bit == 0 {
				continue
			}
			text += " " + option.word
			if option.bit == GREKey {
				text += fmt.Sprintf(" %d", h.ID)
			}
		}
		return text
	}
	return fmt.Sprintf("%v %d", h.Kind, h.ID)
}

// ParseEncapsulation reads what String has written.
func ParseEncapsulation(text string) (*Encapsulation, error) {
	if text == "" {
		return nil, nil
	}
	var headers []OuterHeader
	for part := range strings.SplitSeq(text, ", ") {
		h, err := parseOuter(strings.Fields(part))
		if err != nil {
			return nil, fmt.Errorf("flow: encapsulation %q: %q: %w", text, part, err)
		}
		headers = append(headers, h)
	}
	e := NewEncapsulation(headers)
	if e.text != text {
		return nil, fmt.Errorf("flow: encapsulation %q: want it as %q", text, e.text)
	}
	return e, nil
}

// mostOuter are the greatest numbers of the kinds that have one.
var mostOuter = [outerCount]uint64{OuterVLAN: 1<<12 - 1, OuterService: 1<<12 - 1, OuterMPLS: 1<<20 - 1, OuterVXLAN: 1<<24 - 1, OuterGeneve: 1<<24 - 1, OuterGTP: 1<<32 - 1}

// parseOuter reads the words of one header.
func parseOuter(words []string) (h OuterHeader, err error) {
	if len(words) == 0 {
		return h, fmt.Errorf("no header: want one of %s", strings.Join(outerWords[:], ", "))
	}
	at := slices.Index(outerWords[:], words[0])
	if at < 0 {
		return h, fmt.Errorf("want one of %s", strings.Join(outerWords[:], ", "))
	}
	h.Kind = OuterKind(at)
	switch h.Kind {
	case OuterEther:
		return h, checkWords(words, 1)
	case OuterGRE:
		return h, h.parseGRE(words[1:])
	case OuterIPv4, OuterIPv6:
		return h, h.parseAddresses(words)
	}
	if err := checkWords(words, 2); err != nil {
		return h, err
	}
	id, err := strconv.ParseUint(words[1], 10, 32)
	if err != nil || id > mostOuter[h.Kind] {
		return h, fmt.Errorf("want a number of 0 to %d", mostOuter[h.Kind])
	}
	h.ID = uint32(id)
	return h, nil
}

// checkWords returns an error unless a header has so many words.
func checkWords(words []string, want int) error {
	if len(words) != want {
		return fmt.Errorf("%d words: want %d", len(words), want)
	}
	return nil
}

// parseAddresses reads the two addresses of an IP header.
func (h *OuterHeader) parseAddresses(words []string) error {
	if err := checkWords(words, 3); err != nil {
		return err
	}
	for i, to := range []*netip.Addr{&h.Src, &h.Dst} {
		a, err := netip.ParseAddr(words[i+1])
		if err != nil || a.Is4() != (h.Kind == OuterIPv4) || a.Zone() != "" {
			return fmt.Errorf("want two addresses of %v", h.Kind)
		}
		*to = a
	}
	return nil
}

// parseGRE reads the options of GRE.
func (h *OuterHeader) parseGRE(words []string) error {
	for i := 0; i < len(words); i++ {
		option := slices.IndexFunc(greOptions, func(o struct {
			bit  uint8
			word string
		}) bool {
			return o.word == words[i]
		})
		if option < 0 {
			return fmt.Errorf("gre has no %q: want key NUMBER, sequence or checksum", words[i])
		}
		h.Options |= greOptions[option].bit
		if greOptions[option].bit != GREKey {
			continue
		}
		if i++; i == len(words) {
			return fmt.Errorf("gre key without a number")
		}
		id, err := strconv.ParseUint(words[i], 10, 32)
		if err != nil {
			return fmt.Errorf("gre key %q: want a number of 0 to %d", words[i], uint32(1<<32-1))
		}
		h.ID = uint32(id)
	}
	return nil
}

// MarshalText is String.
func (e *Encapsulation) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText is ParseEncapsulation; an empty text is an error.
func (e *Encapsulation) UnmarshalText(text []byte) error {
	parsed, err := ParseEncapsulation(string(text))
	if err != nil {
		return err
	}
	if parsed == nil {
		return fmt.Errorf("flow: encapsulation without headers")
	}
	*e = *parsed
	return nil
}

// outerSizes are the bytes of each kind of header, those of UDP in front of it among them.
var outerSizes = [outerCount]int{OuterVLAN: 4, OuterService: 4, OuterMPLS: 4, OuterIPv4: 20, OuterIPv6: 40, OuterGRE: 4, OuterVXLAN: 16, OuterGeneve: 16, OuterGTP: 16, OuterEther: 14}

// Size returns the bytes of the header, with the header of UDP in front of it where its
// kind has one.
func (h *OuterHeader) Size() int {
	size := outerSizes[h.Kind]
	for _, option := range greOptions {
		if h.Options&option.bit != 0 {
			size += 4
		}
	}
	return size
}

// Size returns the bytes of all headers.
func (e *Encapsulation) Size() (bytes int) {
	for i := range e.Headers() {
		bytes += e.headers[i].Size()
	}
	return bytes
}

// Reverse returns the encapsulation of the other direction of a tunnel of which only one
// is known: the same with all addresses swapped.
func (e *Encapsulation) Reverse() *Encapsulation {
	headers := e.Headers()
	for i := range headers {
		headers[i].Src, headers[i].Dst = headers[i].Dst, headers[i].Src
	}
	return NewEncapsulation(headers)
}

// Encapsulations holds each encapsulation of a stream once. The zero value is empty.
type Encapsulations struct {
	key   []byte
	known map[string]*Encapsulation
}

// Of returns the encapsulation of some headers. It allocates for those alone that it has
// not seen yet.
func (all *Encapsulations) Of(headers []OuterHeader) *Encapsulation {
	key := all.key[:0]
	for i := range headers {
		h := &headers[i]
		key = append(binary.BigEndian.AppendUint32(key, h.ID), byte(h.Kind), h.Options)
		if h.Kind == OuterIPv4 || h.Kind == OuterIPv6 {
			src, dst := h.Src.As16(), h.Dst.As16()
			key = append(append(key, src[:]...), dst[:]...)
		}
	}
	all.key = key
	e, ok := all.known[string(key)]
	if !ok {
		if all.known == nil {
			all.known = make(map[string]*Encapsulation)
		}
		e = NewEncapsulation(headers)
		all.known[string(key)] = e
	}
	return e
}
