package config

import (
	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/tcp"
)

// Framing returns how generated flows become frames. Uplinks says that all of them
// are of LoRaWAN: only then Link counts.
func (g Generate) Framing(uplinks bool) tcp.Options {
	o := tcp.Options{
		Hosts:   address.Options{Addresses: g.Addresses, IPv6: g.IPv6, Clients: g.Clients, Servers: g.Servers},
		Payload: g.Payload, MTU: g.MTU, Complete: g.Complete, KeepTuples: g.KeepAddresses, Losses: g.Losses,
	}
	if uplinks {
		o.Link = g.Link
	}
	return o
}
