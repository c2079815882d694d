package address

import (
	"math/rand/v2"
	"sort"
)

// serviceChoice is a service prepared for drawing, its pairs by IP version.
type serviceChoice struct {
	*Service
	hosts    []*HostState
	families [2]familyChoice // IPv4, IPv6
}

// familyChoice is the pairs of one IP version: all, and those whose client's stack is like
// what a flow shows.
type familyChoice struct {
	pairChoice
	like map[stack]*pairChoice // as they were needed
}

// pairChoice is the pairs of one IP version with running sums of their flows.
type pairChoice struct {
	pairs  []Pair
	sums   []int64
	repeat float64 // chance to stay with the last pair, on top of drawing it again
	last   int     // index of the last pair, -1 before the first
}

func newServiceChoice(service *Service, hosts []*HostState) *serviceChoice {
	out := &serviceChoice{Service: service, hosts: hosts}
	for _, pair := range service.Pairs {
		family := &out.families[0]
		if hosts[pair.Client].Address.Is6() {
			family = &out.families[1]
		}
		family.pairs = append(family.pairs, pair)
	}
	for i := range out.families {
		out.families[i].prepare(service.Repeat)
	}
	return out
}

// fitting returns the pairs of a family whose clients have a stack; where there are none,
// those whose segments are at least large enough, those of any segments, or all.
func (s *serviceChoice) fitting(family *familyChoice, of stack) *pairChoice {
	if known := family.like[of]; known != nil {
		return known
	}
	out := &family.pairChoice
	for _, wanted := range []stack{of, {of.options, 0, of.least}, {of.options, 0, 0}} {
		found := new(pairChoice)
		for _, pair := range family.pairs {
			if wanted.fits(&s.hosts[pair.Client].Host) {
				found.pairs = append(found.pairs, pair)
			}
		}
		if len(found.pairs) == len(family.pairs) {
			break
		}
		if len(found.pairs) > 0 {
			out = found
			out.prepare(s.Repeat)
			break
		}
	}
	if family.like == nil {
		family.like = make(map[stack]*pairChoice)
	}
	family.like[of] = out
	return out
}

// prepare sums up the pairs' flows; where no pair has any, all have the same weight.
func (f *pairChoice) prepare(repeat float64) {
	f.last = -1
	var sum int64
	for _, pair := range f.pairs {
		sum += pair.Flows
		f.sums = append(f.sums, sum)
	}
	if sum == 0 {
		for i := range f.sums {
			f.sums[i] = int64(i + 1)
		}
		sum = int64(len(f.sums))
	}
	again, before := 0.0, int64(0) // the chance that two independent draws agree
	for _, s := range f.sums {
		proportion := float64(s-before) / float64(sum)
		again += proportion * proportion
		before = s
	}
	if again < 1 {
		f.repeat = max(0, (repeat-again)/(1-again))
	}
}

// draw returns the index of a pair: the last one again, or any by its flows.
func (f *pairChoice) draw(random *rand.Rand) int {
	if f.last >= 0 && f.repeat > 0 && random.Float64() < f.repeat {
		return f.last
	}
	at := random.Int64N(f.sums[len(f.sums)-1])
	return sort.Search(len(f.sums), func(i int) bool { return f.sums[i] > at })
}

// serviceGroup is the services of one application and protocol, with running
// sums of the flows of those that have hosts of each IP version.
type serviceGroup struct {
	services []*serviceChoice
	sums     [2][]int64
	byPair   map[[2]int]*serviceChoice // by client and server, the service at which they have most flows; nil: not needed yet
}

func (g *serviceGroup) add(service *serviceChoice) {
	g.services = append(g.services, service)
	for family := range g.sums {
		sum := int64(0)
		if n := len(g.sums[family]); n > 0 {
			sum = g.sums[family][n-1]
		}
		if len(service.families[family].pairs) > 0 {
			sum += max(1, service.Flows)
		}
		g.sums[family] = append(g.sums[family], sum)
	}
}

// of returns the service of a client at a server, nil if they have none.
func (g *serviceGroup) of(client, server int) *serviceChoice {
	if g.byPair == nil {
		g.byPair = make(map[[2]int]*serviceChoice)
		most := make(map[[2]int]int64)
		for _, service := range g.services {
			for _, pair := range service.Pairs {
				ends := [2]int{pair.Client, pair.Server}
				if known := g.byPair[ends] != nil; !known || pair.Flows > most[ends] {
					g.byPair[ends], most[ends] = service, pair.Flows
				}
			}
		}
	}
	return g.byPair[[2]int{client, server}]
}
