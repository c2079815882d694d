package tcp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/payload"
)

// Every problem is reported, with key, value and what is allowed.
func TestOptionsValidate(t *testing.T) {
	for _, c := range []struct {
		name string
		opts Options
		want []string // empty: valid
	}{
		{"zero", Options{}, nil},
		{"all", Options{Payload: payload.Random, MTU: 9000, Link: LoRaTap, Hosts: address.Options{Addresses: prefixes("10.0.0.0/8", "fd00::/64"), IPv6: address.IPv6On, Clients: 5, Servers: 2}, Losses: 0.1}, nil},
		{"payload", Options{Payload: 9}, []string{"payload is 9, want one of neutral, zero, random, copy"}},
		{"mtu", Options{MTU: 65536}, []string{"mtu is 65536, want 0 (the plan's) or 576 to 65535"}},
		{"link", Options{Link: 7}, []string{"link is 7, want one of semtech, loratap, loratap0"}},
		{"hosts", Options{Hosts: address.Options{Clients: -1, Servers: 60_001}}, []string{"clients is -1, want 0", "servers is 60001, want 0 (as many as the plan has) to 60000"}},
		{"losses", Options{Losses: 0.7}, []string{"losses are 0.7, want learned, none, or a proportion of 0 to 0.1"}},
		{"overlap", Options{Hosts: address.Options{Addresses: prefixes("10.0.0.0/8", "10.9.0.0/16")}}, []string{"addresses[0] is 10.0.0.0/8 and addresses[1] 10.9.0.0/16, want prefixes that do not overlap"}},
		{"both", Options{Hosts: address.Options{Addresses: prefixes("10.0.0.0/8")}, KeepTuples: true}, []string{"addresses are given, and flows are to keep their own"}},
		{"many", Options{Payload: 9, MTU: 1, Link: 9}, []string{"payload", "mtu", "link"}},
	} {
		err := c.opts.Validate()
		if (err == nil) != (len(c.want) == 0) {
			t.Errorf("%s: error %v", c.name, err)
		}
		for _, want := range c.want {
			if err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want %q in it", c.name, err, want)
			}
		}
	}
}

// Words of configs are taken in any case, and others refused with those allowed.
func TestWords(t *testing.T) {
	var f payload.Filling
	var l Link
	var v address.IPv6
	for _, c := range []struct {
		text string
		take func([]byte) error
		got  func() fmt.Stringer
		want string
	}{
		{"Copy", f.UnmarshalText, func() fmt.Stringer { return f }, "copy"},
		{"loratap", l.UnmarshalText, func() fmt.Stringer { return l }, "loratap"},
		{"ON", v.UnmarshalText, func() fmt.Stringer { return v }, "on"},
	} {
		if err := c.take([]byte(c.text)); err != nil || c.got().String() != c.want {
			t.Errorf("%q: %v, %v", c.text, c.got(), err)
		}
		if err := c.take([]byte("colour")); err == nil || !strings.Contains(err.Error(), `"colour": want one of`) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("colour: error %v", err)
		}
	}
	if Semtech.Type() != 1 || LoRaTap.Type() != 270 || Link(9).String() != "link(9)" {
		t.Error("link types are not LINKTYPE_ values")
	}
}
