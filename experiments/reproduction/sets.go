package reproduction

import "math"

// Set is one published data set at one level.
type Set struct {
	Name  string // for lists and options: "http"
	Title string
	Data  string // the catalog's data set, whose files must be at hand

	// Paper and Sampled are the experiments that reproduce it, of experiments.toml.
	Paper, Sampled string

	Level   level
	Numbers []Number // that the authors have published
}

// level says which files and scores a set has.
type level int

// The levels. Packets and Flows are scored by fidelity.Compare, Starts by
// fidelity.CompareTables.
const (
	Packets level = iota
	Timeline
	Flows
	Connections
	Starts
	Uplinks
)

// Number is a number that the authors have published beside their data.
type Number struct {
	What   string  // what it is of
	Score  string  // the score of package fidelity that measures the same: "load/Haar energy"
	Value  float64 // in the unit of that score
	Source string  // cell of the notebook or slide
}

// Sets returns all that there is to reproduce, in the order of the paper.
func Sets() []Set {
	connected := func(name, title string, numbers ...Number) []Set {
		return variants(Set{Name: name, Title: title, Level: Connections, Numbers: numbers}, true)
	}
	var sets []Set
	sets = append(sets, connected("http", "HTTP",
		flagNumber("slide 25", []float64{.50, .14, .28, .035, .04}, []float64{.525, .15, .17, .075, .075}),
		energies("slide 27", []float64{25.8, 25.3, 26, 26.3, 25.8, 33.3, 26.7, 37.5}, flat(23.2)))...)
	sets = append(sets, connected("smtp", "SMTP",
		flagNumber("slide 25", []float64{.245, .03, .61, .055, .055}, []float64{.235, .07, .625, .035, .035}),
		energies("cell 75", []float64{20.332, 19.968, 20.350, 20.619, 23.279, 23.750, 23.068, 23.865}, []float64{15.617, 13.722, 12.686, 17.568, 19.791, 21.372, 21.686, 21.598}))...)
	sets = append(sets, variants(Set{Name: "snmp", Title: "SNMP", Level: Flows}, false)...)
	sets = append(sets, Set{Name: "snmp-no-flow", Title: "SNMP, without flows", Data: "necstgen/snmp", Paper: "necstgen-snmp-no-flow-paper", Sampled: "necstgen-snmp-no-flow", Level: Timeline,
		Numbers: []Number{energies("slide 27", []float64{9.7, 9.6, 7.9, 6.8, 6.5, 9.1, 13.9, 16.7}, []float64{13.2, 13.1, 11.2, 8.9, 8.4, 14.1, 14.6, 14.2})}})
	sets = append(sets, connected("tcp-google-home", "TLS of a Google Home",
		Number{"cosine of the packets of each second (cell 117)", "published/NeCSTGen cosine packets/s", 0.96844, "cell 117"},
		flagNumber("slide 25", []float64{.83, .17}, []float64{.85, .15}),
		energies("slide 27", []float64{29.4, 28.9, 29.5, 30.7, 31.2, 31.4, 29.9, 32.5}, []float64{22, 21.7, 22, 27, 23.1, 31, 31, 23.3}))...)
	sets = append(sets, variants(Set{Name: "udp-google-home", Title: "QUIC of a Google Home", Level: Flows,
		Numbers: []Number{energies("slide 27", []float64{21, 20.5, 20.8, 22, 23.3, 21.3, 19.9, 17.5}, flat(11.6))}}, true)...)
	for _, port := range []struct {
		name      string
		real, gen []float64
	}{
		{"1", []float64{5.3, 5.3, 5.3, 5.0, 4.55, 4.95, 6.7, 6.8}, []float64{5.35, 5.35, 5.3, 4.5, 4.5, 4.9, 5.8, 4.55}},
		{"10", []float64{4.0, 3.95, 3.9, 3.95, 3.85, 3.65, 3.65, 3.55}, []float64{4.35, 4.35, 4.35, 3.6, 4.05, 3.75, 6.45, 8.35}},
	} {
		sets = append(sets, variants(Set{Name: "lora-" + port.name, Title: "LoRaWAN uplinks of port " + port.name, Level: Uplinks,
			Numbers: []Number{energies("slide 27", port.real, port.gen)}}, false)...)
	}
	return sets
}

// variants returns a set, and the same data packet by packet and, where there is a
// table of flows to learn from, by starts and sizes of flows.
func variants(s Set, starts bool) []Set {
	s.Data, s.Paper, s.Sampled = "necstgen/"+s.Name, "necstgen-"+s.Name+"-paper", "necstgen-"+s.Name
	packets := Set{Name: s.Name + "-packet", Title: s.Title + ", packet by packet", Data: s.Data, Paper: s.Sampled + "-packet-paper", Sampled: s.Sampled + "-packet", Level: Packets}
	if !starts {
		return []Set{s, packets}
	}
	return []Set{s, packets, {Name: s.Name + "-aggregate", Title: s.Title + ", starts and sizes of flows", Data: s.Data,
		Paper: s.Sampled + "-aggregate-paper", Sampled: s.Sampled + "-aggregate", Level: Starts}}
}

// flagNumber is the total variation between proportions of flags, generated and real,
// that were read off a bar chart.
func flagNumber(source string, generated, real []float64) Number {
	sum := 0.0
	for i := range real {
		sum += math.Abs(real[i]-generated[i]) / 2
	}
	return Number{"total variation of the flags, read off a chart", "packet/flags TV", sum, source}
}

// energies is the mean difference of the logarithms of wavelet energies that were read
// off a chart.
func energies(source string, real, generated []float64) Number {
	sum := 0.0
	for i := range real {
		sum += math.Abs(real[i]-generated[i]) / float64(len(real))
	}
	return Number{"difference of wavelet energies, read off a chart, at scales from 0.4 s to 6,554 s", "load/Haar energy", sum, source}
}

// flat is a line of a chart that is the same at all eight scales.
func flat(v float64) []float64 {
	line := make([]float64, 8)
	for i := range line {
		line[i] = v
	}
	return line
}
