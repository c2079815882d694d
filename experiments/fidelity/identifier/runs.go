package identifier

import "github.com/necstgen/necstgen/datasets/flow"

// runBytes is the length of a run: the sixteen bytes of an address, a key or half a hash
// in hexadecimal digits. Shorter ones occur by chance.
const runBytes = 16

// mostRuns is how many runs are kept: a share is then known to half a percent, in some
// 4 MB.
const mostRuns = 1 << 16

// run is what is known of a run by its hash.
type run struct {
	flow   int64 // the training flow that says it, where one does
	app    flow.Application
	said   [2]bool // by held-out flows of either half
	by     saidBy
	copied bool // the synthetic packets say it
}

// saidBy is how many training flows say a run.
type saidBy uint8

const (
	nobody saidBy = iota
	one
	several
)

// runs samples the runs of a capture: those whose hashes are below a limit, which halves
// whenever there are too many.
type runs struct {
	most  int
	limit uint64
	seen  map[uint64]*run
	full  bool     // the limit has been lowered
	bits  []uint64 // a set of the lowest bits of the hashes, made when the synthetic packets begin
}

func newRuns(most int) runs {
	return runs{most: most, limit: 1<<64 - 1, seen: make(map[uint64]*run)}
}

// The lowest 20 bits of a hash say of 15 in 16 runs that they are not among the 65,536 that
// are kept, so that the map is not asked.
const (
	lowBits = 20
	lowMask = 1<<lowBits - 1
)

// add takes the runs of a real packet.
func (r *runs) add(p *flow.Packet, part Part) {
	sampled(p.Payload, &r.limit, func(hash uint64, text []byte) {
		found := r.seen[hash]
		if found == nil && pattern(text) {
			return
		}
		if found == nil {
			found = new(run)
			r.seen[hash] = found
			if len(r.seen) > r.most {
				r.halve()
			}
		}
		switch {
		case part == HeldOut:
			found.said[mix(uint64(p.FlowID))&1] = true
		case found.by == nobody:
			found.by, found.flow, found.app = one, p.FlowID, p.Application
		case found.flow != p.FlowID:
			found.by = several
		}
	})
}

// halve lowers the limit until there is room again.
func (r *runs) halve() {
	r.full = true
	for len(r.seen) > r.most {
		r.limit >>= 1
		for hash := range r.seen {
			if hash > r.limit {
				delete(r.seen, hash)
			}
		}
	}
}

// look takes the runs of a synthetic packet.
func (r *runs) look(payload []byte) {
	if r.bits == nil {
		r.bits = make([]uint64, 1<<lowBits/64)
		for hash := range r.seen {
			r.bits[hash&lowMask/64] |= 1 << (hash % 64)
		}
	}
	sampled(payload, &r.limit, func(hash uint64, _ []byte) {
		if r.bits[hash&lowMask/64]>>(hash%64)&1 == 0 {
			return
		}
		if found := r.seen[hash]; found != nil {
			found.copied = true
		}
	})
}

// count counts the runs that one training flow says and no other flow.
func (r *runs) count(app flow.Application) Count {
	c := Count{Sampled: r.full}
	var without, with float64 // runs that the first half of what is held out does not say, and those of them that the second half does
	for _, found := range r.seen {
		if found.by != one || app != flow.Unknown && found.app != app || found.said[0] {
			continue
		}
		if without++; found.said[1] {
			with++
			continue
		}
		if c.Known++; found.copied {
			c.Found++
		}
	}
	if without > 0 {
		c.ByReal = with / without
	}
	return c
}

// hashBase is the base of the rolling hash (Karp and Rabin, 1987), modulo 2^64; hashOut is
// the factor of the byte that leaves.
const hashBase = 0x9e3779b97f4a7c15

var hashOut = func() uint64 {
	power := uint64(1)
	for range runBytes {
		power *= hashBase
	}
	return power
}()

// sampled calls visit with each run of a payload whose hash is not above the limit, which
// visit may lower.
func sampled(payload []byte, limit *uint64, visit func(hash uint64, text []byte)) {
	var h uint64
	for i, b := range payload {
		h = h*hashBase + uint64(b) + 1
		if i >= runBytes {
			h -= hashOut * (uint64(payload[i-runBytes]) + 1)
		}
		if i < runBytes-1 {
			continue
		}
		if hash := mix(h); hash <= *limit {
			visit(hash, payload[i+1-runBytes:i+1])
		}
	}
}

// pattern reports whether a run is one that software fills space with: few different
// bytes, or bytes in equal steps, as in the data of a ping.
func pattern(run []byte) bool {
	different, steps := 1, true
	for i := 1; i < len(run); i++ {
		steps = steps && run[i]-run[i-1] == run[1]-run[0]
		fresh := true
		for _, b := range run[:i] {
			fresh = fresh && b != run[i]
		}
		if fresh {
			different++
		}
	}
	return steps || different < 5
}

// mix spreads a number evenly: the finaliser of MurmurHash3.
func mix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
