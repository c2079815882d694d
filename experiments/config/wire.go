package config

import (
	"fmt"

	"github.com/necstgen/necstgen/datasets/wire"
)

// Wire is how generated flows become frames. Uplinks tells that they are of
// LoRaWAN, all of them: only then Link counts.
func (g Generate) Wire(uplinks bool) (wire.Options, error) {
	o := wire.Options{MTU: g.MTU, Complete: g.Complete, KeepTuples: g.KeepAddresses, Addresses: g.Addresses,
		Clients: g.Clients, Servers: g.Servers, Retransmit: g.Retransmit}
	if uplinks && g.Link != Semtech {
		if err := o.Link.UnmarshalText([]byte(g.Link)); err != nil {
			return o, fmt.Errorf("config: generate.link: %w", err)
		}
	}
	if err := o.Payload.UnmarshalText([]byte(g.Payload)); err != nil {
		return o, fmt.Errorf("config: generate.payload: %w", err)
	}
	if err := o.IPv6.UnmarshalText([]byte(g.IPv6)); err != nil {
		return o, fmt.Errorf("config: generate.ipv6: %w", err)
	}
	return o, nil
}
