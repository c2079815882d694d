package gateway

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/necstgen/necstgen/datasets/lorawan"
)

// Serve is a network server on an address until the context ends. It acknowledges every datagram, and each confirmed frame once, by the
// gateway that reported it first, in time for the device's first window (1 s after its frame).
func Serve(ctx context.Context, address string) error {
	var listen net.ListenConfig
	connection, err := listen.ListenPacket(ctx, "udp", net.JoinHostPort(address, strconv.Itoa(lorawan.SemtechPort)))
	if err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	defer connection.Close()
	stop := context.AfterFunc(ctx, func() { connection.Close() })
	defer stop()
	s := server{connection: connection, pull: map[lorawan.EUI]net.Addr{}, seen: map[string]bool{}}
	buffer := make([]byte, 1<<16)
	for {
		n, from, err := connection.ReadFrom(buffer)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("gateway: %w", err)
		}
		s.handle(buffer[:n], from)
	}
}

type server struct {
	connection net.PacketConn
	pull       map[lorawan.EUI]net.Addr
	seen       map[string]bool // frames that were answered, by their bytes
	token      uint16
}

// handle answers a datagram; what is not understood is dropped, as real servers do.
func (s *server) handle(datagram []byte, from net.Addr) {
	if len(datagram) < 12 || datagram[0] != version {
		return
	}
	acknowledge := func(identifier byte) {
		s.connection.WriteTo([]byte{version, datagram[1], datagram[2], identifier}, from) // lost is lost: it is UDP
	}
	switch datagram[3] {
	case pullData:
		s.pull[lorawan.EUI(datagram[4:12])] = from
		acknowledge(pullAck)
	case pushData:
		acknowledge(pushAck)
		push, err := lorawan.ParsePushData(datagram, time.Now().UnixNano())
		if err != nil {
			return
		}
		for i := range push.Uplinks {
			if target := s.pull[push.Gateway]; target != nil {
				s.confirm(&push.Uplinks[i], target)
			}
		}
	}
}

// confirm sends the acknowledgement of a confirmed frame.
func (s *server) confirm(u *lorawan.Uplink, target net.Addr) {
	frame, err := lorawan.ParseFrame(u.Physical)
	if err != nil || u.CRC != 1 || !frame.Confirmed || s.seen[string(u.Physical)] {
		return
	}
	s.seen[string(u.Physical)] = true
	down, err := lorawan.AppendFrame(nil, lorawan.Frame{Down: true, ACK: true, Address: frame.Address, Counter: frame.Counter, Port: lorawan.MissingPort},
		lorawan.TestNetworkKey, lorawan.TestApplicationKey)
	if err != nil {
		return
	}
	s.token++
	message := append([]byte{version, byte(s.token >> 8), byte(s.token), pullResp}, fmt.Sprintf(
		`{"txpk":{"imme":false,"tmst":%d,"freq":%.6f,"rfch":0,"powe":14,"modu":"LORA","datr":"SF%dBW125","codr":"4/5","ipol":true,"size":%d,"data":"%s"}}`,
		uint32(u.Time/1000+1_000_000), float64(u.Frequency)/1e6, u.SpreadingFactor, len(down), base64.StdEncoding.EncodeToString(down))...)
	time.AfterFunc(80*time.Millisecond, func() { s.connection.WriteTo(message, target) }) // after its time to find doubles
}
