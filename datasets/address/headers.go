package address

// Sizes of headers in bytes.
const (
	etherHeader = 14
	ipv4Header  = 20
	ipv6Header  = 40
	udpHeader   = 8
	minFrame    = 60 // Ethernet without the frame check sequence
)
