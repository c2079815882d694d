// Package wire turns flows into frames: generated (time, direction, flags,
// header length, payload length) become Ethernet frames that other tools accept
// as a capture (Wireshark, tcptrace, Argus, nDPI, tcpreplay).
//
// A Plan gives the hosts: how many clients and servers there are, how flows
// share them, their ports, MAC addresses, time to live, segment sizes and
// windows. It is fitted on the training flows and holds counts and shapes, with
// addresses from the ranges reserved for documentation (RFC 5737, RFC 2544,
// RFC 3849), never those of the original unless that is asked for.
//
// A Framer runs one TCP state machine per flow (RFC 9293, with the options of
// RFC 7323) and merges the frames of all flows in time order, with memory for
// the flows that are open at one time. What a generated flow says that TCP does
// not allow is mended with the least change, and each kind of repair is counted.
//
// Flows of LoRaWAN uplinks (packets with Radio) become LoRaTap records or datagrams
// of Semtech's packet forwarder, their integrity codes valid under a published key.
//
// Captures of several applications come from [Merge], one plan of several, and
// [Interleave], one stream of flows of several. Package wiretest checks what comes
// out with other tools.
package wire
