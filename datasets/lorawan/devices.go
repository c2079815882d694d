package lorawan

import (
	"iter"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Devices counts the uplinks of a stream of packets, and who sent them.
type Devices struct {
	Uplinks  int64 `json:"uplinks"`
	Joins    int64 `json:"join_requests"` // of the uplinks: they have no device address
	Bad      int64 `json:"bad_checksums"` // of the uplinks: their address may be wrong and is not counted
	Damaged  int64 `json:"damaged"`       // datagrams and frames in them that could not be read
	Devices  int64 `json:"devices"`       // device addresses
	Gateways int64 `json:"gateways"`
	Flows    int64 `json:"flows"` // pairs of gateway and device, join requests of a gateway being one

	addresses map[uint32]bool
	gateways  map[uint64]bool
	pairs     map[[2]uint64]bool
}

// Watch passes packets and counts them: uplinks, and those that Semtech datagrams
// carry.
func (d *Devices) Watch(packets iter.Seq2[flow.Packet, error]) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		for p, err := range packets {
			switch {
			case err != nil:
			case p.Radio != nil:
				d.count(p.Radio)
			case isPushData(&p):
				yieldUplinks(&p, func(u flow.Packet, err error) bool {
					if err != nil {
						d.Damaged++
					} else if u.Radio != nil {
						d.count(u.Radio)
					}
					return true
				})
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

func (d *Devices) count(r *flow.Radio) {
	if d.pairs == nil {
		d.addresses, d.gateways, d.pairs = map[uint32]bool{}, map[uint64]bool{}, map[[2]uint64]bool{}
	}
	d.Uplinks++
	d.gateways[r.Gateway] = true
	switch {
	case r.CRC < 0:
		d.Bad++
	case r.MType == 0:
		d.Joins++
		d.pairs[[2]uint64{r.Gateway, 0}] = true
	default:
		d.addresses[r.Address] = true
		d.pairs[[2]uint64{r.Gateway, uint64(r.Address)}] = true
	}
	d.Devices, d.Gateways, d.Flows = int64(len(d.addresses)), int64(len(d.gateways)), int64(len(d.pairs))
}
