package flow

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
)

// CommunityID returns the Community ID of a flow, version 1 with seed 0
// (https://github.com/corelight/community-id-spec): the same text for both directions, by
// which Zeek, Suricata, Wireshark and others name a flow. Ports of ICMP are its type and
// code. It is "" for a tuple without addresses.
func (t FiveTuple) CommunityID() string {
	src, dst := t.Src.Addr().Unmap(), t.Dst.Addr().Unmap()
	if !src.IsValid() || !dst.IsValid() {
		return ""
	}
	from, to := t.Src.Port(), t.Dst.Port()
	paired := true
	switch t.Proto {
	case ICMP:
		from, to, paired = icmpPorts(icmpAnswers, from, to)
	case ICMPv6:
		from, to, paired = icmpPorts(icmpv6Answers, from, to)
	}
	if order := src.Compare(dst); paired && (order > 0 || order == 0 && from > to) {
		src, dst, from, to = dst, src, to, from
	}
	var b [2 + 16 + 16 + 2 + 4]byte
	out := append(b[:2], addressBytes(src)...) // a seed of 0 comes first
	out = append(append(out, addressBytes(dst)...), t.Proto, 0)
	switch t.Proto {
	case ICMP, TCP, UDP, ICMPv6, 132: // 132: SCTP; the others have no ports
		out = binary.BigEndian.AppendUint16(out, from)
		out = binary.BigEndian.AppendUint16(out, to)
	}
	sum := sha1.Sum(out)
	return "1:" + base64.StdEncoding.EncodeToString(sum[:])
}

func addressBytes(a netip.Addr) []byte { return a.AsSlice() }

// icmpAnswers and icmpv6Answers say which type of message answers which (RFC 792, RFC
// 4443, RFC 4861 and others, as the specification lists them).
var (
	icmpAnswers = map[uint16]uint16{0: 8, 8: 0, 9: 10, 10: 9, 13: 14, 14: 13, 15: 16, 16: 15, 17: 18, 18: 17}

	icmpv6Answers = map[uint16]uint16{128: 129, 129: 128, 130: 131, 131: 130, 133: 134, 134: 133, 135: 136, 136: 135, 139: 140, 140: 139, 144: 145, 145: 144}
)

// icmpPorts returns what stands for ports: the type and the one that answers it, or, for
// a message without an answer, type and code, whose flow has one direction.
func icmpPorts(answers map[uint16]uint16, kind, code uint16) (from, to uint16, paired bool) {
	if answer, ok := answers[kind]; ok {
		return kind, answer, true
	}
	return kind, code, false
}
