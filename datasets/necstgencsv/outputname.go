package necstgencsv

import (
	"path/filepath"
	"strconv"
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
)

// namePrefixes begin the names of published files; the application follows.
var namePrefixes = []string{"DF_GEN_PACKET_", "DF_GEN_FLOW_", "DF_RAW_FLOWS_", "DF_RAW_", "DF_PROCESS_FLOWS_", "DF_PROCESS_"}

// publishedApplications are the names that are not those of the registry.
var publishedApplications = map[string]flow.Application{
	"TCP_GOOGLE_HOME": flow.TLS, "TCP_GOOGLE": flow.TLS, "UDP_GOOGLE_HOME": flow.QUIC, "UDP_GOOGLE": flow.QUIC, "LORA": flow.LoRaWAN,
}

// nameWords are the words of the name of a published file from the application on,
// none for any other file.
func nameWords(path string) []string {
	name := strings.ToUpper(filepath.Base(path))
	name = strings.TrimSuffix(name, strings.ToUpper(filepath.Ext(path)))
	for _, prefix := range namePrefixes {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return strings.Split(rest, "_")
		}
	}
	return nil
}

// applicationOf returns the application in the name of a published file: the longest
// one that its words begin with.
func applicationOf(path string) flow.Application {
	words := nameWords(path)
	for n := len(words); n > 0; n-- {
		name := strings.Join(words[:n], "_")
		if app, ok := publishedApplications[name]; ok {
			return app
		}
		var app flow.Application
		if app.UnmarshalText([]byte(strings.ReplaceAll(name, "_", "-"))) == nil {
			return app
		}
	}
	return flow.Unknown
}

// portOf returns the FPort in the name of a published file of uplinks, as in
// DF_GEN_PACKET_LORA_10_NO_FLOW_FINAL.csv; 1 where it names none.
func portOf(path string) int16 {
	if words := nameWords(path); len(words) > 1 && words[0] == "LORA" {
		if port, err := strconv.ParseUint(words[1], 10, 8); err == nil && port > 0 {
			return int16(port)
		}
	}
	return 1
}
