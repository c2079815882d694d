package gateway

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"time"

	"github.com/necstgen/necstgen/datasets/lorawan"
)

// Identifiers of the datagrams: https://github.com/Lora-net/packet_forwarder, PROTOCOL.TXT.
const (
	version  = 2
	pushData = 0
	pushAck  = 1
	pullData = 2
	pullResp = 3
	pullAck  = 4
	txAck    = 5
)

// Config of a gateway.
type Config struct {
	Server string    // address of the network server
	Number int       // from 0: its EUI and its place
	Start  time.Time // of the devices' schedules, the same for all gateways
	Seed   uint64
}

// Run is a gateway until the context ends: it reports what it hears of the devices, its status, and asks for what it shall send.
func Run(ctx context.Context, cfg Config) error {
	dialer := net.Dialer{}
	connection, err := dialer.DialContext(ctx, "udp", net.JoinHostPort(cfg.Server, strconv.Itoa(lorawan.SemtechPort)))
	if err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	defer connection.Close()
	stop := context.AfterFunc(ctx, func() { connection.Close() })
	defer stop()
	go answer(connection, eui(cfg.Number))

	source := rand.New(rand.NewPCG(cfg.Seed, 500+uint64(cfg.Number)))
	everything := devices(45, cfg.Seed)
	pull, status := time.NewTicker(5*time.Second), time.NewTicker(15*time.Second)
	defer pull.Stop()
	defer status.Stop()
	var received, sent int
	for {
		next, err := everything.transmit()
		if err != nil {
			return err
		}
		heard := time.NewTimer(time.Until(cfg.Start.Add(next.at)))
		for waiting := true; waiting; {
			var datagram []byte
			select {
			case <-ctx.Done():
				heard.Stop()
				return nil
			case <-pull.C:
				datagram = header(pullData, source, cfg.Number)
			case <-status.C:
				datagram = append(header(pushData, source, cfg.Number), fmt.Sprintf(
					`{"stat":{"time":"%s","lati":51.5%03d,"long":-0.1%03d,"alti":%d,"rxnb":%d,"rxok":%d,"rxfw":%d,"ackr":100.0,"dwnb":0,"txnb":0}}`,
					time.Now().UTC().Format("2006-01-02 15:04:05 GMT"), cfg.Number*11, cfg.Number*37, 20+cfg.Number, received, sent, sent)...)
			case <-heard.C:
				waiting = false
				received++
				if datagram, err = report(next, cfg, source); err != nil {
					return err
				}
			}
			if datagram == nil {
				continue
			}
			sent++
			if _, err := connection.Write(datagram); err != nil && ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
				return fmt.Errorf("gateway: %w", err)
			}
		}
	}
}

// report is the datagram of a transmission, nil where the gateway does not hear it.
func report(t transmission, cfg Config, source *rand.Rand) ([]byte, error) {
	rssi, snr, crc, ok := reception(t, place(cfg.Number), source)
	if !ok {
		return nil, nil
	}
	frame := append([]byte(nil), t.frame...)
	if crc < 0 {
		frame[source.IntN(len(frame))] ^= 1 << source.IntN(8)
	}
	datagram, err := lorawan.AppendPushData(nil, &lorawan.PushData{Version: version, Token: uint16(source.Uint32()), Gateway: eui(cfg.Number),
		Uplinks: []lorawan.Uplink{{Time: time.Now().UnixNano(), Physical: frame, CRC: crc, Frequency: t.frequency,
			SpreadingFactor: t.spreading, Bandwidth: 125, CodeRate: 5, RSSI: rssi, SNR: snr, Size: int32(len(frame))}}})
	if err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	return datagram, nil
}

// answer acknowledges what the network server wants sent, after the radio has had its time.
func answer(connection net.Conn, gateway lorawan.EUI) {
	buffer := make([]byte, 2048)
	for {
		n, err := connection.Read(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || n < 4 || buffer[3] != pullResp {
			continue // a refused datagram, or an acknowledgement
		}
		reply := append([]byte{version, buffer[1], buffer[2], txAck}, gateway[:]...)
		connection.Write(append(reply, `{"txpk_ack":{"error":"NONE"}}`...)) // lost is lost: it is UDP
	}
}

// header begins a datagram with a random token.
func header(identifier byte, source *rand.Rand, number int) []byte {
	id := eui(number)
	return append([]byte{version, byte(source.Uint32()), byte(source.Uint32()), identifier}, id[:]...)
}

func eui(number int) (id lorawan.EUI) {
	binary.BigEndian.PutUint64(id[:], 0x0277000000fffe00+uint64(number))
	return id
}

// place is where a gateway stands, in km along the street.
func place(number int) float64 { return 0.3 + 0.85*float64(number) }
