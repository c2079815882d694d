package necstgencsv

import "slices"

var layerPairs = []string{"layers_0", "length_0", "layers_1", "length_1", "layers_2", "length_2", "layers_3", "length_3"}

var packetPart = []string{"timestamps", "length_total", "mac_src", "mac_dst", "ip_src", "ip_dst", "flags", "sport", "dport", "filename", "num_packet"}

var dynamicsPart = []string{"time_diff", "rate", "rolling_rate_byte_sec", "rolling_rate_byte_min", "rolling_rate_packet_sec", "rolling_rate_packet_min"}

// Layout names the columns of a packet file.
type Layout string

// The layouts, with the number of their columns.
const (
	Day           Layout = "day"             // 23: df_week*_*.csv, packets without features
	DARPA         Layout = "darpa"           // 37: raw/df_raw_HTTP.csv, SMTP, SNMP
	TCPGoogleHome Layout = "tcp-google-home" // 36: raw/df_raw_TCP_GOOGLE_HOME.csv
	UDPGoogleHome Layout = "udp-google-home" // 37: raw/df_raw_UDP_GOOGLE_HOME.csv
)

// Columns are the names of a layout's columns in order, nil for an unknown one.
func (l Layout) Columns() []string {
	switch l {
	case Day:
		return slices.Concat(layerPairs, []string{"layers_4", "length_4"}, packetPart, []string{"layers_5", "length_5"})
	case DARPA:
		return slices.Concat(layerPairs, []string{"layers_4", "length_4"}, packetPart, []string{"layers_5", "length_5", "applications", "flow_id", "day", "week", "day_week"},
			dynamicsPart, []string{"payload_layers", "header_length", "payload_length"})
	case TCPGoogleHome:
		return slices.Concat(layerPairs, packetPart, []string{"layers_4", "length_4", "layers_5", "length_5", "applications"},
			dynamicsPart, []string{"payload_layers", "header_length", "payload_length", "unique_id", "count_pkt", "flow_id"})
	case UDPGoogleHome:
		return slices.Concat(layerPairs, packetPart, []string{"layers_4", "length_4", "layers_5", "length_5", "index", "count_pkt", "applications", "unique_id",
			"payload_layers", "header_length"}, dynamicsPart, []string{"payload_length", "flow_id"})
	}
	return nil
}
