package address_test

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/datasets/tcp"
)

// FuzzRead: a plan that is taken can be used.
func FuzzRead(f *testing.F) {
	small := address.Default()
	small.Services = small.Services[:2]
	small.Services[0].Pairs, small.Services[1].Pairs = small.Services[0].Pairs[:1], small.Services[1].Pairs[:1]
	small.Hosts = small.Hosts[:33]
	var text bytes.Buffer
	if err := small.Write(&text); err != nil {
		f.Fatal(err)
	}
	prefixes := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/48")}
	f.Add(text.String())
	f.Add(strings.ReplaceAll(text.String(), "60999", "32768"))
	f.Add(`{"version":2,"mtu":1500,"overflow4":"198.19.0.0/31","overflow6":"::/0","services":[]}`)
	f.Fuzz(func(t *testing.T, text string) {
		plan, err := address.Read(strings.NewReader(text), "fuzz")
		if err != nil {
			return
		}
		if twice, _, err := address.Merge(plan, plan); err != nil || len(twice.Hosts) > 2*len(plan.Hosts) {
			t.Fatalf("merged with itself: %v", err)
		}
		for _, opts := range []address.Options{{IPv6: address.IPv6On}, {IPv6: address.IPv6Off, Clients: 3, Servers: 2}, {Addresses: prefixes}} {
			if _, err := tcp.NewFramer(plan, tcp.Options{Hosts: opts}, rand.NewPCG(1, 1)); err != nil {
				t.Fatalf("%+v: %v", opts, err)
			}
		}
		framer, err := tcp.NewFramer(plan, tcp.Options{}, rand.NewPCG(1, 1))
		if err != nil {
			t.Fatal(err)
		}
		flows := []*flow.Flow{flowtest.Plain(1, flowtest.Epoch, 14), flowtest.Plain(2, flowtest.Epoch, 14), flowtest.Plain(3, flowtest.Epoch, 14)}
		for frame, err := range framer.Frames(flowtest.Sequence(flows)) {
			if err != nil {
				t.Fatal(err)
			}
			if len(frame.Bytes) < 60 {
				t.Fatalf("%d bytes", len(frame.Bytes))
			}
		}
	})
}
