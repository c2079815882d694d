package radio

import (
	"github.com/necstgen/necstgen/datasets/flow"
)

// settings are the fields of an uplink that one head draws.
type settings struct {
	factor   uint8
	band     uint16
	codeRate uint8
	crc      int8
	port     int16
	mtype    uint8
	slack    int32 // bytes of the frame in neither header nor payload: its integrity code
}

// maxSlack bounds what a key keeps of slack.
const maxSlack = 63

// settingsOf returns those of an uplink.
func settingsOf(p *flow.Packet) settings {
	r := p.Radio
	slack := min(p.Padding(), maxSlack)
	return settings{r.SpreadingFactor, r.Bandwidth, r.CodeRate, r.CRC, r.Port, r.MType, slack}
}

// key packs the settings: 8 bits factor, 16 band, 8 code rate, 2 CRC, 9 port, 3 type, 6 slack.
func (s settings) key() int64 {
	k := int64(s.factor)
	k = k<<16 | int64(s.band)
	k = k<<8 | int64(s.codeRate)
	k = k<<2 | int64(s.crc+1)&3
	k = k<<9 | int64(s.port-flow.NoPort)&511
	k = k<<3 | int64(s.mtype&7)
	return k<<6 | int64(s.slack)
}

// splitSettings undoes key.
func splitSettings(k int64) settings {
	var s settings
	s.slack, k = int32(k&maxSlack), k>>6
	s.mtype, k = uint8(k&7), k>>3
	s.port, k = int16(k&511)+flow.NoPort, k>>9
	s.crc, k = int8(k&3)-1, k>>2
	s.codeRate, k = uint8(k), k>>8
	s.band, k = uint16(k), k>>16
	s.factor = uint8(k)
	return s
}

// joins reports whether the frame has no device address: it is a join request, or
// carries no data.
func (s settings) joins() bool { return s.mtype < 2 || s.mtype > 5 }
