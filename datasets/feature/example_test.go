package feature_test

import (
	"fmt"
	"net/netip"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
)

func ExampleFit() {
	client, server := netip.MustParseAddrPort("10.0.0.1:40000"), netip.MustParseAddrPort("10.0.0.2:80")
	packets := func(yield func(flow.Packet, error) bool) {
		for i, length := range []int32{60, 60, 1514} {
			p := flow.Packet{Time: int64(i) * 250_000_000, Length: length, HeaderLength: 54, PayloadLength: length - 60,
				Tuple: flow.FiveTuple{Proto: flow.TCP, Src: client, Dst: server}, Flags: flow.ACK}
			if i == 1 {
				p.Tuple = p.Tuple.Reverse()
			}
			if !yield(p, nil) {
				return
			}
		}
	}
	schema, err := feature.General.Schema(feature.Compat{})
	if err != nil {
		fmt.Println(err)
		return
	}
	encoder, err := feature.Fit(schema, feature.Extract(packets, feature.General, feature.Compat{}))
	if err != nil {
		fmt.Println(err)
		return
	}
	for row := range feature.Extract(packets, feature.General, feature.Compat{}) {
		codes := encoder.Encode(nil, row)
		decoded := encoder.DecodeRow(nil, codes)
		fmt.Println(len(codes), decoded[7], decoded[5]) // length_total and sport
	}
	// Output:
	// 16 60 0
	// 16 60 80
	// 16 1514 0
}
