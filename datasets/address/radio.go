package address

import (
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/flow"
)

// LoRaWAN device addresses are of the experimental networks 0x00 and 0x01
// (TS001-1.0.4, 6.1.1: 00000000 to 03ffffff), gateways' EUIs of the documentation
// range (RFC 9542, 2.2.3: 02-00-5e-ef-10-00-00-00 to -ff) and beyond it locally
// administered. Neither is one of the training flows.
const (
	deviceBlocks       = 1 << 14 // of addresses
	devicesPerBlock    = 1 << 12
	documentedGateway  = 0x02005eef10000000
	documentedGateways = 1 << 8
	localGateway       = 0x026e000000000000 // as localMAC
)

// IsUplinks reports whether a flow is of LoRaWAN uplinks.
func IsUplinks(f *flow.Flow) bool { return len(f.Packets) > 0 && f.Packets[0].Radio != nil }

// isGivenGateway reports whether an EUI is of those that are given out.
func isGivenGateway(eui uint64) bool {
	return eui&^(documentedGateways-1) == documentedGateway || eui>>48 == localGateway>>48
}

// RadioIDs gives LoRaWAN devices and gateways their identifiers. It is not safe for
// concurrent use.
type RadioIDs struct {
	random   *rand.Rand
	devices  map[uint32]uint32
	given    uint32   // devices so far
	blocks   []uint16 // of device addresses that may be given
	key      uint32   // of the order within a block
	gateways map[uint64]uint64
	next     uint64          // number of the gateway to try
	inUse    map[uint64]bool // EUIs of the training flows
}

// NewRadioIDs prepares the identifiers that the plan's training flows do not hold.
func NewRadioIDs(plan *Plan, random *rand.Rand) *RadioIDs {
	ids := &RadioIDs{random: random, devices: make(map[uint32]uint32), gateways: make(map[uint64]uint64), inUse: make(map[uint64]bool)}
	for _, eui := range plan.InUse.Gateways {
		ids.inUse[eui] = true
	}
	taken := make(map[uint16]bool)
	for _, b := range plan.InUse.Devices {
		taken[b] = true
	}
	for b := range uint16(deviceBlocks) {
		if !taken[b] {
			ids.blocks = append(ids.blocks, b)
		}
	}
	if len(ids.blocks) == 0 { // a training capture of noise: the blocks are as good as any
		for b := range uint16(deviceBlocks) {
			ids.blocks = append(ids.blocks, b)
		}
	}
	return ids
}

// Device returns the address that stands for a generated one. Each 0 stands for a
// new device.
func (ids *RadioIDs) Device(generated uint32) uint32 {
	if address, ok := ids.devices[generated]; ok && generated != 0 {
		return address
	}
	if ids.given == 0 {
		ids.key = ids.random.Uint32()
	}
	n := ids.given % uint32(len(ids.blocks)*devicesPerBlock)
	ids.given++
	address := uint32(ids.blocks[n/devicesPerBlock])*devicesPerBlock + scatter(n%devicesPerBlock, devicesPerBlock, ids.key+n/devicesPerBlock)
	if generated != 0 {
		ids.devices[generated] = address
	}
	return address
}

// Gateway returns the EUI that stands for a generated one.
func (ids *RadioIDs) Gateway(generated uint64) uint64 {
	if eui, ok := ids.gateways[generated]; ok {
		return eui
	}
	for {
		eui := documentedGateway + ids.next
		if ids.next >= documentedGateways {
			eui = localGateway + ids.next
		}
		if ids.next++; !ids.inUse[eui] {
			ids.gateways[generated] = eui
			return eui
		}
	}
}
