package flow

import (
	"encoding/binary"
	"math"
	"net/netip"
	"slices"
)

// key names a conversation, the same in both directions: two addresses, then
// ports, protocol, the number of the capture and, of a pair of link-layer addresses,
// the second layer and the application. All bytes count, so the map hashes it as one
// block, twice as fast as a FiveTuple. An uplink's are gateway and device, those of ARP and
// of neighbour discovery the hosts of Packet.Ends.
type key struct {
	a, b [2]uint64
	rest uint64
}

// keyOf returns a packet's key and whether its sender is the key's second end. byMAC
// reports whether the ends are link-layer addresses.
func keyOf(p *Packet, byMAC bool) (k key, swapped bool) {
	switch {
	case p.Radio != nil && p.Tuple.Proto == 0:
		k.a[0], k.b[0], k.rest = p.Radio.Gateway, uint64(p.Radio.Address), 2<<40
		return k, false
	case byMAC:
		k.a[0], k.b[0] = p.SrcMAC.number(), p.DstMAC.number()
		k.rest = 1<<40 | uint64(p.Layers[1].Name)<<8 | uint64(p.Application)
		if swapped = k.a[0] > k.b[0]; swapped {
			k.a, k.b = k.b, k.a
		}
		return k, swapped
	}
	t := p.Tuple
	if p.Message != nil {
		t = p.Ends()
	}
	src, dst := uint64(t.Src.Port()), uint64(t.Dst.Port())
	k.a, k.b = halves(t.Src.Addr()), halves(t.Dst.Addr())
	swapped = k.a[1] > k.b[1] || k.a[1] == k.b[1] && (k.a[0] > k.b[0] || k.a[0] == k.b[0] && src > dst)
	if swapped {
		k.a, k.b, src, dst = k.b, k.a, dst, src
	}
	k.rest = uint64(t.Proto)<<32 | src<<16 | dst
	return k, swapped
}

// captureBit is where a key's rest holds the number of the capture, above all else.
const captureBit = 44

// captures number the captures of a stream as they come, from 0.
type captures struct {
	name    string // of the packet before
	current uint64
	numbers map[string]uint64
}

func (c *captures) number(name string) uint64 {
	if name == c.name && (name == "" || c.numbers != nil) {
		return c.current
	}
	if c.numbers == nil {
		c.numbers = map[string]uint64{"": 0}
	}
	number, ok := c.numbers[name]
	if !ok {
		number = uint64(len(c.numbers))
		c.numbers[name] = number
	}
	c.name, c.current = name, number
	return number
}

func halves(a netip.Addr) [2]uint64 {
	b := a.As16()
	return [2]uint64{binary.BigEndian.Uint64(b[:]), binary.BigEndian.Uint64(b[8:])}
}

func (m MAC) number() uint64 {
	return uint64(binary.BigEndian.Uint16(m[:]))<<32 | uint64(binary.BigEndian.Uint32(m[2:]))
}

// conversation is the state of an open flow.
type conversation struct {
	key         key
	id          int64
	tuple       FiveTuple // as the client sends
	last        int64     // time of the newest packet
	app         Application
	clientFirst bool // the client is the key's first end
	announced   bool // an FTP data connection
	tcp         connection
	age         *ageList
	prev, next  *conversation
	flow        *Flow      // for Flows
	sums        flowTotals // for Table
	device      string
}

// ageList links conversations by the time of their last packet, the oldest at
// the root's next.
type ageList struct {
	root  conversation
	limit int64 // nanoseconds of silence
}

func (l *ageList) init(limit int64) {
	l.root.next, l.root.prev, l.limit = &l.root, &l.root, limit
}

func (l *ageList) push(c *conversation) {
	c.age = l
	c.prev, c.next = l.root.prev, &l.root
	c.prev.next, l.root.prev = c, c
}

func (c *conversation) unlink() {
	c.prev.next, c.next.prev = c.next, c.prev
	c.prev, c.next, c.age = nil, nil, nil
}

// The ages of a flow: each has its own limit.
const (
	young       = iota // datagrams, and connections that are not established
	established        // TCP
	closed             // TCP
	radio              // uplinks: devices are silent for hours
	stations           // pairs of link-layer addresses
	ages
)

// tracker holds the open flows of one stream.
type tracker struct {
	captures captures
	byMAC    bool
	open     map[key]*conversation
	lists    [ages]ageList
	max      int
	started  int64
	data     announcements
	free     *conversation       // linked by next
	ended    func(*conversation) // nil: nobody asks
}

func newTracker(a *Assembler, ended func(*conversation)) *tracker {
	t := &tracker{open: make(map[key]*conversation), max: a.MaxOpen, byMAC: a.ByMAC, ended: ended, data: announcements{}}
	if t.max <= 0 {
		t.max = defaultOpen
	}
	idle, long := a.IdleTimeout, a.IdleTimeout
	devices := idle
	if idle <= 0 {
		idle, long, devices = defaultIdle, defaultEstablished, math.MaxInt64
	}
	t.lists[young].init(int64(idle))
	t.lists[established].init(int64(long))
	t.lists[closed].init(int64(min(idle, lingerTime)))
	t.lists[radio].init(int64(devices))
	t.lists[stations].init(math.MaxInt64)
	return t
}

