package convert

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
)

// choice says which packets Options.Application asks for.
type choice struct {
	application flow.Application // Unknown: any
	protocol    uint8            // Google Home's files have all packets of a transport; 0: any
	port        int              // FPort of uplinks; 0: any

	layout  necstgencsv.Layout // of NeCSTGen's files
	variant feature.Variant    // of the features
}

// choiceOf returns what Options.Application asks for.
func choiceOf(name string) (choice, error) {
	switch name {
	case "":
		return choice{layout: necstgencsv.Day, variant: feature.General}, nil
	case "TCP_GOOGLE_HOME":
		return choice{protocol: flow.TCP, layout: necstgencsv.TCPGoogleHome, variant: feature.TCPGoogleHome}, nil
	case "UDP_GOOGLE_HOME":
		return choice{protocol: flow.UDP, layout: necstgencsv.UDPGoogleHome, variant: feature.UDPGoogleHome}, nil
	}
	c := choice{layout: necstgencsv.DARPA, variant: feature.General}
	if number, ok := strings.CutPrefix(name, "LORA_"); ok {
		port, err := strconv.ParseUint(number, 10, 8)
		if err != nil || port == 0 {
			return c, fmt.Errorf("application %s: want an FPort from 1 to 255 behind LORA_", name)
		}
		return choice{application: flow.LoRaWAN, port: int(port), variant: feature.LoRaWAN}, nil
	}
	if err := c.application.UnmarshalText([]byte(strings.ReplaceAll(name, "_", "-"))); err != nil {
		return c, fmt.Errorf("application: %w", err)
	}
	if c.uplinks() {
		c.variant = feature.LoRaWAN
	}
	return c, nil
}

// uplinks reports whether LoRaWAN uplinks are asked for.
func (c *choice) uplinks() bool { return c.application == flow.LoRaWAN }

// takes reports whether a labelled packet is asked for.
func (c *choice) takes(p *flow.Packet) bool {
	if c.uplinks() {
		return p.Radio != nil && (c.port == 0 || int(p.Radio.Port) == c.port)
	}
	return (c.application == flow.Unknown || p.Application == c.application) && (c.protocol == 0 || p.Tuple.Proto == c.protocol)
}

// takesFlow reports whether a flow is asked for.
func (c *choice) takesFlow(r *flow.TableRow) bool {
	return (c.application == flow.Unknown || r.Application == c.application) && (c.protocol == 0 || r.Tuple.Proto == c.protocol)
}
