package load

import (
	"fmt"

	"github.com/necstgen/necstgen/datasets/testbed/recorder/lab"
)

// Names is a burst of questions to the name server, as opening a page or a mail program makes them.
func Names(p *Person) error {
	address, _ := p.address(lab.Name)
	server := []string{"@" + address, "+noall", "+time=3", "+tries=2"}
	switch p.pick(2, 1, 1) {
	case 1:
		server = append(server, "+noedns", "+nocookie")
	case 2:
		server = append(server, "+nocookie", "+bufsize=1232")
	}
	for range 1 + p.Source.IntN(3) {
		name := p.domainName()
		var questions []string
		switch p.pick(40, 14, 6, 5, 4, 4, 5, 10, 6, 2, 6, 1) {
		case 0: // both families, as resolvers of today ask
			questions = []string{name, "A", name, "AAAA"}
		case 1:
			questions = []string{name, "A"}
		case 2:
			questions = []string{p.zone(), "MX"}
		case 3:
			questions = []string{p.zone(), "TXT"}
		case 4:
			questions = []string{p.zone(), "NS"}
		case 5:
			questions = []string{"_sip._udp." + p.zone(), "SRV"}
		case 6:
			questions = []string{"-x", fmt.Sprintf("10.77.200.%d", 1+p.Source.IntN(90))}
		case 7:
			questions = []string{fmt.Sprintf("%s%d.%s", hostNames[p.Source.IntN(len(hostNames))], p.Source.IntN(1000), p.zone()), "A"} // most do not exist
		case 8:
			questions = []string{fmt.Sprintf("key%d._domainkey.%s", p.Source.IntN(6), p.zone()), "TXT"} // the long ones go on by TCP
		case 9:
			questions = []string{p.zone(), []string{"SOA", "CAA", "ANY"}[p.Source.IntN(3)]}
		case 10:
			questions = []string{"+tcp", name, "A"}
		case 11:
			questions = []string{p.zone(), "AXFR"}
		}
		if err := p.run("dig", append(append([]string(nil), server...), questions...)...); err != nil {
			return err
		}
	}
	return nil
}

func (p *Person) zone() string {
	return zoneNames[int(float64(len(zoneNames))*p.Source.Float64()*p.Source.Float64())]
}

func (p *Person) domainName() string {
	name := hostNames[int(float64(len(hostNames))*p.Source.Float64()*p.Source.Float64())]
	if p.chance(4) {
		name += "-cdn"
	}
	return name + "." + p.zone()
}
