package payload

import (
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// TestNamesOfEachLength: names have the length that is asked for, end under a reserved
// domain where there is room, and are few.
func TestNamesOfEachLength(t *testing.T) {
	v := newVocabulary(7, nil, nil)
	for _, key := range []lexiconKey{{flow.HTTP, Path}, {flow.HTTP, Host}, {flow.HTTP, Agent}, {flow.DNS, Domain}, {flow.SMTP, Mailbox}} {
		for n := 1; n <= longestName; n++ {
			for x := range uint64(5) {
				name := string(v.lexicon(key.application, key.kind).exactly(n, mix(x)))
				if len(name) != n {
					t.Fatalf("%v: %q has %d bytes, want %d", key, name, len(name), n)
				}
				if reserved := strings.HasSuffix(name, ".test") || strings.HasSuffix(name, ".example"); (key.kind == Host || key.kind == Domain) && n > 5 && !reserved {
					t.Errorf("%v: %q is under no reserved domain", key, name)
				}
			}
		}
	}
}

// TestRecurrence: names of a length that was learnt recur as they did, and those of an
// unknown one are few.
func TestRecurrence(t *testing.T) {
	v := newVocabulary(7, []Statistics{{Application: flow.HTTP, Names: []Names{{Kind: Path, Groups: []Group{{12, 1, 80}, {12, 20, 1}}}}}}, nil)
	paths, random := v.lexicon(flow.HTTP, Path), rand.New(rand.NewPCG(1, 2))
	times, unknown := map[string]int{}, map[string]bool{}
	for range 10_000 {
		times[string(paths.exactly(12, random.Uint64()))]++
		unknown[string(paths.exactly(13, random.Uint64()))] = true
	}
	most := 0
	for _, n := range times {
		most = max(most, n)
	}
	if len(times) != 21 || most < 7800 || most > 8200 || len(unknown) != unheardOf {
		t.Errorf("%d names, the first %d times, and %d of a length that is unknown", len(times), most, len(unknown))
	}
	if got := len(paths.most(30, 5)); got != 12 {
		t.Errorf("a path of up to 30 bytes has %d, want 12", got)
	}
}

// TestHolders: a host has always the same of its names, and as many as hosts have.
func TestHolders(t *testing.T) {
	v := newVocabulary(7, []Statistics{{Application: flow.HTTP, Names: []Names{{Kind: Agent, Each: 2, Groups: []Group{{20, 50, 1}}}}}}, nil)
	agents, all := v.lexicon(flow.HTTP, Agent), map[string]bool{}
	for client := range byte(40) {
		own := map[string]bool{}
		for x := range uint64(50) {
			name := string(agents.of(v.holder(netip.AddrFrom4([4]byte{10, 0, 0, client})), mix(x)))
			own[name], all[name] = true, true
		}
		if len(own) > 2 {
			t.Errorf("client %d has %d agents, want up to 2", client, len(own))
		}
	}
	if len(all) < 25 {
		t.Errorf("40 clients have %d agents in all, of 50", len(all))
	}
}
