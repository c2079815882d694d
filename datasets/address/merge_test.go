package address

import (
	"bytes"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
)

// fittedFor is a plan of training flows with another application and hop count.
func fittedFor(t *testing.T, a flow.Application, ttl uint8, opts FitOptions) *Plan {
	t.Helper()
	flows := flowtest.Training()
	for _, f := range flows {
		f.Application = a
		f.Tuple.Dst = netip.AddrPortFrom(f.Tuple.Dst.Addr(), registeredPort(a))
		for i := range f.Packets {
			f.Packets[i].TTL = ttl
		}
	}
	plan, err := Fit(flows, opts)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// No two plans' hosts share an address or a MAC, hosts of one network still do,
// and nothing of the training is given out.
func TestMerge(t *testing.T) {
	ttls := map[flow.Application]uint8{flow.HTTP: 50, flow.SMTP: 100, flow.SSH: 200}
	var plans []*Plan
	for _, a := range []flow.Application{flow.HTTP, flow.SMTP, flow.SSH} {
		plans = append(plans, fittedFor(t, a, ttls[a], FitOptions{}))
	}
	before := *plans[0]
	merged, _, err := Merge(plans...)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(before, *plans[0]) {
		t.Error("a plan that was merged has changed")
	}
	seen, macs, original := map[netip.Addr]bool{}, map[flow.MAC]int{}, map[netip.Addr]bool{}
	for _, f := range flowtest.Training() {
		original[f.Tuple.Src.Addr()], original[f.Tuple.Dst.Addr()] = true, true
	}
	for i, h := range merged.Hosts {
		if seen[h.Address] || original[h.Address] {
			t.Errorf("host %d has %v, which is given twice or of the training", i, h.Address)
		}
		seen[h.Address] = true
		if plan := i / len(plans[0].Hosts); macs[h.MAC] != 0 && macs[h.MAC] != plan+1 {
			t.Errorf("host %d of plan %d has MAC %v of plan %d", i, plan, h.MAC, macs[h.MAC]-1)
		} else {
			macs[h.MAC] = plan + 1
		}
	}
	for at, a := range plans[1].Hosts { // networks are kept
		for to, b := range plans[1].Hosts {
			one, two := merged.Hosts[len(plans[0].Hosts)+at].Address, merged.Hosts[len(plans[0].Hosts)+to].Address
			if a.Address.Is4() == b.Address.Is4() && (networkOf(a.Address) == networkOf(b.Address)) != (networkOf(one) == networkOf(two)) {
				t.Errorf("%v and %v became %v and %v", a.Address, b.Address, one, two)
			}
		}
	}
}

// A merged plan is saved and loaded, and merged again.
func TestMergeRoundTrip(t *testing.T) {
	merged, _, err := Merge(fittedFor(t, flow.HTTP, 50, FitOptions{}), Default())
	if err != nil {
		t.Fatal(err)
	}
	if len(merged.InUse.Networks) == 0 {
		t.Error("the networks that the training flows use of the documented ranges are not known")
	}
	var out bytes.Buffer
	if err := merged.Write(&out); err != nil {
		t.Fatal(err)
	}
	back, err := Read(&out, "plan.json")
	if err != nil || !reflect.DeepEqual(back, merged) {
		t.Fatalf("read back: %v", err)
	}
	twice, _, err := Merge(back, back)
	if err != nil {
		t.Fatal(err)
	}
	if len(twice.Hosts) != 2*len(back.Hosts) || len(twice.Services) != 2*len(back.Services) {
		t.Errorf("%d hosts, %d services of twice %d and %d", len(twice.Hosts), len(twice.Services), len(back.Hosts), len(back.Services))
	}
}

// Original addresses stay, and a host that two plans know is one.
func TestMergeOriginal(t *testing.T) {
	a, b := fittedFor(t, flow.HTTP, 50, FitOptions{KeepAddresses: true}), fittedFor(t, flow.SMTP, 60, FitOptions{KeepAddresses: true})
	both, _, err := Merge(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if len(both.Hosts) != len(a.Hosts) || !both.Original {
		t.Errorf("%d hosts, want the %d that both plans have", len(both.Hosts), len(a.Hosts))
	}
	mixed, _, err := Merge(fittedFor(t, flow.SSH, 60, FitOptions{}), a)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[netip.Addr]bool{}
	for _, h := range mixed.Hosts {
		if seen[h.Address] {
			t.Errorf("%v twice", h.Address)
		}
		seen[h.Address] = true
	}
	for _, h := range a.Hosts {
		if !seen[h.Address] {
			t.Errorf("%v is gone", h.Address)
		}
	}
	if mixed.Original {
		t.Error("a plan with new addresses is called original")
	}
}

func TestMergeRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		plans []*Plan
		want  string
	}{
		{"none", nil, "no plan, want at least one"},
		{"nil", []*Plan{Default(), nil}, "plan 1 is nil"},
		{"invalid", []*Plan{{Version: planVersion + 1}}, "plan 0: address: plan: version is 4"},
	} {
		if _, _, err := Merge(c.plans...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}
