package table

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/necstgen/necstgen/datasets/flow"
)

// setter writes a column's values into rows.
type setter[R any] func(rows []R, c column) error

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
		"ip_src": text(parseAddr, func(p *flow.Packet, v netip.Addr) {
			p.Tuple.Src = netip.AddrPortFrom(v, p.Tuple.Src.Port())
		}),
		"ip_dst": text(parseAddr, func(p *flow.Packet, v netip.Addr) {
			p.Tuple.Dst = netip.AddrPortFrom(v, p.Tuple.Dst.Port())
		}),
		"sport":       number(func(p *flow.Packet, v uint16) { p.Tuple.Src = netip.AddrPortFrom(p.Tuple.Src.Addr(), v) }),
		"dport":       number(func(p *flow.Packet, v uint16) { p.Tuple.Dst = netip.AddrPortFrom(p.Tuple.Dst.Addr(), v) }),
		"protocol":    number(func(p *flow.Packet, v uint8) { p.Tuple.Proto = v }),
		"ttl":         number(func(p *flow.Packet, v uint8) { p.TTL = v }),
		"fragment":    setFragment,
		"flags":       number(func(p *flow.Packet, v uint8) { p.Flags = flow.TCPFlags(v) }),
		"seq":         number(func(p *flow.Packet, v uint32) { p.Seq = v }),
		"ack":         number(func(p *flow.Packet, v uint32) { p.Ack = v }),
		"window":      number(func(p *flow.Packet, v uint16) { p.Window = v }),
		"mss":         number(func(p *flow.Packet, v uint16) { p.MSS = v }),
		"application": text(parseApplication, func(p *flow.Packet, v flow.Application) { p.Application = v }),
		"flow_id":     number(func(p *flow.Packet, v int64) { p.FlowID = v }),
		"direction":   number(func(p *flow.Packet, v uint8) { p.Direction = flow.Direction(v) }),
	}
	for i := range flow.MaxLayers {
		m[fmt.Sprintf("layers_%d", i)] = text(parseLayer, func(p *flow.Packet, v flow.LayerName) { p.Layers[i].Name = v })
		m[fmt.Sprintf("length_%d", i)] = number(func(p *flow.Packet, v int32) { p.Layers[i].Length = v })
	}
	addRadioSetters(m)
	return m
}

func number[R any, T integer](set func(*R, T)) setter[R] {
	return func(rows []R, c column) error {
		values, err := ints[T](c)
		if err != nil {
			return err
		}
		for i := range rows {
			set(&rows[i], values[i])
		}
		return nil
	}
}

// text parses each text of the column once.
func text[R, V any](parse func(string) (V, error), set func(*R, V)) setter[R] {
	return func(rows []R, c column) error {
		in, ok := c.values.(words)
		if !ok {
			return fmt.Errorf("column %s holds numbers: want text", c.name)
		}
		parsed := make([]V, len(in.list))
		var err error
		for i, word := range in.list {
			if parsed[i], err = parse(word); err != nil {
				return fmt.Errorf("column %s: %w", c.name, err)
			}
		}
		for i := range rows {
			set(&rows[i], parsed[in.index[i]])
		}
		return nil
	}
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
