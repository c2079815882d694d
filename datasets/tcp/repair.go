package tcp

// repair is a kind of change made to a generated flow so that it is a TCP or
// UDP connection that could have happened.
type repair uint8

const (
	timeMoved repair = iota
	flagsInConflict
	ackAdded
	resetTooEarly
	synRepeated
	synMidway
	synInserted
	synAckInserted
	synAckMade
	beforeSYN
	synPayload
	resetPayload
	finTooEarly
	finRepeated
	ackInserted
	handshakeInserted
	closingInserted
	headerChanged
	segmentSplit
	datagramCut
	datagramFilled
	scaleAdded
	ackRepeated
	runRelieved
	fullCut
	uplinkType
	uplinkLength
	radioMended
	segmentRepeated
	answerAsked
	messageLength
	protocolReplaced
	messageMade
	hostless
	repairCount
)

// repairNames say what was done; the words go into manifests.
var repairNames = [repairCount]string{
	timeMoved:         "time moved forward",
	flagsInConflict:   "flags in conflict cleared",
	ackAdded:          "ACK flag added",
	resetTooEarly:     "RST before later packets of its side cleared",
	synRepeated:       "repeated SYN dropped",
	synMidway:         "SYN inside a connection cleared",
	synInserted:       "SYN inserted before SYN/ACK",
	synAckInserted:    "SYN/ACK inserted",
	synAckMade:        "first answer made a SYN/ACK",
	beforeSYN:         "packet before the SYN dropped",
	synPayload:        "payload of a SYN dropped",
	resetPayload:      "payload of a RST dropped",
	finTooEarly:       "FIN before later data of its side cleared",
	finRepeated:       "repeated FIN cleared",
	ackInserted:       "last ACK of the handshake inserted",
	handshakeInserted: "missing handshake inserted",
	closingInserted:   "missing FIN or its ACK inserted",
	headerChanged:     "header length changed to one that TCP, UDP or the options agreed on can have",
	segmentSplit:      "segment above the MSS split",
	datagramCut:       "datagram above the MTU cut",
	datagramFilled:    "datagram shorter than any of the training made as long as that",
	scaleAdded:        "window scale option added for the data in flight",
	ackRepeated:       "repeated ACK made a window update",
	runRelieved:       "ACK inserted into a long one-way run",
	uplinkType:        "uplink of another type made a data frame",
	uplinkLength:      "uplink of a length or port that no data frame has changed",
	radioMended:       "bandwidth, spreading factor, code rate or signal level that is none changed",
	segmentRepeated:   "segment sent again, as asked for",
	answerAsked:       "answer that nothing asks for made a question",
	messageLength:     "message without ports given the length that its kind needs",
	protocolReplaced:  "packet of an unknown protocol sent under number 253, for experiments",
	messageMade:       "fragment of a message sent as a message",
	hostless:          "flow without ports left out, since no two hosts have its IP version",
	fullCut:           "full segment made shorter for the IPv6 header",
}

// counts has how often each repair was made.
type counts [repairCount]int64

func (c *counts) add(r repair) { c[r]++ }

// payloadMissing names in Repairs what package payload counts.
const payloadMissing = "payload without an example to copy filled with neutral text"