// track finds or opens the packet's flow, and sets FlowID and Direction.
func (t *tracker) track(p *Packet) *conversation {
	t.expire(p.Time)
	byMAC := p.Tuple.Proto == 0 && p.Radio == nil && p.Message == nil || t.byMAC && (p.Application == ICMPApplication || p.Tuple.Proto == 0 && p.Radio == nil)
	k, swapped := keyOf(p, byMAC)
	k.rest |= t.captures.number(p.Capture) << captureBit
	if p.Encapsulation != nil { // an address may be of other hosts in each virtual network
		k.a[0] ^= uint64(p.Encapsulation.network) << 40
	}
	c := t.open[k]
	if c != nil && p.Tuple.Proto == TCP && c.tcp.reused(p, swapped == c.clientFirst) {
		t.end(c)
		c = nil
	}
	if c == nil {
		c = t.start(p, k, swapped)
	}
	c.last = max(c.last, p.Time)
	p.Direction = Forward
	if swapped == c.clientFirst {
		p.Direction = Backward
	}
	p.FlowID = c.id
	t.name(c, p)
	age := young
	switch {
	case p.Tuple.Proto == TCP:
		age = c.tcp.update(p)
	case p.Radio != nil:
		age = radio
	case byMAC:
		age = stations
	}
	if list := &t.lists[age]; c.next != &list.root || c.age != list {
		if c.age != nil {
			c.unlink()
		}
		list.push(c)
	}
	return c
}

// name settles the application between a flow and its packet.
func (t *tracker) name(c *conversation, p *Packet) {
	if c.app == Unknown {
		c.app = p.Application
	}
	switch {
	case c.announced:
		p.markData()
	case p.Application == Unknown:
		p.Application = c.app
	case p.Application == FTP && len(p.Payload) > 0:
		t.data.read(p)
	}
}

// start opens a flow.
func (t *tracker) start(p *Packet, k key, swapped bool) *conversation {
	if len(t.open) >= t.max {
		t.end(t.oldest())
	}
	c := t.free
	if c == nil {
		c = new(conversation)
	} else {
		t.free = c.next
		*c = conversation{}
	}
	c.key, c.id, c.last, c.tuple = k, t.started, p.Time, p.Tuple
	c.clientFirst, c.device = !swapped, device(p)
	if sentByServer(p) {
		c.clientFirst, c.tuple = swapped, p.Tuple.Reverse()
	}
	if p.Tuple.Proto == TCP && len(t.data) > 0 && t.data.take(&p.Tuple) {
		c.app, c.announced = FTPData, true
	}
	t.started++
	t.open[k] = c
	return c
}

// expire ends what was silent for too long. A clock that steps back by as much
// (another capture behind this one, a damaged time) ends a flow too: it would keep
// those behind it in its list.
func (t *tracker) expire(now int64) {
	for i := range t.lists {
		l := &t.lists[i]
		for c := l.root.next; c != &l.root && (now-c.last > l.limit || c.last-now > l.limit); c = l.root.next {
			t.end(c)
		}
	}
}

// oldest returns the flow that was silent longest, of those of the age that can wait
// least.
func (t *tracker) oldest() *conversation {
	for _, age := range []int{closed, young, established, radio, stations} {
		if l := &t.lists[age]; l.root.next != &l.root {
			return l.root.next
		}
	}
	return nil
}

// end closes a flow and keeps its memory for the next one.
func (t *tracker) end(c *conversation) {
	delete(t.open, c.key)
	c.unlink()
	if t.ended != nil {
		t.ended(c)
	}
	c.flow = nil
	c.next, t.free = t.free, c
}

// flush ends all flows, in the order of their starts.
func (t *tracker) flush() {
	rest := make([]*conversation, 0, len(t.open))
	for _, c := range t.open {
		rest = append(rest, c)
	}
	slices.SortFunc(rest, func(a, b *conversation) int { return int(a.id - b.id) })
	for _, c := range rest {
		t.end(c)
	}
}

// sentByServer decides by a flow's first packet who is the client.
func sentByServer(p *Packet) bool {
	if p.Tuple.Proto != TCP && p.Tuple.Proto != UDP {
		return false
	}
	if p.Tuple.Proto == TCP && p.Flags&SYN != 0 {
		return p.Flags&ACK != 0
	}
	src, dst := p.Tuple.Src.Port(), p.Tuple.Dst.Port()
	if _, port, fromServer := service(&p.Tuple); port != 0 {
		return fromServer
	}
	return src < 1024 && dst >= 1024 && src != 0
}
