package load

import (
	"fmt"

	"github.com/necstgen/necstgen/datasets/testbed/recorder/lab"
)

// Management is a poll of the switch, or somebody looking around in it.
func Management(p *Person) error {
	address, six := p.address(lab.Switch)
	if six {
		address = "udp6:[" + address + "]"
	}
	login := []string{"-v2c", "-c", "public"}
	switch p.mind % 6 {
	case 0:
		login = []string{"-v1", "-c", "public"}
	case 1:
		login = []string{"-v3", "-u", "monitor", "-l", "authNoPriv", "-a", "SHA", "-A", "a long pass phrase"}
	}
	options := append(login, "-On", "-t", "3", "-r", "1", address)
	do := func(program string, oids ...string) error { return p.run(program, append(options, oids...)...) }
	choice := p.pick(20, 14, 8, 6, 10, 5, 4, 2)
	if p.mind%6 == 0 && choice > 2 && choice < 6 {
		choice = 2 // version 1 has no bulk requests
	}
	switch choice {
	case 0: // counters of one port
		port := 1 + p.Source.IntN(12)
		return do("snmpget", fmt.Sprintf(".1.3.6.1.2.1.2.2.1.10.%d", port), fmt.Sprintf(".1.3.6.1.2.1.2.2.1.16.%d", port), ".1.3.6.1.2.1.1.3.0")
	case 1: // all ports, one request each
		for port := 1; port <= 12; port += 1 + p.Source.IntN(3) {
			if err := do("snmpget", fmt.Sprintf(".1.3.6.1.2.1.2.2.1.8.%d", port), fmt.Sprintf(".1.3.6.1.2.1.31.1.1.1.6.%d", port)); err != nil {
				return err
			}
		}
		return nil
	case 2:
		return do("snmpwalk", []string{".1.3.6.1.2.1.1", ".1.3.6.1.2.1.2.2.1.2", ".1.3.6.1.2.1.11"}[p.pick(2, 3, 1)])
	case 3:
		return do("snmpbulkget", "-Cn1", "-Cr8", ".1.3.6.1.2.1.1.3", ".1.3.6.1.2.1.2.2.1.10", ".1.3.6.1.2.1.2.2.1.16")
	case 4:
		return do("snmpbulkwalk", []string{".1.3.6.1.2.1.2", ".1.3.6.1.2.1.31", ".1.3.6.1.2.1.4", ".1.3.6.1.2.1.6"}[p.pick(4, 3, 1, 1)])
	case 5:
		return do("snmpbulkwalk", fmt.Sprintf("-Cr%d", 20+p.Source.IntN(30)), ".1.3.6.1.2.1.2.2")
	case 6:
		return do("snmpgetnext", ".1.3.6.1.2.1.1", ".1.3.6.1.2.1.2")
	default:
		return do("snmpget", ".1.3.6.1.2.1.99.1.0") // not there
	}
}
