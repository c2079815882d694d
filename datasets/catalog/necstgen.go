package catalog

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// commit pins the version of NeCSTGen's repository whose data folder is fetched.
const commit = "de4d6223c4b0902d921af2839c4b64badd6c7711"

// samplesName is the data set of all published samples.
const samplesName = "necstgen"

// applications are the published samples' applications, as their files name them.
var applications = []string{"HTTP", "SMTP", "SNMP", "TCP_GOOGLE_HOME", "UDP_GOOGLE_HOME", "LORA_1", "LORA_10"}

// applicationSet returns the data set of an application: necstgen/tcp-google-home for TCP_GOOGLE_HOME.
func applicationSet(application string) string {
	return samplesName + "/" + strings.ReplaceAll(strings.ToLower(application), "_", "-")
}

// necstgen returns the published samples, first all of them, then those of each application. They lie in one folder with the repository's own
// paths, so that the folder reads as a clone does. The files whose digests were measured come first.
func necstgen() []Info {
	files := slices.Clone(measured)
	for _, path := range unmeasured {
		files = append(files, File{Path: path})
	}
	for i := range files {
		files[i].URL = "https://raw.githubusercontent.com/fmeslet/NeCSTGen/" + commit + "/" + files[i].Path
	}
	sets := []Info{samples(samplesName, "NeCSTGen's published samples, all files", files)}
	for _, application := range applications {
		own := slices.DeleteFunc(slices.Clone(files), func(f File) bool { return !belongs(f.Path, application) })
		set := samples(applicationSet(application), "NeCSTGen's published sample of "+application, own)
		set.data = published(application).raw
		sets = append(sets, set)
	}
	return sets
}

func samples(name, title string, files []File) Info {
	return Info{
		Name:  name,
		Title: title,
		Description: "Packets with features (raw), the same scaled (process) and what the authors' models generated (output); " +
			"mostly 10,000 rows each.",
		Home:    "https://github.com/fmeslet/NeCSTGen",
		License: "MIT",
		Citation: "F. Meslet-Millet, S. Mouysset, E. Chaput: NeCSTGen: An approach for realistic network traffic generation using Deep Learning. " +
			"IEEE GLOBECOM 2022.",
		Files:  files,
		folder: samplesName,
	}
}

// paths are those of an application's files in the repository.
type paths struct{ raw, rawFlows, processed, processedFlows, generated, generatedFlows string }

// published returns the paths that an application's files have, whether or not there are such files. Of several files of generated packets
// generated is the one that the paper's figures are made of.
func published(application string) paths {
	output := map[string]string{"SNMP": "_NO_FLOW_FINAL", "UDP_GOOGLE_HOME": "_FLOW_NO_CONNECT_FINAL", "LORA_1": "_NO_FLOW_FINAL", "LORA_10": "_NO_FLOW_FINAL"}[application]
	return paths{
		raw:            "data/raw/df_raw_" + application + ".csv",
		rawFlows:       "data/raw/df_raw_flows_" + application + ".csv",
		processed:      "data/process/df_process_" + application + ".csv",
		processedFlows: "data/process/df_process_flows_" + application + ".csv",
		generated:      "data/output/DF_GEN_PACKET_" + application + cmp.Or(output, "_FLOW_CONNECT_FINAL") + ".csv",
		generatedFlows: "data/output/DF_GEN_FLOW_" + application + "_FINAL.csv",
	}
}

// belongs reports whether a file is one of an application's.
func belongs(path, application string) bool {
	p := published(application)
	return slices.Contains([]string{p.raw, p.rawFlows, p.processed, p.processedFlows, p.generatedFlows}, path) ||
		strings.HasPrefix(path, "data/output/DF_GEN_PACKET_"+application+"_")
}

// Published are the files of one of NeCSTGen's applications that are here; "" stands for one that is not, or that was never published.
type Published struct {
	Application    string // as the files name it: TCP_GOOGLE_HOME
	Raw            string // packets with features
	RawFlows       string // a row a flow
	Processed      string // Raw after logarithm and min-max
	ProcessedFlows string
	Generated      string // packets that the authors' models have drawn
	GeneratedFlows string // and flows
}

// Published finds the published files of one application by the name of its data set, such as necstgen/http.
func (c *Catalog) Published(name string) (Published, error) {
	i := slices.IndexFunc(applications, func(a string) bool { return applicationSet(a) == name })
	if i < 0 {
		names := make([]string, len(applications))
		for i, a := range applications {
			names[i] = applicationSet(a)
		}
		return Published{}, fmt.Errorf("catalog: %s is no application of NeCSTGen's: want one of %s", name, strings.Join(names, ", "))
	}
	dir, err := c.root()
	if err != nil {
		return Published{}, err
	}
	find := func(path string) string {
		return strings.Join((&File{Path: path}).here(filepath.Join(dir, samplesName)), "")
	}
	p := published(applications[i])
	return Published{Application: applications[i], Raw: find(p.raw), RawFlows: find(p.rawFlows), Processed: find(p.processed),
		ProcessedFlows: find(p.processedFlows), Generated: find(p.generated), GeneratedFlows: find(p.generatedFlows)}, nil
}

