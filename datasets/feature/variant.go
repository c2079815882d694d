package feature

import (
	"fmt"
	"slices"
	"strings"
)

// Variant names a choice of columns: the inputs of a VAE of algorithm.md section 5.
type Variant string

// The variants, with the number of their columns.
const (
	General       Variant = "general"         // 16: HTTP, SMTP, DNS, SNMP and others
	TCPGoogleHome Variant = "tcp-google-home" // 15: no ports, but frames per capture record
	UDPGoogleHome Variant = "udp-google-home" // 13: neither flags nor ports
	LoRaWAN       Variant = "lorawan"         // 20: radio fields
)

var variants = []Variant{General, TCPGoogleHome, UDPGoogleHome, LoRaWAN}

// UnmarshalText takes one of the variants' names; the error lists them.
func (v *Variant) UnmarshalText(text []byte) error {
	if slices.Contains(variants, Variant(text)) {
		*v = Variant(text)
		return nil
	}
	return fmt.Errorf("feature: unknown variant %q: want one of %s", text, joinVariants())
}

func joinVariants() string {
	var names []string
	for _, v := range variants {
		names = append(names, string(v))
	}
	return strings.Join(names, ", ")
}

// Compat switches to the definitions of the original where its published files
// depend on them. The zero value has the corrected definitions.
type Compat struct {
	// LayerPayload takes everything in the last dissected layer for the payload,
	// Ethernet padding and transport headers too, and blanks layers_5 (D09).
	LayerPayload bool `json:"layer_payload,omitempty" toml:"layer_payload"`
	// Base64Length takes the number of base64 characters for a LoRaWAN payload's length (D05).
	Base64Length bool `json:"base64_length,omitempty" toml:"base64_length"`
	// LogCounter takes the logarithm of LoRaWAN's frame counter (D10).
	LogCounter bool `json:"log_counter,omitempty" toml:"log_counter"`
	// MeanForZero encodes the zeros of a logarithmic column by the mean of its
	// logarithms without the first row or, where that is not finite, by the mean
	// of the next column that has one (D11, D20). Without it a zero is encoded as
	// the smallest positive value.
	MeanForZero bool `json:"mean_for_zero,omitempty" toml:"mean_for_zero"`
	// TextOrder sorts the classes of Google Home and LoRaWAN columns as text, "10"
	// before "2", and makes classes of count_pkt (D12).
	TextOrder bool `json:"text_order,omitempty" toml:"text_order"`
	// ICMPByMAC makes flows of ICMP packets by pair of link-layer addresses, as
	// flow.Assembler.ByMAC does (section 2).
	ICMPByMAC bool `json:"icmp_by_mac,omitempty" toml:"icmp_by_mac"`
}

// Original is the Compat with every switch on.
func Original() Compat { return Compat{true, true, true, true, true, true} }

var dynamicColumns = []string{"time_diff", "rate", "rolling_rate_byte_sec", "rolling_rate_byte_min", "rolling_rate_packet_sec", "rolling_rate_packet_min"}

// Columns are the names of the columns in the order of algorithm.md section 5;
// nil for an unknown variant.
func (v Variant) Columns() []string {
	layers := []string{"layers_2", "layers_3", "layers_4", "layers_5"}
	lengths := []string{"header_length", "payload_length"}
	switch v {
	case General:
		return slices.Concat(layers, []string{"flags", "sport", "dport", "length_total"}, dynamicColumns, lengths)
	case TCPGoogleHome:
		return slices.Concat(layers, []string{"count_pkt", "flags", "length_total"}, dynamicColumns, lengths)
	case UDPGoogleHome:
		return slices.Concat(layers, []string{"length_total"}, dynamicColumns, lengths)
	case LoRaWAN:
		return slices.Concat([]string{"fport", "mtype", "code_rate", "size", "bandwidth", "spreading_factor", "frequency", "crc_status",
			"length_total", "time_diff", "snr", "rssi"}, dynamicColumns[1:], lengths, []string{"fcnt"})
	}
	return nil
}

// Schema is the variant's schema, not yet fitted.
func (v Variant) Schema(compat Compat) (Schema, error) {
	names := v.Columns()
	if names == nil {
		return Schema{}, fmt.Errorf("feature: unknown variant %q: want one of %s", v, joinVariants())
	}
	s := Schema{Variant: v, Compat: compat, Columns: make([]Column, len(names))}
	for i, name := range names {
		s.Columns[i] = v.Column(name, compat)
	}
	return s, nil
}

// Column is the column of a name as the variant treats it, not yet fitted. It
// knows the names of Columns, and layers_0, layers_1, applications, flags and
// count_pkt; any other is a linear number.
func (v Variant) Column(name string, compat Compat) Column {
	textOrder := compat.TextOrder && v != General
	category := func(d Domain) Column { return Column{Name: name, Kind: Category, Domain: d, TextOrder: textOrder} }
	switch {
	case strings.HasPrefix(name, "layers_"):
		return category(LayerDomain)
	case slices.Contains(dynamicColumns, name):
		return Column{Name: name, Kind: Number, Scale: Log, Integer: strings.HasPrefix(name, "rolling")}
	}
	switch name {
	case "flags", "size", "bandwidth", "spreading_factor", "frequency", "crc_status", "fport":
		return category(NumberDomain)
	case "applications":
		return category(ApplicationDomain)
	case "mtype":
		return category(BinaryDomain)
	case "code_rate":
		return category(CodeRateDomain)
	case "sport", "dport":
		c := category(NumberDomain)
		c.ServicePorts = true
		return c
	case "count_pkt":
		if textOrder {
			return category(NumberDomain)
		}
		return Column{Name: name, Kind: Number, Integer: true}
	case "snr", "rssi":
		return Column{Name: name, Kind: Number}
	case "fcnt":
		if compat.LogCounter {
			return Column{Name: name, Kind: Number, Scale: Log, Integer: true}
		}
	case "length_total", "header_length", "payload_length":
		if v == UDPGoogleHome {
			return Column{Name: name, Kind: Number, Scale: Log, Integer: true}
		}
	}
	return Column{Name: name, Kind: Number, Integer: true}
}
