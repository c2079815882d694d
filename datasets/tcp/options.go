package tcp

import (
	"errors"
	"fmt"
	"strings"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/payload"
)

// Options change what a Framer makes. The zero value is useful.
type Options struct {
	Hosts      address.Options      // how the hosts of the plan are changed
	Payload    payload.Filling      // what payloads are made of
	Examples   []payload.Example    // payloads of the training capture, for payload.Copy
	Statistics []payload.Statistics // how often the applications of the training capture say what; none: assumed
	MTU        int                  // largest IP packet in bytes; 0: the plan's
	Complete   bool                 // insert missing handshakes and closings, so that every TCP connection is complete
	KeepTuples bool                 // use the addresses and ports, or gateways and device addresses, that flows carry; they may be those of the original
	Link       Link                 // how LoRaWAN uplinks stand in the capture, and so what frames begin with
	Losses     Losses               // how many TCP data segments the network loses, which are sent again
}

// Validate reports every problem at once, each with the option's key in a config,
// its value, and what is allowed. What depends on the plan as well, NewFramer reports.
func (o *Options) Validate() error {
	problems := []error{o.Hosts.Validate()}
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("tcp: options: "+format, args...))
	}
	if err := o.Payload.Validate(); err != nil {
		bad("%w", err)
	}
	if o.MTU != 0 && (o.MTU < address.MinMTU || o.MTU > address.MaxMTU) {
		bad("mtu is %d, want 0 (the plan's) or %d to %d", o.MTU, address.MinMTU, address.MaxMTU)
	}
	if o.Link >= linkCount {
		bad("link is %d, want one of %s", o.Link, strings.Join(linkWords[:], ", "))
	}
	if !o.Losses.valid() {
		bad("losses are %g, want learned, none, or a proportion of 0 to %g", float64(o.Losses), float64(MaxLosses))
	}
	if len(o.Hosts.Addresses) > 0 && o.KeepTuples {
		bad("addresses are given, and flows are to keep their own: want one of both")
	}
	return errors.Join(problems...)
}
