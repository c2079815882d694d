package radio

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// habitKey is what a device tends to keep from uplink to uplink: its settings and the
// lengths of its messages.
type habitKey struct {
	Settings int64 `json:"settings"` // as settings.key
	Header   int32 `json:"header"`   // bytes
	Payload  int32 `json:"payload"`  // bytes
}

// habit is one of a device's, with how many uplinks had it.
type habit struct {
	habitKey
	Count int `json:"count"`
}

// habitOf returns that of an uplink.
func habitOf(p *flow.Packet) habitKey {
	return habitKey{settingsOf(p).key(), p.HeaderLength, p.PayloadLength}
}

// habitsOf returns counted habits, the most frequent first.
func habitsOf(counts map[habitKey]int) []habit {
	var list []habit
	for key, count := range counts {
		list = append(list, habit{key, count})
	}
	slices.SortFunc(list, func(a, b habit) int {
		switch {
		case a.Count != b.Count:
			return b.Count - a.Count
		case a.Settings != b.Settings:
			return int(max(-1, min(1, a.Settings-b.Settings)))
		case a.Header != b.Header:
			return int(a.Header - b.Header)
		}
		return int(a.Payload - b.Payload)
	})
	return list
}

// apply gives an uplink the habit's settings and lengths.
func (k habitKey) apply(p *flow.Packet) {
	s := splitSettings(k.Settings)
	r := p.Radio
	r.SpreadingFactor, r.Bandwidth, r.CodeRate, r.CRC, r.Port, r.MType = s.factor, s.band, s.codeRate, s.crc, s.port, s.mtype
	p.HeaderLength, p.PayloadLength, p.Length = k.Header, k.Payload, k.Header+k.Payload+s.slack
	p.Captured = p.Length
	p.Layers[0] = flow.Layer{Name: flow.LayerLoRaWAN, Length: p.Length}
}

// keep makes an uplink that was drawn one of the device's: it remains where the device
// has sent such, and is else given a habit by their frequencies.
func (s *sender) keep(p *flow.Packet, random *rand.Rand) {
	drawn := habitOf(p)
	at := random.IntN(s.Uplinks)
	kept := s.Habits[0].habitKey
	for i, h := range s.Habits {
		if h.habitKey == drawn {
			return
		}
		if at >= 0 && at < h.Count {
			kept = s.Habits[i].habitKey
		}
		at -= h.Count
	}
	kept.apply(p)
}

// frequency returns the frequency of a device's uplink: of one whose channels are known
// one of those, as often as it uses it, and the one that it used last as seldom as it
// stays on a channel; else the one that was drawn. last is 0 where it is not known.
func (s *sender) frequency(drawn, last uint32, random *rand.Rand) uint32 {
	if s.Uplinks < settled {
		return drawn
	}
	weight := func(c *channel) float64 {
		if c.Frequency == last && len(s.Channels) > 1 {
			return s.Repeats * float64(c.Count)
		}
		return float64(c.Count)
	}
	total := 0.0
	for i := range s.Channels {
		total += weight(&s.Channels[i])
	}
	u := random.Float64() * total
	for i := range s.Channels {
		if u -= weight(&s.Channels[i]); u < 0 {
			return s.Channels[i].Frequency
		}
	}
	return s.Channels[0].Frequency
}

// How much less an uplink fits a habit that differs from it, in what.
const (
	otherFactor   = 0.01
	otherSettings = 0.1  // port, message type, bandwidth, code rate, CRC
	otherLength   = 0.05 // and by e for each lengthScale bytes
	lengthScale   = 4
)

// fit returns how well an uplink of those settings and lengths fits a habit, 1 at best.
func (k habitKey) fit(p habitKey) float64 {
	w := 1.0
	if k.Settings != p.Settings {
		a, b := splitSettings(k.Settings), splitSettings(p.Settings)
		if a.factor != b.factor {
			w *= otherFactor
			a.factor = b.factor
		}
		if a != b {
			w *= otherSettings
		}
	}
	if d := math.Abs(float64(k.Header-p.Header)) + math.Abs(float64(k.Payload-p.Payload)); d > 0 {
		w *= otherLength * math.Exp(-d/lengthScale)
	}
	return w
}
