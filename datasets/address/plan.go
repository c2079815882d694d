package address

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"github.com/necstgen/necstgen/datasets/flow"
)

// planVersion is the version of the JSON form.
const planVersion = 3

// Plan says which hosts talk, and how flows are distributed among them. It is
// plain data, saved as JSON beside the model.
type Plan struct {
	Version  int       `json:"version"`
	MTU      int       `json:"mtu"` // largest IP packet in bytes
	Hosts    []Host    `json:"hosts"`
	Services []Service `json:"services"`
	Tunnels  []Tunnel  `json:"tunnels,omitempty"` // that pairs are inside of

	// Overflow4 and Overflow6 are where hosts beyond Hosts get their addresses: a
	// client that has used all its ports towards a server goes on as another host.
	Overflow4 netip.Prefix `json:"overflow4"`
	Overflow6 netip.Prefix `json:"overflow6"`

	Original bool  `json:"original_addresses,omitempty"` // Hosts have the addresses and MACs of the training flows
	InUse    InUse `json:"in_use,omitzero"`
}

// Host is one end of connections.
type Host struct {
	Address    netip.Addr `json:"address"`
	MAC        flow.MAC   `json:"mac"`
	TTL        uint8      `json:"ttl"`            // IPv4 time to live or IPv6 hop limit, as captured
	MSS        uint16     `json:"mss"`            // maximum segment size of its SYNs
	SYNOptions int16      `json:"syn_options"`    // bytes of TCP options of its SYNs, -1: not known
	Window     Window     `json:"window"`         // receive windows of its connections
	TCP        IPv4       `json:"tcp,omitzero"`   // IPv4 headers of its segments
	UDP        IPv4       `json:"udp,omitzero"`   // and of its datagrams
	Clock      Clock      `json:"clock,omitzero"` // of its TCP timestamps; zero: linuxClock

	// SYNs are the options of its SYNs and SYN/ACKs, the most frequent ones first. None: those
	// of common systems.
	SYNs     []flow.TCPOptions `json:"syns,omitempty"`
	Unpadded bool              `json:"unpadded,omitempty"` // its short frames were captured before Ethernet pads them to 60 bytes
}

// Service is one application on one server port, or messages without ports of one kind.
type Service struct {
	Application flow.Application `json:"application"`
	Proto       uint8            `json:"proto"` // IP protocol, 0 for ARP
	Port        uint16           `json:"port"`  // without ports: the flow.MessageKind of a flow's first message
	Flows       int64            `json:"flows"` // seen: the weight among the services of an application
	Pairs       []Pair           `json:"pairs"`
	Repeat      float64          `json:"repeat"`     // proportion of flows whose pair is that of the flow before
	SamePort    float64          `json:"same_port"`  // proportion of flows whose client port is the server port (NTP)
	ClientLow   uint16           `json:"client_low"` // range of client ports
	ClientHigh  uint16           `json:"client_high"`
	Ports       Ports            `json:"ports,omitzero"`     // how clients go on from port to port
	Shortest    int32            `json:"shortest,omitempty"` // least payload bytes of a datagram of its application
}

// ported reports whether its flows have ports.
func (s *Service) ported() bool { return s.Proto == flow.TCP || s.Proto == flow.UDP }

// Pair is a client and a server, indices of Plan.Hosts, and how many flows they had. They are
// one host where that speaks to a group.
type Pair struct {
	Client int   `json:"client"`
	Server int   `json:"server"`
	Flows  int64 `json:"flows"`
	Tunnel int   `json:"tunnel,omitempty"` // of Plan.Tunnels, from 1; 0: none
}

// InUse is what the training flows hold of the values that belong to nobody and
// are given to generated hosts; whoever gives out new ones leaves these alone. It
// reveals nothing of real hosts, which have none of these values.
type InUse struct {
	Networks []netip.Prefix `json:"networks,omitempty"` // /24 and /64 within the documentation and benchmarking ranges
	MACs     []flow.MAC     `json:"macs,omitempty"`     // with the program's own prefix
	Devices  []uint16       `json:"devices,omitempty"`  // blocks of 4096 LoRaWAN device addresses of the experimental networks, by number
	Gateways []uint64       `json:"gateways,omitempty"` // EUIs of the documentation range or the program's own
}

// Write saves the plan as indented JSON.
func (p *Plan) Write(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(p); err != nil {
		return fmt.Errorf("address: write plan: %w", err)
	}
	return nil
}

