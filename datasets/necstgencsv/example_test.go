package necstgencsv_test

import (
	"fmt"
	"os"
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
)

func ExamplePackets() {
	const file = `layers_0,length_0,layers_1,length_1,layers_2,length_2,layers_3,length_3,timestamps,length_total,mac_src,mac_dst,ip_src,ip_dst,flags,sport,dport
Ether,60,IP,46,TCP,26.0,Padding,2.0,920294090.2271788,60,00:10:7b:38:46:32,00:60:97:de:54:36,172.16.116.201,209.67.29.11,2.0,1773.0,80.0
`
	for p, err := range necstgencsv.Packets(strings.NewReader(file), "day.csv") {
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(p.Application, p.Flags, p.HeaderLength, p.PayloadLength, p.Tuple.Dst)
	}
	// Output: HTTP SYN 58 0 209.67.29.11:80
}

func ExampleWriteGenerated() {
	flows := func(yield func(*flow.Flow, error) bool) {
		decoded := &flow.Decoded{Length: 61, HeaderLength: 54, PayloadLength: 1, Gap: 0.5}
		yield(&flow.Flow{Packets: []flow.Packet{{Length: 60, HeaderLength: 54, Flags: flow.SYN, Decoded: decoded},
			{Time: 250_000_000, Length: 60, HeaderLength: 54, Flags: flow.SYN | flow.ACK, Direction: flow.Backward}}}, nil)
	}
	if err := necstgencsv.WriteGenerated(os.Stdout, necstgencsv.Connected, flows); err != nil {
		fmt.Println(err)
	}
	// Output:
	// length_total_lstm,length_total_vae,direction,flags,timesteps_lstm,timesteps_vae,time_diff_lstm,time_diff_vae,header_length_lstm,header_length_vae,payload_length_all_vae,flow_id
	// 60.0,61.0,0.0,2.0,0.0,0.5,0.0,0.5,54.0,54.0,1.0,0.0
	// 60.0,,1.0,18.0,0.25,,0.25,,54.0,,,0.0
}
