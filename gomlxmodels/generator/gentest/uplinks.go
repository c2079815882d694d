package gentest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Uplinks returns n LoRaWAN devices as one gateway hears them for an hour or so, in the
// order in which they are first heard in the course of a time: each at a level of
// its own, which decides its spreading factor, with gaps of minutes and a counter
// that mostly goes on by one.
func Uplinks(n int, over time.Duration, src rand.Source) []*flow.Flow {
	random := rand.New(src)
	var all []*flow.Flow
	for id := range int64(n) {
		start := int64(1_700_000_000_000_000_000) + int64(random.Float64()*float64(over.Milliseconds()))*1e6
		f := &flow.Flow{ID: id, Application: flow.LoRaWAN}
		rssi := -60 - 60*random.Float64()
		factor := uint8(7 + min(5, int((-60-rssi)/10)))
		counter, address := uint32(random.IntN(60000)), random.Uint32()
		every := 60 + 600*random.Float64()
		payload := int32(8 + 4*random.IntN(4))
		now := start
		for range 3 + random.IntN(12) {
			r := &flow.Radio{Gateway: 0x0a0b0c0d0e0f0001, Address: address, Counter: counter & 0xffff, Port: int16(1 + payload/16), MType: 2,
				Frequency: 867_100_000 + 200_000*uint32(random.IntN(8)), SpreadingFactor: factor, Bandwidth: 125, CodeRate: 5, CRC: 1,
				RSSI: float32(math.Round(rssi + 3*random.NormFloat64())), SNR: float32(math.Round(4*(7+(rssi+60)/3+random.NormFloat64())) / 4)}
			p := flow.Packet{Time: now, HeaderLength: 9, PayloadLength: payload, Length: 13 + payload, Captured: 13 + payload,
				Application: flow.LoRaWAN, FlowID: id, Radio: r}
			p.Layers[0] = flow.Layer{Name: flow.LayerLoRaWAN, Length: p.Length}
			f.Packets = append(f.Packets, p)
			now += int64(every*(0.9+0.2*random.Float64())*1e3) * 1e6
			counter++
			if random.IntN(5) == 0 {
				counter += uint32(1 + random.IntN(3))
			}
		}
		all = append(all, f)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Start() < all[j].Start() })
	for i, f := range all {
		f.ID = int64(i)
		for j := range f.Packets {
			f.Packets[j].FlowID = f.ID
		}
	}
	return Before(all)
}

// CheckUplinks lists what is wrong with generated uplinks: each must be one, with
// settings that training had, from no device of the training (unless it copies),
// and a device's counter must not step back more readily than in training. With
// devices, a flow is of one device.
func CheckUplinks(training, generated []*flow.Flow, copies, devices bool) (problems []error) {
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	addresses := make(map[uint32]bool)
	factors, frequencies := make(map[uint8]bool), make(map[uint32]bool)
	for _, f := range training {
		for i := range f.Packets {
			r := f.Packets[i].Radio
			factors[r.SpreadingFactor], frequencies[r.Frequency] = true, true
			addresses[r.Address] = r.Address != 0
		}
	}
	counters := make(map[string]uint32)
	for i, f := range generated {
		for j := range f.Packets {
			p := &f.Packets[j]
			r := p.Radio
			switch {
			case r == nil:
				bad("flow %d, packet %d: no radio fields", i, j)
				continue
			case !factors[r.SpreadingFactor] || !frequencies[r.Frequency]:
				bad("flow %d, packet %d: spreading factor %d at %d Hz: training did not have that", i, j, r.SpreadingFactor, r.Frequency)
			case !copies && addresses[r.Address]:
				bad("flow %d, packet %d: address %08x is of the training", i, j, r.Address)
			case p.Length != p.HeaderLength+p.PayloadLength+4:
				bad("flow %d, packet %d: %d bytes with header %d and payload %d: want 4 for the integrity code", i, j, p.Length, p.HeaderLength, p.PayloadLength)
			case devices && r.Device() != f.Packets[0].Radio.Device():
				bad("flow %d, packet %d: device %s in the flow of %s", i, j, r.Device(), f.Packets[0].Radio.Device())
			}
			device := r.Device()
			if before, heard := counters[device]; heard && !copies && (r.Counter-before)&0xffff > 1<<15 && !stepsBack(training) {
				bad("flow %d, packet %d: counter %d after %d: training has no step back", i, j, r.Counter, before)
			}
			counters[device] = r.Counter
		}
	}
	return problems
}

// stepsBack reports whether a device's counter steps back in training.
func stepsBack(training []*flow.Flow) bool {
	counters := make(map[string]uint32)
	for _, f := range training {
		for i := range f.Packets {
			r := f.Packets[i].Radio
			if before, heard := counters[r.Device()]; heard && (r.Counter-before)&0xffff > 1<<15 {
				return true
			}
			counters[r.Device()] = r.Counter
		}
	}
	return false
}

// CheckTimeline lists where the time of segments goes back: a segment begins after
// the one before it has ended.
func CheckTimeline(segments []*flow.Flow) (problems []error) {
	last := int64(math.MinInt64)
	for i, f := range segments {
		for j := range f.Packets {
			if t := f.Packets[j].Time; t < last {
				problems = append(problems, fmt.Errorf("segment %d, packet %d: %d ns before the packet before it", i, j, last-t))
			}
			last = f.Packets[j].Time
		}
	}
	return problems
}
