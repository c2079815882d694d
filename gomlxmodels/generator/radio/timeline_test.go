package radio

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

// gatewayTimeline is what a gateway hears of some devices, without flows, and the model of it.
func gatewayTimeline(t *testing.T, flows []*flow.Flow) ([]*flow.Flow, *Uplinks) {
	t.Helper()
	segments, err := timeline.Segments(flows, 16)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Fit(segments, true)
	if err != nil {
		t.Fatal(err)
	}
	return segments, m.Fields.(*Uplinks)
}

// beacon is a device that sends every 20 s, of whose uplinks one in ten is not heard,
// and never two in a row on one of three channels.
func beacon(n int, random *rand.Rand) *flow.Flow {
	f := &flow.Flow{Application: flow.LoRaWAN}
	now, counter, channel := int64(1_700_000_000_000_000_000), uint32(0), 0
	for len(f.Packets) < n {
		now += 20e9
		counter++
		if random.IntN(10) == 0 {
			continue
		}
		channel = (channel + 1 + random.IntN(2)) % 3
		r := &flow.Radio{Gateway: 7, Address: 0xbeac0, Counter: counter, Port: 1, MType: 2, Frequency: 868_100_000 + 200_000*uint32(channel),
			SpreadingFactor: 9, Bandwidth: 125, CodeRate: 5, CRC: 1, RSSI: float32(-90 - 10*channel), SNR: 5}
		f.Packets = append(f.Packets, flow.Packet{Time: now, HeaderLength: 9, PayloadLength: 6, Length: 19, Captured: 19, Application: flow.LoRaWAN, Radio: r})
	}
	return f
}

// Of every device the plan has as many uplinks as training, and its counter goes on. A
// device's silences and how many uplinks come between two of them are drawn: over a
// thousand of them its fraction of the uplinks has a standard deviation of 4.5 %.
func TestPlansKeepRates(t *testing.T) {
	segments, m := gatewayTimeline(t, gentest.Uplinks(40, 24*time.Hour, rand.NewPCG(2, 2)))
	uplinks := 0
	for _, f := range segments {
		uplinks += len(f.Packets)
	}
	const rounds = 1000
	counts, counters := make([]float64, len(m.Senders.List)), make([]uint32, len(m.Senders.List))
	next := m.Plans(generator.Request{Seed: 5})
	total := 0.0
	for range rounds * uplinks / m.Senders.Segment {
		for _, s := range next().sends {
			if back := (s.counter - counters[s.sender]) & counterMask; counts[s.sender] > 0 && back > counterMask/2 && len(m.Counter.Resets) == 0 {
				t.Fatalf("device %d: counter %d after %d: training has no step back", s.sender, s.counter, counters[s.sender])
			}
			counters[s.sender] = s.counter
			counts[s.sender]++
			total++
		}
	}
	for i, s := range m.Senders.List {
		want, got := float64(s.Uplinks)/float64(uplinks), counts[i]/total
		if math.Abs(got-want) > 0.2*want {
			t.Errorf("device %d: %.4f of the uplinks, want %.4f", i, got, want)
		}
	}
}

// A device that keeps time keeps it: its waits are whole periods, as many as its
// counter says.
func TestPlansKeepPeriods(t *testing.T) {
	_, m := gatewayTimeline(t, []*flow.Flow{beacon(800, rand.New(rand.NewPCG(1, 1)))})
	next, last := m.Plans(generator.Request{Seed: 5}), send{}
	silences := 0
	for range 40 {
		for i, s := range next().sends {
			if steps := time.Duration((s.counter - last.counter) & counterMask); i > 0 && s.gap != steps*20*time.Second {
				silences++
			}
			last = s
		}
	}
	if silences > 2 { // one uplink in 800 is followed by the wait between the end of training and its start
		t.Errorf("%d of 640 waits are no whole periods", silences)
	}
	again := m.Plans(generator.Request{Seed: 5})
	if a, b := m.Plans(generator.Request{Seed: 5})(), again(); !reflect.DeepEqual(a, b) {
		t.Errorf("the same seed planned %v and %v", a, b)
	}
}

// Where several gateways hear the devices the network draws the gaps.
func TestPlansOfGateways(t *testing.T) {
	flows := gentest.Uplinks(40, 24*time.Hour, rand.NewPCG(2, 2))
	for i := range flows[0].Packets {
		flows[0].Packets[i].Radio.Gateway++
	}
	_, m := gatewayTimeline(t, flows)
	plan := m.Plans(generator.Request{Seed: 5})()
	past := m.BeginDrawn(nil, plan)
	if gap, last, ok := past.Planned(); plan.Start >= 0 || gap >= 0 || last || !ok {
		t.Errorf("start %v, gap %v, last %v, planned %v: want who sends, but no times", plan.Start, gap, last, ok)
	}
}