var measured = []File{
	{Path: "data/df_week1_monday.csv", Size: 1666647, SHA256: "ffad504e7fc8b2b51d3a3cb84e160c60ad0ed3bb2ce63e904278228a73c32bb6"},
	{Path: "data/df_week1_tuesday.csv", Size: 1672835, SHA256: "1536798104feeb3e13a3196e713811a6f0e11ec1f1d178444921879fba8c3ca3"},
	{Path: "data/output/DF_GEN_FLOW_HTTP_FINAL.csv", Size: 569340, SHA256: "4b88b1df924995759755092f880b9bb3215db90242a50a646dd0c053cf7477fc"},
	{Path: "data/output/DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv", Size: 3618671, SHA256: "d3b5caeeb6fa30bdf9c1898f681c54587efe740729732ffe921b0c4c6a2f03b1"},
	{Path: "data/output/DF_GEN_PACKET_SNMP_NO_FLOW_FINAL.csv", Size: 1714682, SHA256: "d8cb8763d285582a42319b55ce0462eee87a7cb7994d7c66c8e30fe65e43b852"},
	{Path: "data/output/DF_GEN_PACKET_UDP_GOOGLE_HOME_FLOW_NO_CONNECT_FINAL.csv", Size: 2832209, SHA256: "88083ad5ae21c27f5fe648955e3ab29df3bf0aa3f62ba490ba7183aeea1487be"},
	{Path: "data/process/df_process_HTTP.csv", Size: 1886502, SHA256: "d48e1eb789902d57b64d3e084bfee9cd449e36c44d5efd2e88f0996fd75da11e"},
	{Path: "data/process/df_process_LORA_1.csv", Size: 2097688, SHA256: "a685afce9dbc79592d36aed9576304798f1ffd20371c9b2ab3b1e3950e5df631"},
	{Path: "data/process/df_process_SNMP.csv", Size: 1441377, SHA256: "2f6af84119c294f39445e2a555366014c5ed0ae8de48fab530f85bc9bb8b8236"},
	{Path: "data/process/df_process_UDP_GOOGLE_HOME.csv", Size: 1703406, SHA256: "9f35e66f71c3fdc5fdc639ac2576c7ce6bae754034f0ab2638499c520cae6a03"},
	{Path: "data/process/df_process_flows_HTTP.csv", Size: 2243663, SHA256: "263e093a51a830b862a14d84a3f3ac426c689426cebcd0f30ef81ad7a50f842b"},
	{Path: "data/process/df_process_flows_SNMP.csv", Size: 1763, SHA256: "03ab3f2ee244e6d8e4a64002d7a7376c9d97897cb72bec8a9c73a85ee323ed05"},
	{Path: "data/process/df_process_flows_UDP_GOOGLE_HOME.csv", Size: 1941460, SHA256: "c00c9c1d95b904984d288bcdf2be31937198c162443365a0572ff91649e2280a"},
	{Path: "data/raw/df_raw_HTTP.csv", Size: 2949383, SHA256: "16a0eef43050f75bb72a8d99c424fe96349b993f175bf5953f228a9c75899e52"},
	{Path: "data/raw/df_raw_LORA_1.csv", Size: 2289515, SHA256: "78cb743059630424a46a710c963e820e395a7cd545ac03b7309e5af6ec171df5"},
	{Path: "data/raw/df_raw_SNMP.csv", Size: 2858661, SHA256: "657a5a7227f0b90efd5036aa310b47867ddfea9831380108c6b1d16e0c2fa9f0"},
	{Path: "data/raw/df_raw_UDP_GOOGLE_HOME.csv", Size: 3407020, SHA256: "df941a127ab0ed3beafe4ff58afd7a774295dda81666adf4423ddfb62f5bd669"},
	{Path: "data/raw/df_raw_flows_HTTP.csv", Size: 1441565, SHA256: "52e7164ca6ec534cf9d20a799c3ee3a2691d9da030708587eecd86317e3b9e63"},
	{Path: "data/raw/df_raw_flows_SNMP.csv", Size: 1465, SHA256: "e9fab44cf0f2b567924e5473c7b89572a865246e5be7f6a19418b0df7b0fd55b"},
	{Path: "data/raw/df_raw_flows_UDP_GOOGLE_HOME.csv", Size: 1222192, SHA256: "e35f76b98812b10b5e567fee5f667e7f8193fd4d05730532a5fa30e0d285a7c7"},
}

var unmeasured = []string{
	"data/df_week1_friday.csv",
	"data/df_week1_thursday.csv",
	"data/df_week1_wednesday.csv",
	"data/df_week3_friday.csv",
	"data/df_week3_monday.csv",
	"data/df_week3_thursday.csv",
	"data/df_week3_tuesday.csv",
	"data/df_week3_wednesday.csv",
	"data/output/DF_GEN_FLOW_SMTP_FINAL.csv",
	"data/output/DF_GEN_FLOW_TCP_GOOGLE_HOME_FINAL.csv",
	"data/output/DF_GEN_FLOW_UDP_GOOGLE_HOME_FINAL.csv",
	"data/output/DF_GEN_PACKET_HTTP_WITHOUT_FLOW_FINAL.csv",
	"data/process/df_process_LORA_10.csv",
	"data/process/df_process_SMTP.csv",
	"data/process/df_process_TCP_GOOGLE_HOME.csv",
	"data/process/df_process_flows_SMTP.csv",
	"data/process/df_process_flows_TCP_GOOGLE_HOME.csv",
	"data/raw/df_raw_LORA_10.csv",
	"data/raw/df_raw_SMTP.csv",
	"data/raw/df_raw_TCP_GOOGLE_HOME.csv",
	"data/raw/df_raw_flows_SMTP.csv",
	"data/raw/df_raw_flows_TCP_GOOGLE_HOME.csv",
}
