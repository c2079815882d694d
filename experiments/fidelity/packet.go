package fidelity

import "slices"

// packetMeasures are the marginals of single packets.
func packetMeasures() []measure {
	return slices.Concat(
		numeric("packet", "length", "the frame lengths", func(s *sample) []float64 { return s.length }),
		needing(NoHeaders, numeric("packet", "header length", "the header lengths", func(s *sample) []float64 { return s.header })),
		needing(NoHeaders, numeric("packet", "payload length", "the payload lengths", func(s *sample) []float64 { return s.payload })),
		numeric("packet", "log gap", "log10 of the seconds since the flow's packet before (at least 1 us; first packets left out)",
			func(s *sample) []float64 { return s.gap }),
		[]measure{
			{
				Definition: Definition{"packet", "direction TV", Distance, "Total variation of the proportions of packets from client and server."},
				compute: func(c *comparison) result {
					return tables(totalVariation, c.real.direction, c.synthetic.direction)
				},
			},
		},
		needing(NoFlags, []measure{
			counted("flags", "the TCP flags", func(s *sample) map[int]float64 { return s.flags }),
			{
				Definition: Definition{"packet", "flags TV", Distance, "Total variation of the proportions of the TCP flags."},
				compute:    func(c *comparison) result { return tables(totalVariation, c.real.flags, c.synthetic.flags) },
			},
		}),
		needing(NoAddresses, []measure{
			counted("server port", "the servers' ports", func(s *sample) map[int]float64 { return s.serverPort }),
			counted("client port", "the clients' ports (from 1024 in classes of 4,096)", func(s *sample) map[int]float64 { return s.clientPort }),
			counted("protocol", "the IP protocols", func(s *sample) map[int]float64 { return s.protocol }),
		}),
	)
}

// counted makes a score of a table of counts of packets.
func counted(name, what string, counts func(s *sample) map[int]float64) measure {
	return measure{
		Definition: Definition{"packet", name + " JSD bits", Distance,
			jensenShannonOf + what + "."},
		compute: func(c *comparison) result { return tables(jensenShannon, counts(c.real), counts(c.synthetic)) },
	}
}

// flowMeasures are the marginals of whole flows.
func flowMeasures() []measure {
	between := func(name, what string) []measure {
		list := numeric("flow", name, what, nil)
		list[0].compute = func(c *comparison) result {
			return scaledWasserstein(each(c.whole.between()), each(c.generated.between()))
		}
		list[1].compute = func(c *comparison) result {
			return greatestGap(each(c.whole.between()), each(c.generated.between()))
		}
		return needing(NoStarts, onAll(list))
	}
	return ofFlows(slices.Concat(
		numeric("flow", "packets", "log10 of the packets of a flow", func(s *sample) []float64 { return s.packets }),
		numeric("flow", "bytes", "log10 of the bytes of a flow", func(s *sample) []float64 { return s.bytes }),
		numeric("flow", "duration", "log10 of the seconds that a flow lasts (at least 1 us)", func(s *sample) []float64 { return s.duration }),
		between("time between flows", "log10 of the seconds from one flow's start to the next, in the whole capture"),
		numeric("flow", "turn time", "log10 of the seconds from one change of direction, or the flow's start, to the next",
			func(s *sample) []float64 { return s.turn }),
	))
}
