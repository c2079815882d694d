package pcap_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// Reading a capture: damaged records are counted and passed over.
func ExamplePackets() {
	capture := classic(binary.LittleEndian, micro, 4, 1).
		record(1_700_000_000, 0, mustHex(ether+"0800"+udp4)).
		record(1_700_000_001, 0, mustHex(ether+"0800 4500")).
		record(1_700_000_002, 500, mustHex(ether+"0800"+udp4)).data

	damaged := 0
	for p, err := range pcap.Packets(bytes.NewReader(capture), "dns.pcap") {
		var decode *pcap.DecodeError
		switch {
		case errors.As(err, &decode):
			damaged++
			fmt.Println(decode)
		case err != nil:
			fmt.Println("the capture ends early:", err)
		default:
			fmt.Println(p.Timestamp().Format("15:04:05.000000"), p.Tuple.Src, p.Tuple.Dst, p.Application, p.PayloadLength)
		}
	}
	fmt.Println(damaged, "damaged")
	// Output:
	// 22:13:20.000000 192.0.2.1:40000 192.0.2.2:53 DNS 8
	// pcap: dns.pcap: packet 1: IPv4 header at byte 14: 2 bytes are left, want 20
	// 22:13:22.000500 192.0.2.1:40000 192.0.2.2:53 DNS 8
	// 1 damaged
}

// From a capture to its flow table, in bounded memory.
func ExamplePackets_table() {
	capture := classic(binary.LittleEndian, micro, 4, 1).
		record(1_700_000_000, 0, mustHex(ether+"0800"+udp4)).
		record(1_700_000_002, 500, mustHex(ether+"86dd"+udp6)).data

	var assembler flow.Assembler
	for row, err := range assembler.Table(pcap.Packets(bytes.NewReader(capture), "dns.pcap")) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("flow %d %v: %d packets, %d bytes, %.4f s behind the one before\n", row.ID, row.Application, row.Packets, row.Length, row.TimeDiff)
	}
	// Output:
	// flow 0 DNS: 1 packets, 50 bytes, 0.0000 s behind the one before
	// flow 1 DNS: 1 packets, 70 bytes, 2.0005 s behind the one before
}

// What a capture file says of itself, once its packets are read.
func ExampleReader_Info() {
	capture := classic(binary.LittleEndian, nano, 4, 113).record(1_700_000_000, 0, mustHex("0004 0001 0006 00005e005302 0000 0800"+udp4)).data
	r := pcap.NewReader(bytes.NewReader(capture), "cooked.pcap")
	packets := 0
	for _, err := range r.Packets() {
		if err == nil {
			packets++
		}
	}
	info := r.Info()
	fmt.Println(packets, info.Format, info.LinkTypes(), info.Interfaces[0].Resolution)
	// Output: 1 pcap [Linux cooked] 10^-9 s
}
