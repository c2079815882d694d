// Package address is the plan of hosts: who talks to whom, under which
// addresses, MACs and ports, and how each host's stack behaves (time to live,
// segment size, options of its SYNs, receive windows, ports).
//
// A [Plan] is plain data, saved as JSON beside a model. [Fit] learns it from
// flows, [Default] is one for flows of which nothing is known, [Merge] makes one
// plan of several, and [Plan.WithOptions] changes its size, its address ranges or
// its IP version. A plan holds counts and shapes; its addresses come from the
// ranges that are reserved for documentation and benchmarking (RFC 5737, RFC 2544,
// RFC 3849), never from the training flows unless FitOptions.KeepAddresses asks for
// them. All of these give addresses and MACs in one way: hosts that shared a
// network, a site or a MAC still share one, and no value that the training flows
// hold is given out.
//
// Hosts whose packets were inside of VLAN tags, MPLS labels or a tunnel are in a [Tunnel]
// again, with ends and numbers of its own.
//
// Flows without ports have pairs of hosts by the kind of their first message; one that goes to a
// group has its sender alone.
//
// An [Assigner] gives each new flow its two [HostState] and ports, by the
// popularity that the plan has learned. A [RadioIDs] gives LoRaWAN devices and
// gateways their identifiers.
package address
