// Package gateway simulates LoRaWAN for the testbed: devices in the air, gateways that hear them, and a network server, which talk
// Semtech's packet forwarder protocol over real UDP.
//
// This is the one part of the embedded captures that is simulated: radio needs hardware. Frames are whole LoRaWAN 1.0 frames with the
// published test keys of package lorawan; the datagrams pass the same wire as everybody's.
package gateway

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/necstgen/necstgen/datasets/lorawan"
)

// frequencies of the European band, Hz.
var frequencies = []uint32{868_100_000, 868_300_000, 868_500_000, 867_100_000, 867_300_000, 867_500_000, 867_700_000, 867_900_000}

// device is a sensor, meter or tracker. Every gateway computes the same devices from the seed.
type device struct {
	address   uint32
	period    time.Duration
	jitter    float64 // share of the period
	size      int     // of the payload, bytes
	varies    bool    // whether the size does
	confirmed bool
	port      int16
	place     float64 // km along the street on which the gateways stand
	counter   uint32
	next      time.Duration
	source    *rand.Rand
}

// transmission is a frame in the air.
type transmission struct {
	at        time.Duration // since the start
	device    *device
	frame     []byte
	frequency uint32
	spreading int8
	confirmed bool
}

// air is the devices by their next transmission.
type air []*device

func (a air) Len() int           { return len(a) }
func (a air) Less(i, j int) bool { return a[i].next < a[j].next }
func (a air) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }

// Push is heap.Interface's; devices are never added.
func (a *air) Push(x any) { *a = append(*a, x.(*device)) }

// Pop is heap.Interface's.
func (a *air) Pop() any {
	old := *a
	last := old[len(old)-1]
	*a = old[:len(old)-1]
	return last
}

// devices makes the sensors of a town: periods of 10 s to some minutes, as the recording is short.
func devices(count int, seed uint64) *air {
	var a air
	for i := range count {
		source := rand.New(rand.NewPCG(seed, 1000+uint64(i)))
		d := &device{
			address:   0x26010000 + source.Uint32N(1<<16),
			period:    time.Duration(10_000*math.Exp(1.1*math.Abs(source.NormFloat64()))) * time.Millisecond,
			jitter:    []float64{0.002, 0.05, 0.6}[source.IntN(3)],
			size:      []int{4, 9, 12, 18, 24, 33, 51}[source.IntN(7)],
			varies:    source.IntN(3) == 0,
			confirmed: source.IntN(6) == 0,
			port:      int16(1 + source.IntN(12)),
			place:     4 * source.Float64(),
			counter:   source.Uint32N(30_000),
			source:    source,
		}
		d.next = time.Duration(source.Float64() * float64(d.period))
		a = append(a, d)
	}
	heap.Init(&a)
	return &a
}

// transmit takes the next frame from the air.
func (a *air) transmit() (transmission, error) {
	d := (*a)[0]
	size := d.size
	if d.varies {
		size = max(1, d.source.IntN(2*d.size))
	}
	payload := make([]byte, min(size, 51))
	for i := range payload {
		payload[i] = byte(d.source.IntN(256))
	}
	frame, err := lorawan.AppendFrame(nil, lorawan.Frame{Confirmed: d.confirmed, Address: d.address, ADR: true, Counter: d.counter,
		Port: d.port, Payload: payload}, lorawan.TestNetworkKey, lorawan.TestApplicationKey)
	if err != nil {
		return transmission{}, fmt.Errorf("gateway: %w", err)
	}
	t := transmission{at: d.next, device: d, frame: frame, confirmed: d.confirmed,
		frequency: frequencies[d.source.IntN(len(frequencies))], spreading: int8(7 + int(5.9*d.place/4*d.source.Float64()))}
	d.counter++
	d.next += time.Duration(float64(d.period) * (1 + d.jitter*(2*d.source.Float64()-1)))
	heap.Fix(a, 0)
	return t, nil
}

// reception is how a gateway at place hears a transmission, and whether it does: log-distance path loss with shadowing, and the
// demodulator's limit of Semtech's SX1276 data sheet (-7.5 dB at spreading factor 7, 2.5 dB less for each further one).
func reception(t transmission, place float64, source *rand.Rand) (rssi, snr float64, crc int8, ok bool) {
	const noise = -117 // dBm in 125 kHz, with the receiver's own
	distance := math.Hypot(t.device.place-place, 0.15)
	rssi = 14 - 121 - 35*math.Log10(distance) + 6*source.NormFloat64()
	snr = min(rssi-noise, 10+2*source.Float64())
	limit := -7.5 - 2.5*float64(t.spreading-7)
	if snr < limit-1.5 {
		return 0, 0, 0, false
	}
	crc = 1
	if snr < limit || source.IntN(60) == 0 {
		crc = -1
	}
	return math.Round(rssi), math.Round(snr*5) / 5, crc, true
}