// A plan follows a schedule: its devices send when it says, those that training did not
// hear with the habits of others, and counters go on.
func TestPlansFollowSchedule(t *testing.T) {
	_, m := gatewayTimeline(t, gentest.Uplinks(40, 24*time.Hour, rand.NewPCG(2, 2)))
	random := rand.New(rand.NewPCG(1, 1))
	r := generator.Request{Seed: 5, Schedule: &generator.Schedule{}}
	for i := range 3 * m.Senders.Segment {
		r.Schedule.Packets = append(r.Schedule.Packets, generator.ScheduledPacket{After: int64(i) * 1e9, Device: random.IntN(60) - 1})
	}
	next, at := m.Plans(r), 0
	senders := make(map[int32]int32)
	for k := range 4 { // one more than the schedule has
		plan := next()
		for _, s := range plan.sends {
			if before, known := senders[s.device]; int(s.sender) >= len(m.Senders.List) || known && before != s.sender {
				t.Fatalf("device %d has the habits of %d, before those of %d", s.device, s.sender, before)
			}
			senders[s.device] = s.sender
			if at++; at > len(r.Schedule.Packets) {
				continue
			}
			if want := r.Schedule.Packets[at-1].Device; want >= 0 && int(s.device) != want || at > 1 && s.gap != time.Second {
				t.Fatalf("uplink %d of segment %d is of device %d, %v after the one before, want %d and 1 s", at-1, k, s.device, s.gap, want)
			}
		}
	}
}

// Decode undoes Encode on a timeline too, but for what is drawn inside a bin, and gives
// every uplink its planned device.
func TestTimelineDecodeUndoesEncode(t *testing.T) {
	segments, m := gatewayTimeline(t, gentest.Uplinks(40, 24*time.Hour, rand.NewPCG(2, 2)))
	random := rand.New(rand.NewPCG(1, 1))
	codes := make([]int32, len(m.Heads()))
	same, n := 0, 0
	for _, f := range segments {
		taught, drawn := m.Begin(f), m.Begin(f)
		for i := range f.Packets {
			m.Encode(codes, f, i, &taught)
			p, want := f.Packets[i], f.Packets[i].Radio
			p.Radio, p.Length = nil, p.HeaderLength+p.PayloadLength
			m.Decode(&p, codes, &drawn, f.ID, random)
			if got := p.Radio; got.SpreadingFactor != want.SpreadingFactor || got.Port != want.Port || p.Length != f.Packets[i].Length || got.Address != address(int64(taught.plan[i].sender)) {
				t.Fatalf("segment %d, uplink %d: %+v in %d bytes became %+v in %d bytes", f.ID, i, *want, f.Packets[i].Length, *got, p.Length)
			}
			if n++; p.Radio.Frequency == want.Frequency {
				same++
			}
			if len(m.AppendPast(nil, &taught)) != m.PastWidth() {
				t.Fatalf("%d numbers of the past, want %d", len(m.AppendPast(nil, &taught)), m.PastWidth())
			}
			taught.Add(want)
			drawn.Add(p.Radio)
		}
	}
	if same < n*9/10 { // the device of few uplinks that repeats a channel may move
		t.Errorf("%d of %d uplinks kept their frequency", same, n)
	}
}

// Whatever is drawn without a device, its device has done before: settings and
// lengths are of the training's pairs, and as many of a device as in training.
func TestAssignKeepsHabits(t *testing.T) {
	segments, m := gatewayTimeline(t, gentest.Uplinks(40, 24*time.Hour, rand.NewPCG(2, 2)))
	random := rand.New(rand.NewPCG(3, 3))
	devices := m.Devices(1)
	for range 20 {
		for _, f := range segments {
			for _, p := range f.Packets {
				r := *p.Radio
				r.Address, r.SpreadingFactor, r.RSSI = 0, uint8(7+random.IntN(6)), r.RSSI+float32(2*random.NormFloat64())
				p.Radio, p.PayloadLength = &r, p.PayloadLength+int32(random.IntN(9))
				p.Length = p.HeaderLength + p.PayloadLength + macCode
				devices.Assign(&p, -1)
				at := slices.IndexFunc(m.Senders.List, func(s *sender) bool {
					return slices.ContainsFunc(s.Habits, func(h habit) bool { return h.habitKey == habitOf(&p) })
				})
				if at < 0 || r.Address == 0 || r.Gateway != gatewayAddress(0) {
					t.Fatalf("%+v in %d bytes: no device has this habit", r, p.Length)
				}
				own := m.Senders.List[deviceOf(m, r.Address)]
				if !slices.ContainsFunc(own.Habits, func(h habit) bool { return h.habitKey == habitOf(&p) }) {
					t.Fatalf("%+v in %d bytes: not a habit of its device", r, p.Length)
				}
			}
		}
	}
}

// deviceOf returns the place of the device of an address that was made up.
func deviceOf(m *Uplinks, of uint32) int {
	for i := range m.Senders.List {
		if address(int64(i)) == of {
			return i
		}
	}
	return -1
}

