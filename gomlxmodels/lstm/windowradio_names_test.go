package lstm

// The outputs of the paper's network for LoRaWAN uplinks, by name.
const (
	HeadBandwidth       = "bandwidth"
	HeadSpreadingFactor = "spreading_factor"
	HeadCodeRate        = "code_rate"
	HeadFrequency       = "frequency"

	FeatureCRCStatus    = "crc_status"
	FeatureTimeDiff     = "time_diff"
	FeatureSNR          = "snr"
	FeatureRSSI         = "rssi"
	FeatureLengthTotal  = "length_total"
	FeatureHeaderLength = "header_length"
)

// RadioClasses are how many different values the training data has of each
// categorical property of an uplink, at least one each.
type RadioClasses struct {
	Bandwidths, SpreadingFactors, CodeRates, Frequencies int
}

// RadioOutputs are the four categorical heads and the six features of the paper's
// network for uplinks, in the order of its targets (algorithm.md section 8): 22
// columns for the published data, where bandwidth and code rate have one class, the
// spreading factor six and the frequency eight. A head of one class is certain and
// teaches nothing, but keeps its column.
func RadioOutputs(c RadioClasses) (heads []Head, features []string) {
	heads = []Head{
		{HeadBandwidth, c.Bandwidths}, {HeadSpreadingFactor, c.SpreadingFactors},
		{HeadCodeRate, c.CodeRates}, {HeadFrequency, c.Frequencies},
	}
	return heads, []string{FeatureCRCStatus, FeatureTimeDiff, FeatureSNR, FeatureRSSI, FeatureLengthTotal, FeatureHeaderLength}
}
