// Package pcap reads captures as packets and writes frames as captures.
//
// It reads libpcap's format (microseconds and nanoseconds, both byte orders,
// https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html) and pcapng
// (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-03.html), plain or
// compressed with gzip or zstd: what the bytes are is seen from the bytes, so
// standard input works as a file does.
//
// The records are read and the headers decoded here rather than by gopacket:
// its readers stop at the first odd record, and its layers allocate. A capture
// of tens of gigabytes passes through one window of [windowSize] bytes, and a
// packet costs no allocation. The tests hold every header field against tshark's.
package pcap
