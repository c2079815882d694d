package tcp_test

import (
	"bytes"
	"fmt"
	"iter"
	"log"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/tcp"
)

// lookup is a DNS query and its answer, as a generator gives them: sizes, times
// and directions, no addresses.
func lookup(start int64) *flow.Flow {
	return &flow.Flow{Application: flow.DNS, Packets: []flow.Packet{
		{Time: start, HeaderLength: 42, PayloadLength: 38},
		{Time: start + 12_345_678, Direction: flow.Backward, HeaderLength: 42, PayloadLength: 54},
	}}
}

func stream(flows ...*flow.Flow) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		for _, f := range flows {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// Frames have addresses, ports and payloads; a plan fitted on training flows
// would be given in place of nil.
func ExampleFramer() {
	framer, err := tcp.NewFramer(nil, tcp.Options{}, rand.NewPCG(1, 2))
	if err != nil {
		log.Fatal(err)
	}
	for frame, err := range framer.Frames(stream(lookup(1_700_000_000_000_000_000))) {
		if err != nil {
			log.Fatal(err)
		}
		p := &frame.Packet
		fmt.Println(p.Timestamp().Format("15:04:05.000000000"), p.Tuple.Src, "to", p.Tuple.Dst, p.Application, len(frame.Bytes), "bytes")
	}
	// Output:
	// 22:13:20.000000000 192.0.2.31:56396 to 198.51.100.7:53 DNS 80 bytes
	// 22:13:20.012345678 198.51.100.7:53 to 192.0.2.31:56396 DNS 96 bytes
}

// A capture is written packet by packet; what was mended is counted.
func ExampleFramer_Repairs() {
	framer, err := tcp.NewFramer(nil, tcp.Options{Complete: true}, rand.NewPCG(1, 2))
	if err != nil {
		log.Fatal(err)
	}
	var capture bytes.Buffer
	writer, err := pcap.NewWriter(&capture, pcap.WriterOptions{})
	if err != nil {
		log.Fatal(err)
	}
	request := &flow.Flow{Application: flow.HTTP, Packets: []flow.Packet{
		{Time: 1e18, Flags: flow.PSH | flow.ACK, HeaderLength: 66, PayloadLength: 80},
	}}
	for frame, err := range framer.Frames(stream(request)) {
		if err == nil {
			err = writer.Write(frame.Packet.Time, frame.Bytes)
		}
		if err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(writer.Packets(), writer.Close())
	fmt.Println(framer.Repairs())
	// Output:
	// 7 <nil>
	// map[missing FIN or its ACK inserted:3 missing handshake inserted:1]
}

// Several applications, each with a plan of its own, in one capture: Merge keeps
// their hosts apart, Interleave puts their flows in order.
func ExampleInterleave() {
	dns, http := address.Default(), address.Default() // in place of plans fitted on two training captures
	plan, _, err := address.Merge(dns, http)
	if err != nil {
		log.Fatal(err)
	}
	framer, err := tcp.NewFramer(plan, tcp.Options{Complete: true}, rand.NewPCG(1, 2))
	if err != nil {
		log.Fatal(err)
	}
	request := &flow.Flow{Application: flow.HTTP, Packets: []flow.Packet{
		{Time: 1e18 + 5e6, Flags: flow.PSH | flow.ACK, HeaderLength: 66, PayloadLength: 80},
	}}
	frames := map[flow.Application]int{}
	for frame, err := range framer.Frames(tcp.Interleave(stream(lookup(1e18)), stream(request))) {
		if err != nil {
			log.Fatal(err)
		}
		frames[frame.Packet.Application]++
	}
	fmt.Println(len(plan.Hosts), "hosts,", frames)
	// Output:
	// 80 hosts, map[HTTP:7 DNS:2]
}

// LoRaWAN uplinks become LoRaTap records, or datagrams of a gateway's packet
// forwarder with the server's acknowledgements.
func ExampleLink() {
	uplink := &flow.Flow{Application: flow.LoRaWAN, Packets: []flow.Packet{{Time: 1e18, Length: 23, Radio: &flow.Radio{
		Gateway: 1, Address: 1, MType: 2, Port: 1, Frequency: 868_100_000, SpreadingFactor: 7, Bandwidth: 125, CodeRate: 5, CRC: 1, RSSI: -90, SNR: 6,
	}}}}
	for _, link := range []tcp.Link{tcp.LoRaTap, tcp.Semtech} {
		framer, err := tcp.NewFramer(nil, tcp.Options{Link: link}, rand.NewPCG(1, 2))
		if err != nil {
			log.Fatal(err)
		}
		for frame, err := range framer.Frames(stream(uplink)) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(link, frame.Packet.Application, "link type", link.Type(), "payload", frame.Packet.PayloadLength)
		}
	}
	// Output:
	// loratap LORAWAN link type 270 payload 10
	// semtech LORAWAN link type 1 payload 236
	// semtech LORAWAN link type 1 payload 4
}
