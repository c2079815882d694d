package flow

// registered is the application that a TCP or UDP port is bound to: those of the
// rules, and those that the rules know by their layer alone.
func registered(proto uint8, port uint16) Application {
	switch port {
	case 20:
		return FTPData
	case 21:
		return FTP
	case 22:
		return SSH
	case 23:
		return Telnet
	case 25, 587:
		return SMTP
	case 37:
		return Time
	case 53:
		return DNS
	case 79:
		return Finger
	case 80, 8080:
		return HTTP
	case 110:
		return POP
	case 113, 194, 6660, 6661, 6662, 6663, 6664, 6665, 6666, 6667, 6668, 6669, 6697, 7000:
		return IRC
	case 137, 138, 139:
		return NetBIOS
	case 143:
		return IMAP
	case 5060:
		return SIP
	}
	if proto == UDP {
		switch port {
		case 123:
			return NTP
		case 161, 162:
			return SNMP
		case 443:
			return QUIC
		case 520:
			return RIP
		case 1700:
			return LoRaWAN
		case 5353:
			return DNS
		}
	} else if port == 443 || port == 465 || port == 853 || port == 989 || port == 990 || port == 992 || port == 993 || port == 994 || port == 995 || port == 5061 {
		return TLS
	}
	return Unknown
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
