// Package control turns flows without ports into frames: who has an address (ARP, RFC 826, and
// neighbour discovery, RFC 4861), echoes and errors (ICMP, RFC 792, and ICMPv6, RFC 4443), who
// is in which group (IGMP, RFC 3376, and MLD, RFC 3810), and what routers and tunnels say (OSPF,
// VRRP, GRE, ESP).
//
// A [Conversation] is one flow between two hosts of an address.Plan. An answer follows its
// question and repeats of it what the protocol asks for: an ARP reply names who has asked, an
// echo reply has the identifier, the number and the bytes of its request. An error quotes a
// datagram that its receiver can have sent. Groups have the MAC addresses that belong to them.
// What a generated flow says that cannot be is mended, and each kind of [Repair] is counted by
// the caller.
package control
