// Package tcp turns flows into frames: generated packets (time, direction, flags,
// header length, payload length) become Ethernet frames that other tools accept as
// a capture (Wireshark, tcptrace, Argus, nDPI, tcpreplay).
//
// A [Framer] runs one TCP state machine per flow (RFC 9293, with the options of
// RFC 7323), with hosts from an address.Plan and bytes from package payload, and
// merges the frames of all flows in time order, with memory for the flows that are
// open at one time. What a generated flow says that TCP does not allow is mended with
// the least change, and each kind of repair is counted. UDP flows become datagrams.
// Flows without ports are messages of package control.
// Flows of LoRaWAN uplinks (packets with Radio) become LoRaTap records or datagrams
// of Semtech's packet forwarder, their integrity codes valid under a published key. Around
// the frames of hosts that are in a tunnel of the plan stand its headers.
//
// A [Frame] is the bytes and what a reader of the capture decodes from them.
// [Ahead] makes frames in a goroutine of its own, and [Interleave] makes one stream of
// the flows of several applications.
// Package capturetest checks what comes out with other tools.
package tcp
