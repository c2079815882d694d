package flow_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Text and value of applications are each other's inverse.
func TestApplicationsText(t *testing.T) {
	for _, row := range []struct{ in, want, err string }{
		{"HTTP", "HTTP", ""},
		{"http, dns", "HTTP,DNS", ""},
		{"[tcp/502, UDP/*,other]", "tcp/502,udp/*,other", ""},
		{"tcp/*", "tcp/*", ""},
		{"all", "all", ""},
		{"", "", `unknown application ""`},
		{"nan", "", "want the name of an application"},
		{"HTTP,http", "", "HTTP twice"},
		{"tcp/0", "", "or a service like tcp/502"},
		{"tcp/65536", "", "or a service like tcp/502"},
		{"sctp/80", "", "or a service like tcp/502"},
		{"tcp", "", "or a service like tcp/502"},
	} {
		var l flow.Applications
		err := l.UnmarshalText([]byte(row.in))
		if row.err != "" {
			if err == nil || !strings.Contains(err.Error(), row.err) {
				t.Errorf("%q: %v, want %s", row.in, err, row.err)
			}
			continue
		}
		if err != nil || l.String() != row.want {
			t.Errorf("%q: %s, %v, want %s", row.in, l, err, row.want)
		}
		text, err := json.Marshal(l)
		var again flow.Applications
		if err != nil || json.Unmarshal(text, &again) != nil || again.String() != l.String() {
			t.Errorf("%q: %s as JSON, %v", row.in, text, err)
		}
	}
}

// A flow is of the nearest name among those that are asked for.
func TestApplicationsOf(t *testing.T) {
	ends := func(proto uint8, port uint16) flow.FiveTuple {
		return flow.FiveTuple{Proto: proto, Src: netip.MustParseAddrPort("192.0.2.1:40000"), Dst: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.2"), port)}
	}
	for _, row := range []struct {
		list  string
		app   flow.Application
		tuple flow.FiveTuple
		want  string
	}{
		{"HTTP,tcp/80,tcp/*", flow.HTTP, ends(flow.TCP, 80), "HTTP"},
		{"tcp/80,tcp/*", flow.HTTP, ends(flow.TCP, 80), "tcp/80"},
		{"DNS,tcp/*", flow.HTTP, ends(flow.TCP, 80), "tcp/*"},
		{"DNS,udp/*,other", flow.HTTP, ends(flow.TCP, 80), ""},
		{"tcp/502", flow.Unknown, ends(flow.TCP, 502), "tcp/502"},
		{"tcp/502", flow.Unknown, ends(flow.UDP, 502), ""},
		{"udp/*", flow.Unknown, ends(flow.UDP, 502), "udp/*"},
		{"tcp/*,other", flow.ICMPApplication, ends(flow.ICMP, 0), "other"},
		{"ICMP,other", flow.ICMPApplication, ends(flow.ICMP, 0), "ICMP"},
		{"tcp/*,udp/*", flow.Unknown, ends(47, 0), ""},
		{"other", flow.ARPApplication, flow.FiveTuple{}, "other"},
	} {
		var l flow.Applications
		if err := l.UnmarshalText([]byte(row.list)); err != nil {
			t.Fatal(err)
		}
		f := &flow.Flow{Application: row.app, Tuple: row.tuple, Packets: []flow.Packet{{Application: row.app}, {}}}
		labelled := l.Label(f)
		switch {
		case labelled != (row.want != ""):
			t.Errorf("%s: %v to %v is labelled: %t", row.list, row.app, row.tuple, labelled)
		case !labelled && f.Application != row.app:
			t.Errorf("%s: %v to %v is %v now", row.list, row.app, row.tuple, f.Application)
		case labelled && (f.Application.String() != row.want || f.Packets[0].Application != f.Application || f.Packets[1].Application != f.Application):
			t.Errorf("%s: %v to %v is %v, want %s", row.list, row.app, row.tuple, f.Application, row.want)
		}
	}
}
