package flow

// registered returns the application that a TCP or UDP port is bound to; Unknown for
// none.
func registered(proto uint8, port uint16) Application {
	switch {
	case port >= highPort:
		return Unknown
	case proto == UDP:
		return portsUDP[port]
	}
	return portsTCP[port]
}

// portRule returns the application whose rule tests for the port.
func portRule(port uint16) Application {
	if port >= highPort {
		return Unknown
	}
	return rulesByPort[port]
}

// service finds the port that names the application: 0 where none does. A port
// below 1024 counts before one that a client may have drawn; between two of a
// kind the later rule of algorithm.md 1.3 wins. FromServer says who sent, unless
// both ends have the port.
func service(t *FiveTuple) (app Application, port uint16, fromServer bool) {
	src, dst := t.Src.Port(), t.Dst.Port()
	a, b := registered(t.Proto, src), registered(t.Proto, dst)
	switch {
	case a == Unknown && b == Unknown:
		return Unknown, 0, false
	case b == Unknown:
		return a, src, true
	case a == Unknown || src == dst:
		return b, dst, false
	case src < 1024 && dst >= 1024:
		return a, src, true
	case dst < 1024 && src >= 1024:
		return b, dst, false
	case portRule(src) > portRule(dst):
		return a, src, true
	}
	return b, dst, false
}
