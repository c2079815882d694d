package flow

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Census counts the flows of a capture by what they are of, to say what can be learnt of
// it. The zero value is empty.
type Census struct {
	counts map[censusKey]Count
}

// censusKey is an application, or a service where no protocol is recognised, over a
// transport.
type censusKey struct {
	app   Application
	proto uint8
}

// Count is how many flows and packets are of an application.
type Count struct {
	Application Application `json:"application"`
	Flows       int64       `json:"flows"`
	Packets     int64       `json:"packets"`
}

// Add counts a flow.
func (c *Census) Add(r *TableRow) {
	c.Count(serviceOf(r.Application, r.Tuple), r.Tuple.Proto, 1, r.Packets)
}

// Count counts flows of an application, or of a service, over a transport.
func (c *Census) Count(app Application, proto uint8, flows, packets int64) {
	if c.counts == nil {
		c.counts = make(map[censusKey]Count)
	}
	key := censusKey{app, proto}
	c.counts[key] = Count{app, flows, packets}.plus(c.counts[key], app)
}

// mostOwn is how many applications are learnt by themselves at most: each is a model that is
// trained, compiled and held in memory.
const mostOwn = 24

// Divide returns what a capture is divided into, each part with most flows first: the
// applications and services of at least own flows by themselves, and what is left by
// transport, or as traffic without ports, of at least pooled flows. Left are the parts that
// have fewer, and frames without network addresses.
func (c *Census) Divide(own, pooled int64) (parts, left []Count) {
	totals := make(map[Application]Count)
	for key, n := range c.counts {
		totals[key.app] = n.plus(totals[key.app], key.app)
	}
	byFlows := func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Flows, a.Flows), cmp.Compare(a.Application, b.Application))
	}
	alone := make(map[Application]bool)
	for _, n := range slices.SortedFunc(maps.Values(totals), byFlows) {
		if n.Flows >= own && n.Application.ported() && len(parts) < mostOwn {
			parts, alone[n.Application] = append(parts, n), true
		}
	}
	pools := make(map[Application]Count)
	for key, n := range c.counts {
		pool := key.pool()
		if !alone[key.app] {
			pools[pool] = n.plus(pools[pool], pool)
		}
	}
	for _, n := range slices.SortedFunc(maps.Values(pools), byFlows) {
		if n.Flows >= pooled && n.Application.IsService() {
			parts = append(parts, n)
		} else {
			left = append(left, n)
		}
	}
	return parts, left
}

// pool returns the service that a flow is learnt with where its own has too few: that of a
// transport, or Other. What has no network addresses is learnt with nothing; it stays what it
// is, Unknown where that has no name.
func (k censusKey) pool() Application {
	switch {
	case k.proto == TCP || k.proto == UDP:
		return AnyPort(k.proto)
	case k.proto != 0 || k.app == ARPApplication || k.app == ICMPApplication:
		return Other
	case k.app == Other:
		return Unknown
	}
	return k.app
}

// LeftOut says why what [Census.Divide] leaves out is not learnt, where pooled are the flows
// that it would need.
func (n Count) LeftOut(pooled int64) string {
	if !n.Application.IsService() {
		return "frames without network addresses are not learnt"
	}
	return fmt.Sprintf("want at least %d flows", pooled)
}

// plus returns the sum of two counts, as the count of an application.
func (n Count) plus(m Count, app Application) Count {
	return Count{app, n.Flows + m.Flows, n.Packets + m.Packets}
}

// ported reports whether flows of an application have ports by which servers are told apart.
// Uplinks are read in another way than frames, so that they are learnt alone.
func (a Application) ported() bool {
	_, port := a.Service() // 0 of later fragments, too
	return port != 0 && a != LoRaWAN
}
