package table

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/necstgen/necstgen/datasets/flow"
)

// packetSetters are the setters by column name.
var packetSetters = newPacketSetters()

func newPacketSetters() map[string]setter[flow.Packet] {
	m := map[string]setter[flow.Packet]{
		"number":         number(func(p *flow.Packet, v int64) { p.Number = v }),
		"time":           number(func(p *flow.Packet, v int64) { p.Time = v }),
		"length":         number(func(p *flow.Packet, v int32) { p.Length = v }),
		"captured":       number(func(p *flow.Packet, v int32) { p.Captured = v }),
		"header_length":  number(func(p *flow.Packet, v int32) { p.HeaderLength = v }),
		"payload_length": number(func(p *flow.Packet, v int32) { p.PayloadLength = v }),
		"mac_src":        text(parseMAC, func(p *flow.Packet, v flow.MAC) { p.SrcMAC = v }),
		"mac_dst":        text(parseMAC, func(p *flow.Packet, v flow.MAC) { p.DstMAC = v }),
		"ttl":            number(func(p *flow.Packet, v uint8) { p.TTL = v }),
		"fragment":       setFragment,
		"flags":          number(func(p *flow.Packet, v uint8) { p.Flags = flow.TCPFlags(v) }),
		"seq":            number(func(p *flow.Packet, v uint32) { p.Seq = v }),
		"ack":            number(func(p *flow.Packet, v uint32) { p.Ack = v }),
		"window":         number(func(p *flow.Packet, v uint16) { p.Window = v }),
		"mss":            number(func(p *flow.Packet, v uint16) { p.MSS = v }),
		"flow_id":        number(func(p *flow.Packet, v int64) { p.FlowID = v }),
		"direction":      number(func(p *flow.Packet, v uint8) { p.Direction = flow.Direction(v) }),
	}
	for i := range flow.MaxLayers {
		m[fmt.Sprintf("layers_%d", i)] = text(parseLayer, func(p *flow.Packet, v flow.LayerName) { p.Layers[i].Name = v })
		m[fmt.Sprintf("length_%d", i)] = number(func(p *flow.Packet, v int32) { p.Layers[i].Length = v })
	}
	addTupleSetters(m, func(p *flow.Packet) (*flow.FiveTuple, *flow.Application) { return &p.Tuple, &p.Application })
	addRadioSetters(m)
	return m
}

// addTupleSetters adds the setters of the columns that packets and flows share.
func addTupleSetters[R any](m map[string]setter[R], of func(*R) (*flow.FiveTuple, *flow.Application)) {
	address := func(end func(*flow.FiveTuple) *netip.AddrPort) setter[R] {
		return text(parseAddr, func(r *R, v netip.Addr) {
			t, _ := of(r)
			*end(t) = netip.AddrPortFrom(v, end(t).Port())
		})
	}
	port := func(end func(*flow.FiveTuple) *netip.AddrPort) setter[R] {
		return number(func(r *R, v uint16) {
			t, _ := of(r)
			*end(t) = netip.AddrPortFrom(end(t).Addr(), v)
		})
	}
	src, dst := func(t *flow.FiveTuple) *netip.AddrPort { return &t.Src }, func(t *flow.FiveTuple) *netip.AddrPort { return &t.Dst }
	m["ip_src"], m["ip_dst"], m["sport"], m["dport"] = address(src), address(dst), port(src), port(dst)
	m["protocol"] = number(func(r *R, v uint8) {
		t, _ := of(r)
		t.Proto = v
	})
	m["application"] = text(parseApplication, func(r *R, v flow.Application) {
		_, app := of(r)
		*app = v
	})
}

func setFragment(packets []flow.Packet, c column) error {
	values, err := bools(c)
	if err != nil {
		return err
	}
	for i := range packets {
		packets[i].Fragment = values[i]
	}
	return nil
}

func parseApplication(text string) (flow.Application, error) {
	var a flow.Application
	if text == "" {
		return a, nil
	}
	err := a.UnmarshalText([]byte(text))
	return a, err
}

func parseLayer(text string) (flow.LayerName, error) {
	var n flow.LayerName
	err := n.UnmarshalText([]byte(text))
	return n, err
}

func parseAddr(text string) (netip.Addr, error) {
	if text == "" {
		return netip.Addr{}, nil
	}
	return netip.ParseAddr(text)
}

func parseMAC(text string) (flow.MAC, error) {
	if text == "" {
		return flow.MAC{}, nil
	}
	mac, err := net.ParseMAC(text)
	if err != nil || len(mac) != 6 {
		return flow.MAC{}, fmt.Errorf("%q is no link-layer address of six bytes", text)
	}
	return flow.MAC(mac), nil
}

func asText(text string) (string, error) { return text, nil }
