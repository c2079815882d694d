package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
)

// PlanVersion is the version of the JSON form.
const PlanVersion = 1

// Plan says which hosts talk, and how their flows are shared out. It is plain
// data, saved as JSON beside the model.
type Plan struct {
	Version  int       `json:"version"`
	MTU      int       `json:"mtu"` // largest IP packet in bytes
	Hosts    []Host    `json:"hosts"`
	Services []Service `json:"services"`

	// Spare4 and Spare6 are where hosts beyond Hosts get their addresses: a
	// client that has used all its ports towards a server goes on as another host.
	Spare4 netip.Prefix `json:"spare4"`
	Spare6 netip.Prefix `json:"spare6"`

	Original bool  `json:"original_addresses,omitempty"` // Hosts have the addresses and MACs of the training flows
	InUse    InUse `json:"in_use,omitzero"`

	Examples []Example `json:"examples,omitempty"` // payloads of the training flows, kept only if that is asked for
}

// Host is one end of conversations.
type Host struct {
	Address   netip.Addr `json:"address"`
	MAC       flow.MAC   `json:"mac"`
	TTL       uint8      `json:"ttl"`                // IPv4 time to live or IPv6 hop limit, as captured
	MSS       uint16     `json:"mss"`                // maximum segment size of its SYNs
	SYNWindow uint16     `json:"syn_window"`         // window of its SYNs, bytes
	Window    uint16     `json:"window"`             // usual window afterwards, as sent (not scaled)
	Scale     uint8      `json:"scale"`              // window scale where the SYN has room for the option
	Unpadded  bool       `json:"unpadded,omitempty"` // its short frames were captured before Ethernet pads them to 60 bytes
}

// Service is one application on one server port.
type Service struct {
	Application flow.Application `json:"application"`
	Proto       uint8            `json:"proto"` // flow.TCP or flow.UDP
	Port        uint16           `json:"port"`
	Flows       int64            `json:"flows"` // seen: the weight among the services of an application
	Pairs       []Pair           `json:"pairs"`
	Repeat      float64          `json:"repeat"`     // share of flows whose pair is that of the flow before
	SamePort    float64          `json:"same_port"`  // share of flows whose client port is the server port (NTP)
	ClientLow   uint16           `json:"client_low"` // range of client ports
	ClientHigh  uint16           `json:"client_high"`
	Shortest    int32            `json:"shortest,omitempty"` // least payload bytes of its datagrams
}

// Pair is a client and a server, indices of Plan.Hosts, and how many flows they had.
type Pair struct {
	Client int   `json:"client"`
	Server int   `json:"server"`
	Flows  int64 `json:"flows"`
}

// Write saves the plan as indented JSON.
func (p *Plan) Write(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(p); err != nil {
		return fmt.Errorf("wire: write plan: %w", err)
	}
	return nil
}

// ReadPlan loads what Write saved and validates it; name feeds messages.
func ReadPlan(r io.Reader, name string) (*Plan, error) {
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	p := new(Plan)
	if err := decoder.Decode(p); err != nil {
		return nil, fmt.Errorf("wire: read plan %s: %w", name, err)
	}
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("wire: read plan %s: %w", name, err)
	}
	return p, nil
}

