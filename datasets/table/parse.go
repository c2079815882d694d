package table

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
)

// The texts of a table's cells, there and back.

// applicationNames are the names of applications as a column.
func applicationNames(list []flow.Application) dictionaryColumn {
	out := dictionaryColumn{index: make([]uint32, len(list))}
	position := make(map[flow.Application]uint32)
	for i, a := range list {
		if i > 0 && a == list[i-1] {
			out.index[i] = out.index[i-1]
			continue
		}
		at, ok := position[a]
		if !ok {
			at = uint32(len(out.list))
			position[a], out.list = at, append(out.list, a.String())
		}
		out.index[i] = at
	}
	return out
}

func parseApplication(text string) (flow.Application, error) {
	var a flow.Application
	if text == "" {
		return a, nil
	}
	err := a.UnmarshalText([]byte(text))
	return a, err
}

func textLayer(n uint8) string { return flow.LayerName(n).String() }

func parseLayer(text string) (flow.LayerName, error) {
	var n flow.LayerName
	err := n.UnmarshalText([]byte(text))
	return n, err
}

func textCapture(name string) string { return name }

func parseCapture(text string) (string, error) { return strings.Clone(text), nil }

func parseOptions(text string) (flow.TCPOptions, error) {
	var o flow.TCPOptions
	err := o.UnmarshalText([]byte(text))
	return o, err
}

func textAddr(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func parseAddr(text string) (netip.Addr, error) {
	if text == "" {
		return netip.Addr{}, nil
	}
	return netip.ParseAddr(text)
}

func textMAC(m flow.MAC) string { return net.HardwareAddr(m[:]).String() }

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

// optionalHex is a number that is written in hexadecimal digits, or none.
type optionalHex struct {
	value uint64
	ok    bool
}

func textGateway(v optionalHex) string {
	if !v.ok {
		return ""
	}
	return fmt.Sprintf("%016x", v.value)
}

func textDevice(v optionalHex) string {
	if !v.ok {
		return ""
	}
	return fmt.Sprintf("%08x", v.value)
}

// parseHex returns the parser of numbers of so many bits.
func parseHex(bits int) func(string) (optionalHex, error) {
	return func(text string) (optionalHex, error) {
		if text == "" {
			return optionalHex{}, nil
		}
		v, err := strconv.ParseUint(text, 16, bits)
		if err != nil {
			return optionalHex{}, fmt.Errorf("%q is no number of %d bits in hexadecimal digits", text, bits)
		}
		return optionalHex{v, true}, nil
	}
}