// A device that never stays on a channel does not, and one keeps the level that it has
// on each channel.
func TestChannels(t *testing.T) {
	_, m := gatewayTimeline(t, []*flow.Flow{beacon(800, rand.New(rand.NewPCG(1, 1)))})
	random := rand.New(rand.NewPCG(1, 1))
	s := m.Senders.List[0]
	last := s.Channels[0].Frequency
	for range 300 {
		now := s.frequency(1, last, random)
		if now == last || !slices.ContainsFunc(s.Channels, func(c channel) bool { return c.Frequency == now }) {
			t.Fatalf("%d Hz after %d Hz, on a device that uses %v", now, last, s.Channels)
		}
		last = now
	}
	if s.Uplinks = settled - 1; s.frequency(1, last, random) != 1 {
		t.Errorf("a device of %d uplinks does not use the frequency that was drawn", s.Uplinks)
	}
	for i, want := range []float64{-90, -100, -110} {
		if got := s.on(868_100_000 + 200_000*uint32(i)).RSSI.Mean; math.Abs(got-want) > 0.3 {
			t.Errorf("channel %d: mean RSSI %.2f dBm, want %g", i, got, want)
		}
	}
	if got := s.on(1); got != &s.Levels {
		t.Errorf("levels %v on a channel that was never used, want those of all", got)
	}
}

// A level comes back from its bin within the bin's width, on the grid; what rounding
// hides is spread over the step, wherever the device's mean is.
func TestLevels(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	var samples []noted
	for range 20000 {
		of := levelStats{Mean: -70 - 50*random.Float64(), Deviation: 2}
		samples = append(samples, noted{math.Round(of.Mean + 2*random.NormFloat64()), random.Float64(), of})
	}
	l, err := fitLevel("RSSI", samples)
	if err != nil {
		t.Fatal(err)
	}
	if l.Code.Len() != levelBins {
		t.Errorf("%d bins, want %d: no value of many devices is one of its own", l.Code.Len(), levelBins)
	}
	sum, squares := 0.0, 0.0
	of := levelStats{Mean: -88.4, Deviation: 2}
	for _, n := range samples {
		v := float64(l.value(l.code(n), random.Float64(), of))
		if v != math.Round(v) {
			t.Fatalf("%v is not on the grid", v)
		}
		sum, squares = sum+(v-of.Mean), squares+(v-of.Mean)*(v-of.Mean)
	}
	if mean, deviation := sum/float64(len(samples)), math.Sqrt(squares/float64(len(samples))); math.Abs(mean) > 0.1 || math.Abs(deviation-2) > 0.15 {
		t.Errorf("mean %.2f dB off and deviation %.2f dB, want 0 and 2", mean, deviation)
	}
	for _, v := range []float64{l.Known[0], l.Known[10], l.Known[len(l.Known)-1]} {
		for _, at := range []float64{0, 0.5, 0.999} {
			spread := l.spread(noted{value: v, inside: at})
			if got := float64(nearest(l.Known, spread)); math.Abs(got-v) > 1e-9 && at > 0 {
				t.Errorf("%v dBm, spread to %v, became %v", v, spread, got)
			}
		}
	}
}

// A device whose receiver skips a value keeps skipping it, and a level of a device that
// has sent enough comes back as the value that it was.
func TestLevelValues(t *testing.T) {
	of := levelStats{Mean: -80, Deviation: 2}.withValues(slices.Repeat([]float64{-81, -79, -79, -78}, 10))
	random := rand.New(rand.NewPCG(1, 1))
	counts := make(map[float64]int)
	for range 4000 {
		v := of.Values[random.IntN(3)]
		if score := of.score(v, random.Float64()); of.at(score) != v {
			t.Fatalf("%v dBm of score %.3f became %v", v, score, of.at(score))
		}
		counts[of.at(random.NormFloat64())]++
	}
	for v, want := range map[float64]int{-81: 1000, -80: 0, -79: 2000, -78: 1000} {
		if math.Abs(float64(counts[v]-want)) > 120 {
			t.Errorf("%v dBm %d times, want about %d", v, counts[v], want)
		}
	}
	if few := (levelStats{}).withValues([]float64{-81, -79}); few.Values != nil {
		t.Errorf("two uplinks make the list %v", few.Values)
	}
}

// A timeline's model is the same after it was written and read.
func TestTimelineJSON(t *testing.T) {
	_, m := gatewayTimeline(t, gentest.Uplinks(40, 24*time.Hour, rand.NewPCG(2, 2)))
	text, err := json.Marshal(Model{m})
	if err != nil {
		t.Fatal(err)
	}
	var again Model
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if a, b := m.Plans(generator.Request{Seed: 3})(), again.Plans(generator.Request{Seed: 3})(); !reflect.DeepEqual(a, b) {
		t.Errorf("the plan %v became %v", a, b)
	}
}
