// Package pcap reads captures as packets and writes frames as captures.
//
//   - [Packets] is the stream of a capture's packets; a [Reader] gives it too, and what
//     the file says of itself ([Info]). A damaged record is a [DecodeError].
//     Where [Reader].Decapsulate asks for it, packets are those inside of VLAN tags, MPLS labels and
//     tunnels: IP in IP, GRE, VXLAN, Geneve, GTP-U.
//   - A [Writer] writes a capture, a [SplitWriter] one in several files.
//   - [Decompress] undoes gzip and zstd.
//
// It reads libpcap's format (microseconds and nanoseconds, both byte orders,
// https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html) and pcapng
// (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-03.html), plain or
// compressed with gzip or zstd: what the bytes are is seen from the bytes, so
// standard input works as a file does.
//
// The records are read and the headers of common links decoded here rather than by
// gopacket: its readers stop at the first odd record, and its layers allocate. A
// capture of tens of gigabytes passes through one window of [windowSize] bytes, and a
// packet costs no allocation. The headers of 802.11 are gopacket's work; other rare
// links are small enough to be decoded here. The tests hold every header field against
// tshark's.
package pcap
