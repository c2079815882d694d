package tcp

import (
	"bytes"
	"fmt"
	"iter"
	"math"
	"math/bits"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/lorawan/lorawantest"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// framesIn writes frames of a link to a capture in memory and gives the packets
// that were announced.
func framesIn(t *testing.T, f *Framer, link Link, flows []*flow.Flow) (capture []byte, announced []flow.Packet) {
	t.Helper()
	var out bytes.Buffer
	w, err := pcap.NewWriter(&out, pcap.WriterOptions{LinkType: link.Type()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = writeCapture(w, func(yield func(Frame, error) bool) {
		for frame, err := range f.Frames(flowtest.Sequence(flows)) {
			if err == nil {
				p := frame.Packet
				p.Payload = bytes.Clone(p.Payload)
				announced = append(announced, p)
			}
			if !yield(frame, err) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), announced
}

// byTime are the packets of flows in the order of time.
func byTime(flows []*flow.Flow) []flow.Packet {
	var all []flow.Packet
	for _, f := range flows {
		for _, p := range f.Packets {
			p.FlowID = f.ID
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b flow.Packet) int { return int(a.Time - b.Time) })
	return all
}

// gatewayBase is the first of the documented EUIs (RFC 9542, 2.2.3).
const gatewayBase = 0x02005eef10000000

// checkUplinks holds uplinks that were read against those generated: everything
// the same but device and gateway, which are a renaming of the generated ones
// within the published ranges; every frame's integrity code is right.
func checkUplinks(t *testing.T, read iter.Seq2[flow.Packet, error], want []flow.Packet, link Link) {
	t.Helper()
	names, gateways, i := map[uint32]uint32{}, map[uint64]uint64{}, 0
	renamed := func(generated uint32, given uint32) bool {
		if _, ok := names[generated]; !ok {
			names[generated] = given
		}
		return names[generated] == given
	}
	for p, err := range read {
		if err != nil {
			t.Fatal(err)
		}
		if p.Radio == nil {
			continue
		}
		w := want[i]
		got, r := *p.Radio, *w.Radio
		if !renamed(r.Address, got.Address) || got.Address>>26 != 0 || got.Address == r.Address {
			t.Fatalf("uplink %d: device %08x of %08x, before %08x", i, got.Address, r.Address, names[r.Address])
		}
		if _, ok := gateways[r.Gateway]; !ok {
			gateways[r.Gateway] = got.Gateway
		}
		if link != LoRaTap0 && (gateways[r.Gateway] != got.Gateway || got.Gateway&^0xff != gatewayBase) {
			t.Fatalf("uplink %d: gateway %016x of %016x", i, got.Gateway, r.Gateway)
		}
		r.Address, r.Gateway = got.Address, got.Gateway
		if link == LoRaTap0 {
			r.CRC, r.CodeRate = got.CRC, got.CodeRate
		}
		if math.Abs(float64(got.RSSI-r.RSSI)) > 0.5 || math.Abs(float64(got.SNR-r.SNR)) > 0.125 {
			t.Fatalf("uplink %d: RSSI %v and SNR %v, want %v and %v", i, got.RSSI, got.SNR, r.RSSI, r.SNR)
		}
		r.RSSI, r.SNR = got.RSSI, got.SNR
		if got != r || p.Length != w.Length || p.PayloadLength != w.PayloadLength || p.Time/1000 != w.Time/1000 {
			t.Fatalf("uplink %d: read %+v, length %d at %d; want %+v, %d at %d", i, got, p.Length, p.Time, r, w.Length, w.Time)
		}
		if ok, err := lorawantest.CheckMIC(p.Payload, got.Counter, lorawan.TestNetworkKey); err != nil || !ok {
			t.Fatalf("uplink %d: integrity code right: %t, %v", i, ok, err)
		}
		i++
	}
	if i != len(want) || len(names) < 2 {
		t.Errorf("%d uplinks of %d devices, want %d", i, len(names), len(want))
	}
}

// LoRaTap records come back as the uplinks that they were made of, and frames'
// packets say what a reader decodes.
func TestLoRaTap(t *testing.T) {
	for _, link := range []Link{LoRaTap, LoRaTap0} {
		flows := flowtest.Devices(40)
		capture, announced := framesIn(t, newTestFramer(t, nil, Options{Link: link}), link, flows)
		checkUplinks(t, pcap.Packets(bytes.NewReader(capture), "out.pcap"), byTime(flows), link)
		i := 0
		for p, err := range pcap.Packets(bytes.NewReader(capture), "out.pcap") {
			if err != nil {
				t.Fatal(err)
			}
			want := announced[i]
			if *p.Radio != *want.Radio || !bytes.Equal(p.Payload, want.Payload) {
				t.Fatalf("%v: packet %d: read %+v, announced %+v", link, i, p.Radio, want.Radio)
			}
			want.FlowID = p.FlowID
			p.Radio, want.Radio, p.Payload, want.Payload = nil, nil, nil, nil
			if fmt.Sprint(p) != fmt.Sprint(want) {
				t.Fatalf("%v: packet %d: read\n%+v, announced\n%+v", link, i, p, want)
			}
			i++
		}
	}
}

// Semtech datagrams come back as the uplinks that they carry; each gateway has its
// own socket, and each datagram is acknowledged under its token.
func TestSemtech(t *testing.T) {
	flows := flowtest.Devices(40)
	f := newTestFramer(t, nil, Options{})
	capture, announced := framesIn(t, f, Semtech, flows)
	want := byTime(flows)
	checkUplinks(t, lorawan.Uplinks(pcap.Packets(bytes.NewReader(capture), "out.pcap")), want, Semtech)
	owed, sockets := map[string]int{}, map[flow.FiveTuple]bool{}
	data, acks := 0, 0
	for p, err := range pcap.Packets(bytes.NewReader(capture), "out.pcap") {
		if err != nil {
			t.Fatal(err)
		}
		key := func(tuple flow.FiveTuple) string { return fmt.Sprint(tuple, p.Payload[1:3]) }
		if p.Payload[3] == pushAck {
			acks++
			if owed[key(p.Tuple.Reverse())]--; owed[key(p.Tuple.Reverse())] < 0 || p.Tuple.Src.Port() != 1700 {
				t.Fatalf("packet %d acknowledges what was not sent", p.Number)
			}
			continue
		}
		owed[key(p.Tuple)]++
		sockets[p.Tuple] = true
		data++
	}
	if data != len(want) || acks != data || len(sockets) != 2 {
		t.Errorf("%d PUSH_DATA of %d, %d PUSH_ACK, %d sockets", data, len(want), acks, len(sockets))
	}
	if len(announced) != data+acks || announced[0].Tuple.Proto != flow.UDP || announced[0].Application != flow.LoRaWAN || announced[0].Radio != nil {
		t.Errorf("first packet announced as %+v", announced[0])
	}
	if len(f.Repairs()) != 0 {
		t.Errorf("repairs %v", f.Repairs())
	}
}

// Devices and gateways of the training flows are not given out, nor shared by two
// plans, unless they are asked for.
func TestRadioPlan(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var training []*flow.Flow
	seen, gateways := map[uint32]bool{}, map[uint64]bool{}
	for i := range 300 { // of the very ranges that are given out
		device, gateway := uint32(i*5000), uint64(gatewayBase+i%7)
		seen[device], gateways[gateway] = true, true
		training = append(training, flowtest.Device(int64(i), gateway, device, 3, r))
	}
	plan, err := address.Fit(training, address.FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var saved bytes.Buffer
	if err := plan.Write(&saved); err != nil {
		t.Fatal(err)
	}
	if plan, err = address.Read(&saved, "plan"); err != nil {
		t.Fatal(err)
	}
	if s := plan.Services[0]; len(plan.Services) != 1 || s.Port != 1700 || len(s.Pairs) != 7 {
		t.Errorf("services %+v: want one with 7 gateways", plan.Services)
	}
	merged, _, err := address.Merge(fittedFor(t, flow.HTTP, 50, address.FitOptions{}), plan)
	if err != nil {
		t.Fatal(err)
	}
	for _, keep := range []bool{false, true} {
		_, announced := framesIn(t, newTestFramer(t, merged, Options{Link: LoRaTap, KeepTuples: keep}), LoRaTap, training)
		for _, p := range announced {
			if seen[p.Radio.Address] != keep || gateways[p.Radio.Gateway] != keep {
				t.Fatalf("packet %d: device %08x, gateway %016x; of the training: %t", p.Number, p.Radio.Address, p.Radio.Gateway, !keep)
			}
		}
	}
	mixed := append(flowtest.HTTP(50), flowtest.Devices(20)...)
	for i, f := range mixed {
		f.ID = int64(i)
	}
	_, announced := framesIn(t, newTestFramer(t, merged, Options{}), Semtech, mixed)
	ports := map[uint16]int{}
	for _, p := range announced {
		ports[min(p.Tuple.Src.Port(), p.Tuple.Dst.Port())]++
	}
	if len(ports) != 2 || ports[80] != 700 || ports[1700] < 40 {
		t.Errorf("packets by service: %v", ports)
	}
}

// Many gateways and devices all differ.
func TestManyDevices(t *testing.T) {
	a := newLoRaChannel(address.Default(), rand.New(testSource()))
	addresses, euis := map[uint32]bool{}, map[uint64]bool{}
	for i := range 20_000 {
		addresses[a.ids.Device(uint32(i))] = true
		euis[a.gateway(uint64(i), false).eui] = true
	}
	if len(addresses) != 20_000 || len(euis) != 20_000 {
		t.Errorf("%d addresses and %d EUIs for 20000", len(addresses), len(euis))
	}
}

// What no frame can have is mended and counted, and what cannot be sent refused.
func TestUplinksMended(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	bad := flowtest.Device(1, 7, 9, 6, r)
	for i, change := range []func(p *flow.Packet){
		func(p *flow.Packet) { p.Radio.MType = 0 },
		func(p *flow.Packet) { p.Length = 3 },
		func(p *flow.Packet) { p.Length = 300 },
		func(p *flow.Packet) { p.Radio.Port, p.Length = flow.NoPort, 12 },
		func(p *flow.Packet) { p.Radio.Bandwidth, p.Radio.SpreadingFactor, p.Radio.CodeRate = 0, 0, 77 },
		func(p *flow.Packet) { p.Radio.Port, p.Length = flow.NoPort, 40 },
	} {
		change(&bad.Packets[i])
	}
	for _, link := range []Link{Semtech, LoRaTap} {
		f := newTestFramer(t, nil, Options{Link: link})
		capture, _ := framesIn(t, f, link, []*flow.Flow{bad})
		lengths := []int32{}
		for p, err := range lorawan.Uplinks(pcap.Packets(bytes.NewReader(capture), "out.pcap")) {
			if err != nil {
				t.Fatal(err)
			}
			if p.Radio != nil {
				lengths = append(lengths, p.Length)
				if ok, err := lorawantest.CheckMIC(p.Payload, p.Radio.Counter, lorawan.TestNetworkKey); err != nil || !ok {
					t.Errorf("%v: integrity code right: %t, %v", link, ok, err)
				}
			}
		}
		if want := []int32{bad.Packets[0].Length, 13, 255, 12, bad.Packets[4].Length, 40}; !slices.Equal(lengths, want) {
			t.Errorf("%v: lengths %v, want %v", link, lengths, want)
		}
		repairs := f.Repairs()
		if repairs[repairNames[uplinkType]] != 1 || repairs[repairNames[uplinkLength]] != 3 || repairs[repairNames[radioMended]] != 1 {
			t.Errorf("%v: repairs %v", link, repairs)
		}
	}
	for _, c := range []struct {
		opts Options
		flow *flow.Flow
		want string
	}{
		{Options{Link: LoRaTap}, flowtest.Plain(5, flowtest.Epoch, 14), "flow 5 is of HTTP, and the link is loratap: want LoRaWAN uplinks, or link semtech"},
		{Options{MTU: 600}, flowtest.Device(6, 1, 2, 3, r), "flow 6 has uplinks, whose datagrams an MTU of 600 does not hold: want at least 800"},
	} {
		failed := error(nil)
		for _, err := range newTestFramer(t, nil, c.opts).Frames(flowtest.Sequence([]*flow.Flow{c.flow})) {
			failed = err
		}
		if failed == nil || !strings.Contains(failed.Error(), c.want) {
			t.Errorf("error %v, want one with %q", failed, c.want)
		}
	}
}

// tshark dissects both forms down to the LoRaWAN frame, and finds the integrity
// codes right under the published key.
func TestRadioTshark(t *testing.T) {
	tool, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	flows := flowtest.Devices(6)
	for _, link := range []Link{Semtech, LoRaTap0, LoRaTap} {
		capture, announced := framesIn(t, newTestFramer(t, nil, Options{Link: link}), link, flows)
		name := filepath.Join(t.TempDir(), "out.pcap")
		if err := os.WriteFile(name, capture, 0o600); err != nil {
			t.Fatal(err)
		}
		args := []string{"-r", name, "-T", "fields", "-e", "frame.protocols", "-e", "lorawan.mic.status", "-e", "_ws.malformed"}
		if link != Semtech {
			keys := map[uint32]bool{}
			for _, p := range announced {
				if !keys[p.Radio.Address] {
					keys[p.Radio.Address] = true
					args = append(args, "-o", fmt.Sprintf("uat:encryption_keys_lorawan:\"%08x\",\"%x\",\"%x\",\"0000000000000000\"", bits.ReverseBytes32(p.Radio.Address), lorawan.TestNetworkKey[:], lorawan.TestApplicationKey[:]))
				}
			}
		}
		out, err := exec.Command(tool, args...).Output()
		if err != nil {
			t.Fatalf("tshark: %v: %s", err, out)
		}
		want := map[Link]string{Semtech: "eth:ethertype:ip:udp:data\t\t", LoRaTap: "loratap:lorawan\t1\t", LoRaTap0: "loratap:lorawan\t1\t"}[link]
		if link == LoRaTap && !readsVersion1(t, tool) {
			t.Log("tshark is older than 4.2 and takes LoRaTap headers of version 1 for version 0: not checked")
			want = "loratap"
		}
		lines := 0
		for line := range strings.Lines(string(out)) {
			if lines++; !strings.HasPrefix(line, want) || strings.Contains(line, "Malformed") && want != "loratap" {
				t.Fatalf("%v: frame %d: tshark says %q, want %q", link, lines, line, want)
			}
		}
		if lines != len(announced) {
			t.Errorf("%v: tshark sees %d frames of %d", link, lines, len(announced))
		}
	}
}

// readsVersion1 reports whether tshark knows the longer LoRaTap header.
func readsVersion1(t *testing.T, tool string) bool {
	t.Helper()
	out, err := exec.Command(tool, "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(string(out), "TShark (Wireshark) %d.%d", &major, &minor); err != nil {
		t.Logf("tshark --version says %.60q", out)
	}
	return major > 4 || major == 4 && minor >= 2
}
