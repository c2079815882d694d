package tcp

import (
	"net/netip"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
)

// A flow of a pool speaks what its server's port stands for, any other what it was drawn as.
func TestSpoken(t *testing.T) {
	for _, test := range []struct {
		app    flow.Application
		proto  uint8
		server uint16
		want   flow.Application
	}{
		{flow.AnyPort(flow.TCP), flow.TCP, 22, flow.SSH},
		{flow.AnyPort(flow.TCP), flow.TCP, 6667, flow.IRC},
		{flow.AnyPort(flow.UDP), flow.UDP, 520, flow.RIP},
		{flow.AnyPort(flow.TCP), flow.TCP, 502, flow.AnyPort(flow.TCP)},
		{flow.ServiceAt(flow.TCP, 502), flow.TCP, 502, flow.ServiceAt(flow.TCP, 502)},
		{flow.HTTP, flow.TCP, 22, flow.HTTP},
	} {
		c := openFlow{app: test.app, proto: test.proto}
		for dir, port := range [2]uint16{50000, test.server} {
			c.ends[dir].port = port
			c.ends[dir].host = &address.HostState{Host: address.Host{Address: netip.AddrFrom4([4]byte{198, 18, 0, byte(dir)})}}
		}
		if got := c.spoken(); got != test.want {
			t.Errorf("%v at port %d speaks %v, want %v", test.app, test.server, got, test.want)
		}
	}
}
