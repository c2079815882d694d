package tcp

import (
	"fmt"
	"slices"
	"strings"
)

// Link names how LoRaWAN uplinks stand in a capture, and so what frames begin with.
type Link uint8

// The links.
const (
	Semtech  Link = iota // Ethernet frames, among them uplinks as datagrams of Semtech's packet forwarder (UDP port 1700)
	LoRaTap              // all flows are uplinks, and frames LoRaTap records of version 1 (link type 270)
	LoRaTap0             // the same in version 0, which Wireshark reads before 4.2: without gateway, checksum and code rate
	linkCount
)

var linkWords = [linkCount]string{"semtech", "loratap", "loratap0"}

// String is the word in configs.
func (l Link) String() string {
	if l >= linkCount {
		return fmt.Sprintf("link(%d)", uint8(l))
	}
	return linkWords[l]
}

// MarshalText is String.
func (l Link) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText takes a word in any case; the error lists the words.
func (l *Link) UnmarshalText(text []byte) error {
	i := slices.IndexFunc(linkWords[:], func(word string) bool { return strings.EqualFold(word, string(text)) })
	if i < 0 {
		return fmt.Errorf("link %q: want one of %s", text, strings.Join(linkWords[:], ", "))
	}
	*l = Link(i)
	return nil
}

// Type returns the link type of a capture with such frames (LINKTYPE_ value), as
// pcap.WriterOptions takes it.
func (l Link) Type() uint32 {
	if l == Semtech {
		return 1
	}
	return 270
}
