package catalog

import (
	"fmt"
	"strings"
)

// All returns the embedded captures and the published data sets. What no source states is left out rather than guessed.
func All() []Info {
	sets := append([]Info{office(), services()}, necstgen()...)
	for _, week := range []int{1, 3} {
		for _, day := range []string{"monday", "tuesday", "wednesday", "thursday", "friday"} {
			sets = append(sets, darpa(week, day))
		}
	}
	return append(sets, loed("loed-sample", "LoED sample: six days", "LoED_LoRaWAN_at_edge_dataset-SAMPLE.zip"),
		loed("loed", "LoED: 188 days, 11,263,001 receptions", "LoED_LoRaWAN_at_edge_dataset.zip"))
}

// darpa returns one day of the DARPA 1999 evaluation without attacks. The files' sizes and digests are not published.
func darpa(week int, day string) Info {
	name := fmt.Sprintf("darpa1999/week%d/%s", week, day)
	return Info{
		Name:  name,
		Title: fmt.Sprintf("DARPA 1999 week %d, %s, outside", week, strings.ToUpper(day[:1])+day[1:]),
		Description: "Sniffed outside the router of a simulated air force base, no attacks; tcpdump, gzip. NeCSTGen's HTTP, SMTP, DNS and SNMP " +
			"come from weeks 1 and 3.",
		Home:    "https://www.ll.mit.edu/r-d/datasets/1999-darpa-intrusion-detection-evaluation-dataset",
		License: "not stated by the publisher",
		Citation: "R. Lippmann, J. W. Haines, D. J. Fried, J. Korba, K. Das: The 1999 DARPA off-line intrusion detection evaluation. " +
			"Computer Networks 34(4), 2000, 579-595.",
		Files: []File{{Path: "outside.tcpdump.gz",
			URL: fmt.Sprintf("https://archive.ll.mit.edu/ideval/data/1999/training/week%d/%s/outside.tcpdump.gz", week, day)}},
	}
}

// loed returns a zip of one CSV per day. The publisher states 503.6 MB for all files of the record, and MD5 digests only, which we do not have.
func loed(name, title, archive string) Info {
	return Info{
		Name:        name,
		Title:       title,
		Description: "Receptions of nine LoRaWAN gateways in London: time, device, payload, gateway, CRC, frequency, spreading factor, RSSI, SNR.",
		Home:        "https://doi.org/10.5281/zenodo.4121430",
		License:     "CC-BY-4.0",
		Citation: "L. Bhatia, M. Breza, R. Marfievici, J. A. McCann: LoED: The LoRaWAN at the Edge Dataset. Proc. 3rd Workshop on Data " +
			"Acquisition To Analysis (DATA '20), 2020, 7-8. doi:10.1145/3419016.3431491",
		Files: []File{{Path: archive, Unpack: true, URL: "https://zenodo.org/records/4121430/files/" + archive + "?download=1"}},
	}
}