// Read loads what Write saved and validates it; name feeds messages.
func Read(r io.Reader, name string) (*Plan, error) {
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	p := new(Plan)
	if err := decoder.Decode(p); err != nil {
		return nil, fmt.Errorf("address: read plan %s: %w", name, err)
	}
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("address: read plan %s: %w", name, err)
	}
	return p, nil
}

// Bounds of an MTU in bytes.
const (
	MinMTU = 576   // what every host must take (RFC 791)
	MaxMTU = 65535 // what a length field of IPv4 can say
)

// Validate reports every problem of the plan at once.
func (p *Plan) Validate() error {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("address: plan: "+format, args...))
	}
	if p.Version != planVersion {
		bad("version is %d, want %d", p.Version, planVersion)
	}
	if p.MTU < MinMTU || p.MTU > MaxMTU {
		bad("mtu is %d, want %d to %d", p.MTU, MinMTU, MaxMTU)
	}
	if !p.Overflow4.Addr().Is4() || p.Overflow4.Bits() > 30 || !p.Overflow6.Addr().Is6() || p.Overflow6.Bits() > 96 {
		bad("overflow4 is %v and overflow6 %v, want an IPv4 prefix of at most 30 and an IPv6 prefix of at most 96 bits", p.Overflow4, p.Overflow6)
	}
	for i, h := range p.Hosts {
		if !h.Address.IsValid() {
			bad("hosts[%d].address is missing", i)
		}
		if h.SYNOptions < anyOptions || h.SYNOptions > mostOptions || h.SYNOptions > 0 && h.SYNOptions%4 != 0 {
			bad("hosts[%d].syn_options is %d, want -1 (not known), or 0 to %d in steps of 4", i, h.SYNOptions, mostOptions)
		}
		if err := errors.Join(h.Window.validate(), h.Clock.validate(), checkLayouts(h.SYNs)); err != nil {
			bad("hosts[%d]: %w", i, err)
		}
	}
	if len(p.Services) == 0 {
		bad("services is empty, want at least one")
	}
	for i := range p.Services {
		if err := p.Services[i].validate(p.Hosts); err != nil {
			bad("services[%d]: %w", i, err)
		}
	}
	problems = append(problems, p.checkTunnels())
	return errors.Join(problems...)
}

// validate reports every problem of the service at once.
func (s *Service) validate(hosts []Host) error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if proto, _ := s.Application.Service(); proto != 0 && !s.ported() {
		bad("proto is %d, want 6 (TCP) or 17 (UDP)", s.Proto)
	}
	if s.ported() && s.Port == 0 {
		bad("port is 0, want 1 to 65535")
	}
	if s.ClientLow == 0 || s.ClientLow > s.ClientHigh {
		bad("client ports are %d to %d, want a range from 1 to 65535", s.ClientLow, s.ClientHigh)
	}
	if err := s.Ports.validate(); err != nil {
		problems = append(problems, err)
	}
	if s.Shortest < 0 || s.Shortest > 65507 {
		bad("shortest %d: want 0 to 65507 bytes", s.Shortest)
	}
	if s.Flows < 0 || !(s.Repeat >= 0 && s.Repeat <= 1) || !(s.SamePort >= 0 && s.SamePort <= 1) {
		bad("flows %d, repeat %g, same_port %g: want a count and two proportions of 0 to 1", s.Flows, s.Repeat, s.SamePort)
	}
	if len(s.Pairs) == 0 {
		bad("pairs is empty, want at least one")
	}
	for j, pair := range s.Pairs {
		switch {
		case pair.Client < 0 || pair.Client >= len(hosts) || pair.Server < 0 || pair.Server >= len(hosts):
			bad("pairs[%d] names hosts %d and %d, want 0 to %d", j, pair.Client, pair.Server, len(hosts)-1)
		case hosts[pair.Client].Address.Is4() != hosts[pair.Server].Address.Is4():
			bad("pairs[%d] joins an IPv4 and an IPv6 host", j)
		case pair.Flows < 0:
			bad("pairs[%d].flows is %d, want 0 or more", j, pair.Flows)
		}
	}
	return errors.Join(problems...)
}

// popularity returns how many flows each host of the plan has.
func (p *Plan) popularity() []int64 {
	flows := make([]int64, len(p.Hosts))
	for _, s := range p.Services {
		for _, pair := range s.Pairs {
			flows[pair.Client] += pair.Flows
			flows[pair.Server] += pair.Flows
		}
	}
	return flows
}