// Validate reports every problem of the plan at once.
func (p *Plan) Validate() error {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("wire: plan: "+format, args...))
	}
	if p.Version != PlanVersion {
		bad("version is %d, want %d", p.Version, PlanVersion)
	}
	if p.MTU < minMTU || p.MTU > maxMTU {
		bad("mtu is %d, want %d to %d", p.MTU, minMTU, maxMTU)
	}
	if !p.Spare4.Addr().Is4() || p.Spare4.Bits() > 30 || !p.Spare6.Addr().Is6() || p.Spare6.Bits() > 96 {
		bad("spare4 is %v and spare6 %v, want an IPv4 prefix of at most 30 and an IPv6 prefix of at most 96 bits", p.Spare4, p.Spare6)
	}
	for i, h := range p.Hosts {
		if !h.Address.IsValid() {
			bad("hosts[%d].address is missing", i)
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
	return errors.Join(problems...)
}

func (s *Service) validate(hosts []Host) error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if s.Proto != flow.TCP && s.Proto != flow.UDP {
		bad("proto is %d, want 6 (TCP) or 17 (UDP)", s.Proto)
	}
	if s.Port == 0 {
		bad("port is 0, want 1 to 65535")
	}
	if s.ClientLow == 0 || s.ClientLow > s.ClientHigh {
		bad("client ports are %d to %d, want a range from 1 to 65535", s.ClientLow, s.ClientHigh)
	}
	if s.Shortest < 0 || s.Shortest > 65507 {
		bad("shortest %d: want 0 to 65507 bytes", s.Shortest)
	}
	if s.Flows < 0 || s.Repeat < 0 || s.Repeat > 1 || s.SamePort < 0 || s.SamePort > 1 {
		bad("flows %d, repeat %g, same_port %g: want a count and two shares of 0 to 1", s.Flows, s.Repeat, s.SamePort)
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

// Limits and defaults of a plan.
const (
	minMTU           = 576 // RFC 791: what every host must take
	maxMTU           = 65535
	ethernetMTU      = 1500
	defaultTTL       = 64    // Linux
	defaultMSS       = 1460  // Ethernet and IPv4 without options
	defaultSYNWindow = 64240 // Linux: 44 segments of 1460 bytes
	defaultWindow    = 502   // Linux: 64240 >> 7, rounded up
	defaultScale     = 7     // Linux
	defaultLow       = 32768 // Linux: ip_local_port_range
	defaultHigh      = 60999
)

// servicePorts are the registered ports of the applications (IANA), the
// transport first; applications that are not here get unknownPort.
var servicePorts = map[flow.Application]struct {
	proto uint8
	port  uint16
}{
	flow.Telnet: {flow.TCP, 23}, flow.HTTP: {flow.TCP, 80}, flow.SSH: {flow.TCP, 22}, flow.SNMP: {flow.UDP, 161},
	flow.SMTP: {flow.TCP, 25}, flow.DNS: {flow.UDP, 53}, flow.NTP: {flow.UDP, 123}, flow.FTP: {flow.TCP, 21},
	flow.FTPData: {flow.TCP, 20}, flow.RIP: {flow.UDP, 520}, flow.IRC: {flow.TCP, 6667}, flow.POP: {flow.TCP, 110},
	flow.IMAP: {flow.TCP, 143}, flow.SIP: {flow.UDP, 5060}, flow.Finger: {flow.TCP, 79}, flow.Time: {flow.TCP, 37},
	flow.NetBIOS: {flow.UDP, 137}, flow.QUIC: {flow.UDP, 443}, flow.TLS: {flow.TCP, 443},
	flow.LoRaWAN: {flow.UDP, lorawan.SemtechPort},
}

// unknownPort serves applications without a registered port.
const unknownPort = 9999

// DefaultPlan has 32 clients and 8 servers, IPv4, which share all applications evenly.
func DefaultPlan() *Plan {
	p := &Plan{Version: PlanVersion, MTU: ethernetMTU, Spare4: spare4, Spare6: spare6}
	var clients, servers []int
	for i := range defaultClients + defaultServers {
		h := defaultHost()
		h.MAC = localMAC(uint32(i + 1))
		if i < defaultClients {
			h.Address = documented4[0].Addr().Next()
			for range i {
				h.Address = h.Address.Next()
			}
			clients = append(clients, i)
		} else {
			h.Address = documented4[1].Addr().Next()
			for range i - defaultClients {
				h.Address = h.Address.Next()
			}
			servers = append(servers, i)
		}
		p.Hosts = append(p.Hosts, h)
	}
	var pairs []Pair
	for _, c := range clients {
		for _, s := range servers {
			pairs = append(pairs, Pair{Client: c, Server: s, Flows: 1})
		}
	}
	for a := flow.Unknown; ; a++ {
		if _, err := applicationText(a); err != nil {
			break
		}
		for _, proto := range []uint8{flow.TCP, flow.UDP} {
			s := Service{Application: a, Proto: proto, Port: unknownPort, Pairs: pairs, ClientLow: defaultLow, ClientHigh: defaultHigh}
			if a == flow.LoRaWAN {
				s.Pairs = gatewayPairs(pairs, defaultClients)
			}
			if known, ok := servicePorts[a]; ok {
				s.Port = known.port
				if known.proto == proto {
					s.Flows = 1
				}
			}
			p.Services = append(p.Services, s)
		}
	}
	return p
}

// How many hosts DefaultPlan has.
const (
	defaultClients = 32
	defaultServers = 8
)

func defaultHost() Host {
	return Host{TTL: defaultTTL, MSS: defaultMSS, SYNWindow: defaultSYNWindow, Window: defaultWindow, Scale: defaultScale}
}

// applicationText is the application's name, or an error beyond the last one.
func applicationText(a flow.Application) (string, error) {
	name := a.String()
	var back flow.Application
	if err := back.UnmarshalText([]byte(name)); err != nil {
		return "", err
	}
	return name, nil
}
