package gateway

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/lorawan/lorawantest"
)

// TestTransmit: the air is the same for every gateway, times do not go back, and each frame is whole and counted.
func TestTransmit(t *testing.T) {
	a, b := devices(30, 9), devices(30, 9)
	last, counters := time.Duration(0), map[uint32]uint32{}
	for range 2000 {
		x, err := a.transmit()
		if err != nil {
			t.Fatal(err)
		}
		y, err := b.transmit()
		if err != nil {
			t.Fatal(err)
		}
		if x.at != y.at || !bytes.Equal(x.frame, y.frame) || x.spreading != y.spreading {
			t.Fatal("two gateways compute other transmissions")
		}
		if x.at < last {
			t.Fatalf("time goes back from %v to %v", last, x.at)
		}
		last = x.at
		frame, err := lorawan.ParseFrame(x.frame)
		if err != nil {
			t.Fatal(err)
		}
		counter := x.device.counter - 1
		if ok, err := lorawantest.CheckMIC(x.frame, counter, lorawan.TestNetworkKey); !ok || err != nil {
			t.Fatalf("integrity code: %v, %v", ok, err)
		}
		if before, ok := counters[frame.Address]; ok && frame.Counter != before+1 {
			t.Errorf("device %08x: counter %d after %d", frame.Address, frame.Counter, before)
		}
		counters[frame.Address] = frame.Counter
		if x.spreading < 7 || x.spreading > 12 || frame.Confirmed != x.confirmed {
			t.Errorf("spreading factor %d, confirmed %v", x.spreading, x.confirmed)
		}
	}
}

// TestReception: nearer is stronger and heard more often.
func TestReception(t *testing.T) {
	source := rand.New(rand.NewPCG(1, 2))
	heard := func(distance float64) (share, strength float64) {
		n := 0.0
		for range 3000 {
			if rssi, _, crc, ok := reception(transmission{device: &device{place: distance}, spreading: 9}, 0, source); ok {
				n++
				strength += rssi
				if crc != 1 && crc != -1 {
					t.Fatalf("crc %d", crc)
				}
			}
		}
		return n / 3000, strength / n
	}
	nearShare, nearStrength := heard(0.3)
	farShare, farStrength := heard(4)
	if nearShare < 0.99 || farShare > 0.8*nearShare || nearStrength < farStrength+10 {
		t.Errorf("near: %.2f heard at %.0f dBm; far: %.2f at %.0f", nearShare, nearStrength, farShare, farStrength)
	}
}

// TestServer: each datagram gets the answer of the protocol, a confirmed frame one downlink, nonsense nothing.
func TestServer(t *testing.T) {
	listen := func() net.PacketConn {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Skipf("needs UDP on the loopback interface: %v", err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	client := listen()
	s := server{connection: listen(), pull: map[lorawan.EUI]net.Addr{}, seen: map[string]bool{}}
	source := rand.New(rand.NewPCG(3, 4))
	ask := func(datagram []byte, wait time.Duration) []byte {
		t.Helper()
		if datagram != nil {
			s.handle(datagram, client.LocalAddr())
		}
		client.SetReadDeadline(time.Now().Add(wait))
		buffer := make([]byte, 2048)
		n, _, err := client.ReadFrom(buffer)
		if err != nil {
			return nil
		}
		return buffer[:n]
	}
	pull := header(pullData, source, 0)
	if got := ask(pull, time.Second); !bytes.Equal(got, []byte{version, pull[1], pull[2], pullAck}) {
		t.Errorf("PULL_DATA is answered by %x", got)
	}
	for _, nonsense := range [][]byte{nil, {1}, append([]byte{9}, pull[1:]...), append([]byte{version, 0, 0, 77}, pull[4:]...)} {
		if got := ask(append([]byte{}, nonsense...), 50*time.Millisecond); got != nil {
			t.Errorf("%x is answered by %x", nonsense, got)
		}
	}
	d := &device{address: 0x26011234, size: 9, confirmed: true, port: 3, period: time.Second, source: source}
	a := air{d}
	x, err := a.transmit()
	if err != nil {
		t.Fatal(err)
	}
	var push []byte
	for push == nil || bytes.Contains(push, []byte(`"stat":-1`)) { // until the gateway hears it, and well
		if push, err = report(x, Config{}, source); err != nil {
			t.Fatal(err)
		}
	}
	if got := ask(push, time.Second); !bytes.Equal(got, []byte{version, push[1], push[2], pushAck}) {
		t.Errorf("PUSH_DATA is answered by %x", got)
	}
	down := ask(nil, time.Second)
	if len(down) < 4 || down[3] != pullResp {
		t.Fatalf("no PULL_RESP but %x", down)
	}
	var message struct{ Txpk struct{ Data []byte } }
	if err := json.Unmarshal(down[4:], &message); err != nil {
		t.Fatal(err)
	}
	frame, err := lorawan.ParseFrame(message.Txpk.Data)
	if err != nil || !frame.ACK || !frame.Down || frame.Address != d.address {
		t.Errorf("downlink %+v, %v", frame, err)
	}
	if ask(push, time.Second); ask(nil, 200*time.Millisecond) != nil {
		t.Error("the same frame, reported again, is acknowledged twice")
	}
}
