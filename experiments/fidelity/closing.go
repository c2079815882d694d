package fidelity

// closing names the scores that say most about a run, in the order of its last table.
var closing = []string{
	"packet/length W1/sd", "packet/log gap W1/sd", "packet/flags JSD bits", "order/trigrams JSD bits", "order/handshake share", "order/close share",
	"flow/packets W1/sd", "flow/bytes W1/sd", "flow/duration W1/sd", "coverage/type recall", "coverage/profile recall", "load/queue delay", "radio/spreading factor TV", "radio/frequency TV", "radio/SNR KS", "radio/RSSI KS",
	"classifier/C2ST flow", "classifier/C2ST window", "classifier/C2ST uplink", "classifier/boosted flow", "classifier/boosted window", "classifier/gaps",
	"classifier/first packets", "classifier/header fields", "classifier/sessions", "classifier/recurrent flow", "privacy/copied flows",
	"aggregate/packets KS", "aggregate/time between flows KS", "aggregate/time between flows autocorrelation", "aggregate/flows/s KS",
}

// Closing returns the scores that a run prints at its end, in their order,
// without those that could not be computed.
func Closing(scores []Score) []Score {
	var found []Score
	for _, name := range closing {
		for _, s := range scores {
			if s.Level+"/"+s.Score == name && s.Value != nil {
				found = append(found, s)
			}
		}
	}
	return found
}
