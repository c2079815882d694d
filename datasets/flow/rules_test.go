package flow_test

import (
	"encoding/csv"
	"io"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/sharedtest"
)

// csvRows calls do with each row of a table, by column name.
func csvRows(t testing.TB, path string, do func(field func(string) string)) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Skipf("%s is not there", filepath.Base(path))
	}
	defer file.Close()
	reader := csv.NewReader(file)
	header, err := reader.Read()
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string]int{}
	for i, name := range header {
		columns[name] = i
	}
	for {
		row, err := reader.Read()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		do(func(name string) string {
			at, ok := columns[name]
			if !ok {
				t.Fatalf("no column %q", name)
			}
			return row[at]
		})
	}
}

// number reads a CSV number; empty is 0.
func number(t testing.TB, text string) float64 {
	t.Helper()
	if text == "" {
		return 0
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func csvLayers(t testing.TB, field func(string) string) flow.Layers {
	t.Helper()
	var layers flow.Layers
	for i := range layers {
		column := strconv.Itoa(i)
		if err := layers[i].Name.UnmarshalText([]byte(field("layers_" + column))); err != nil {
			t.Fatal(err)
		}
		layers[i].Length = int32(number(t, field("length_"+column)))
	}
	return layers
}

// TestRulesOnPublishedDays counts the applications of NeCSTGen's daily slices.
// Monday's counts stand in algorithm.md 1.3; of Tuesday it says that every packet
// matches a rule. Identify agrees, but that it knows FTP-DATA.
func TestRulesOnPublishedDays(t *testing.T) {
	days := map[string]map[string]int{
		"monday": {"SMTP": 6038, "HTTP": 1931, "LLC": 776, "DNS": 578, "FINGER": 228, "ARP": 156, "LOOP": 104, "NTP": 74, "ICMP": 40,
			"RIP": 38, "IRC": 19, "SNAP": 18},
		"tuesday": nil,
	}
	for day, want := range days {
		t.Run(day, func(t *testing.T) {
			got := map[string]int{}
			csvRows(t, sharedtest.Path(t, "necstgen", "data", "df_week1_"+day+".csv"), func(field func(string) string) {
				layers := csvLayers(t, field)
				src, dst := uint16(number(t, field("sport"))), uint16(number(t, field("dport")))
				app := flow.Rules(layers, src, dst)
				got[app.String()]++
				p := flow.Packet{Layers: layers, PayloadLength: 1, Tuple: flow.FiveTuple{Src: netip.AddrPortFrom(client.Addr(), src), Dst: netip.AddrPortFrom(server.Addr(), dst)}}
				switch layers[2].Name {
				case flow.LayerTCP:
					p.Tuple.Proto = flow.TCP
				case flow.LayerUDP:
					p.Tuple.Proto = flow.UDP
				case flow.LayerICMP:
					p.Tuple.Proto = flow.ICMP
				}
				flow.Identify(&p)
				if p.Application != app && !(app == flow.FTP && p.Application == flow.FTPData) {
					t.Errorf("Identify gives %v, the rules %v: %v, ports %d and %d", p.Application, app, layers, src, dst)
				}
			})
			if want != nil && !maps.Equal(got, want) {
				t.Errorf("applications %v: want %v", got, want)
			}
			if got["nan"] != 0 {
				t.Errorf("%d packets match no rule, want 0 (of %v)", got["nan"], got)
			}
			t.Log(got)
		})
	}
}

func named(names ...flow.LayerName) flow.Layers {
	var l flow.Layers
	for i, name := range names {
		l[i] = flow.Layer{Name: name, Length: int32(1514 - 14*i)}
	}
	return l
}

func TestRules(t *testing.T) {
	tcp := func(name flow.LayerName) flow.Layers {
		return named(flow.LayerEther, flow.LayerIP, flow.LayerTCP, name)
	}
	for _, row := range []struct {
		name     string
		layers   flow.Layers
		src, dst uint16
		want     flow.Application
	}{
		{"nothing", flow.Layers{}, 0, 0, flow.Unknown},
		{"arp", named(flow.LayerEther, flow.LayerARP), 0, 0, flow.ARPApplication},
		{"arp with ports is none", named(flow.LayerEther, flow.LayerARP), 1, 0, flow.Unknown},
		{"llc", named(flow.LayerDot3, flow.LayerLLC, flow.LayerRaw), 0, 0, flow.LLC},
		{"llc without raw", named(flow.LayerDot3, flow.LayerLLC), 0, 0, flow.Unknown},
		{"snap", named(flow.LayerDot3, flow.LayerLLC, flow.LayerSNAP), 0, 0, flow.SNAP},
		{"loop", named(flow.LayerEther, flow.LayerRaw), 0, 0, flow.LOOP},
		{"loop with a third layer", named(flow.LayerEther, flow.LayerRaw, flow.LayerPadding), 0, 0, flow.Unknown},
		{"telnet by layer", tcp(flow.LayerTelnet), 1, 2, flow.Telnet},
		{"http by port", tcp(flow.LayerRaw), 4000, 80, flow.HTTP},
		{"http by layer is none", tcp(flow.LayerHTTP), 4000, 8080, flow.Unknown},
		{"snmp has no port rule", tcp(flow.LayerRaw), 161, 162, flow.Unknown},
		{"snmp by layer", tcp(flow.LayerSNMP), 161, 162, flow.SNMP},
		{"ntp by layer", tcp(flow.LayerNTP), 123, 123, flow.NTP},
		{"ftp data", tcp(flow.LayerRaw), 20, 3000, flow.FTP},
		{"pop by layer (D03)", tcp(flow.LayerPOPResponse), 1110, 3000, flow.POP},
		{"later rule wins: port 6667 over 80", tcp(flow.LayerHTTP), 6667, 80, flow.IRC},
		{"later rule wins: port 25 over 22", tcp(flow.LayerSSH), 22, 25, flow.SMTP},
		{"layer over port", tcp(flow.LayerRIP), 53, 80, flow.RIP},
		{"icmp with a quoted port", named(flow.LayerEther, flow.LayerIP, flow.LayerICMP, flow.LayerIPError), 0, 0, flow.ICMPApplication},
		{"icmp over dns", named(flow.LayerEther, flow.LayerIP, flow.LayerICMP, flow.LayerDNS), 0, 0, flow.ICMPApplication},
		{"netbios is last", tcp(flow.LayerDNS), 137, 79, flow.NetBIOS},
		{"time", tcp(flow.NoLayer), 37, 1500, flow.Time},
		{"ident", tcp(flow.LayerRaw), 113, 1500, flow.IRC},
	} {
		if got := flow.Rules(row.layers, row.src, row.dst); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}
