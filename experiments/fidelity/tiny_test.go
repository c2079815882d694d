package fidelity

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// odd makes flows of what a byte stream says: any protocol, lengths from 0, clocks that step
// back or jump, missing addresses and ports, uplinks among datagrams. An exhausted stream
// reads as zeros.
func odd(stream []byte) []*flow.Flow {
	next := func() byte {
		if len(stream) == 0 {
			return 0
		}
		b := stream[0]
		stream = stream[1:]
		return b
	}
	var flows []*flow.Flow
	now := int64(next()) * 1e15
	for range next() % 24 {
		kind := next()
		f := &flow.Flow{ID: int64(len(flows)), Application: flow.Application(kind >> 6), Tuple: flow.FiveTuple{Proto: []uint8{flow.TCP, flow.UDP, 1, 0}[kind&3]}}
		if kind&4 != 0 {
			f.Tuple.Src = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, next() % 3}), uint16(next())<<4)
			f.Tuple.Dst = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, 1}), uint16(next()))
		}
		for range 1 + next()%12 {
			what := next()
			now += int64(int8(next())) * []int64{0, 1, 1e6, 1e12}[what&3]
			p := flow.Packet{Time: now, Direction: flow.Direction(what >> 2 & 1), Length: int32(next()) * 7, Tuple: f.Tuple, FlowID: f.ID}
			p.HeaderLength = min(p.Length, int32(what>>3)*4)
			p.PayloadLength = p.Length - p.HeaderLength
			if f.Tuple.Proto == flow.TCP {
				p.Flags, p.Window, p.TTL = flow.TCPFlags(next()), uint16(next())<<8, next()
			}
			if kind&0x28 == 0x28 {
				p.Radio = &flow.Radio{Address: uint32(next() % 3), SpreadingFactor: 7 + next()%6, SNR: float32(int8(next())), Counter: uint32(what)}
			}
			f.Packets = append(f.Packets, p)
		}
		flows = append(flows, f)
	}
	return flows
}

// tinyConfig lets a few flows be scored.
func tinyConfig(cfg Config) Config {
	cfg.MinFlows, cfg.Trees, cfg.FloorSplits, cfg.Folds = 4, 2, 2, 2
	return cfg
}

// checkWhole scores small samples, and holds every score to be whole.
func checkWhole(t *testing.T, cfg Config, split Split, synthetic []*flow.Flow) {
	t.Helper()
	scores, err := Compare(tinyConfig(cfg), split, synthetic, map[string][]*flow.Flow{"bootstrap": split.Training}, rand.NewPCG(1, 2))
	if (err != nil) != (len(split.HeldOut) == 0 || len(synthetic) == 0) {
		t.Fatalf("%d held-out and %d synthetic flows: %v", len(split.HeldOut), len(synthetic), err)
	}
	whole(t, scores)
}

// whole holds every score to have a finite value, or a reason why it has none.
func whole(t *testing.T, scores []Score) {
	t.Helper()
	for _, s := range scores {
		for what, v := range map[string]*float64{"value": s.Value, "floor": s.Floor, "spread": s.FloorSpread, "baseline": s.Baselines["bootstrap"]} {
			if v != nil && (math.IsNaN(*v) || math.IsInf(*v, 0)) {
				t.Errorf("%s/%s: %s %v", s.Level, s.Score, what, *v)
			}
		}
		if s.Value == nil && s.Note == "" {
			t.Errorf("%s/%s: neither a value nor a reason", s.Level, s.Score)
		}
	}
	if _, err := json.Marshal(scores); err != nil {
		t.Error(err)
	}
}

// random is a stream for odd.
func random(rng *rand.Rand, n int) []byte {
	var b []byte
	for range n {
		b = binary.LittleEndian.AppendUint64(b, rng.Uint64())
	}
	return b
}

// TestTinySamples: whatever a few flows are, no score is NaN or stops another.
func TestTinySamples(t *testing.T) {
	rounds := 150
	if testing.Short() {
		rounds = 30
	}
	for seed := range uint64(rounds) {
		rng := rand.New(rand.NewPCG(seed, 5))
		real, synthetic := odd(random(rng, 250)), odd(random(rng, 250))
		cut := rng.IntN(len(real) + 1)
		cfg := Config{NoFlow: rng.IntN(5) == 0, Lacks: Lacks(rng.IntN(4) * rng.IntN(8)), Followed: rng.IntN(2) == 0}
		for _, flows := range [][]*flow.Flow{real, synthetic} {
			cfg.Lacks.Remove(flows)
			if rng.IntN(2) == 0 {
				for _, f := range flows {
					f.Application = flow.HTTP
				}
			}
		}
		checkWhole(t, cfg, Split{real[:cut], real[cut:]}, synthetic)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// TestTinyTables: the same of tables of flows.
func TestTinyTables(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 6))
		var sides [2][]flow.TableRow
		for side := range sides {
			unit := []int64{0, 1, 1e9, 1e15}[rng.IntN(4)]
			for i := range 1 + rng.IntN(60) {
				sides[side] = append(sides[side], flow.TableRow{ID: int64(i), Packets: rng.Int64N(3), Length: rng.Int64N(1 + rng.Int64N(3)), Start: rng.Int64N(9) * unit})
			}
		}
		scores, err := CompareTables(tinyConfig(Config{Lacks: Lacks(rng.IntN(2)) * NoStarts}), "HTTP", sides[0], sides[1], rand.NewPCG(1, 2))
		if err != nil {
			t.Fatal(err)
		}
		if whole(t, scores); t.Failed() {
			t.Fatalf("seed %d: %v", seed, sides)
		}
	}
}

// TestOddPairs: sides that have nothing in common, or nothing that varies.
func TestOddPairs(t *testing.T) {
	with := func(n int, seed uint64, change func(i int, f *flow.Flow)) []*flow.Flow {
		flows := simulate(n, seed, web)
		for i, f := range flows {
			change(i, f)
		}
		return flows
	}
	plain := func(int, *flow.Flow) {}
	for name, change := range map[string]func(i int, f *flow.Flow){
		"as real": plain,
		"another protocol": func(_ int, f *flow.Flow) {
			f.Tuple = flow.FiveTuple{Proto: 1}
			for i := range f.Packets {
				f.Packets[i].Flags = 0
			}
		},
		"a clock 50 years ahead": func(_ int, f *flow.Flow) {
			for i := range f.Packets {
				f.Packets[i].Time += 50 * 365 * 86400e9
			}
		},
		"all at one time": func(_ int, f *flow.Flow) {
			for i := range f.Packets {
				f.Packets[i].Time = 1e18
			}
		},
		"a clock that runs backwards": func(_ int, f *flow.Flow) {
			for i := range f.Packets {
				f.Packets[i].Time = 2e18 - f.Packets[i].Time
			}
		},
		"no bytes": func(_ int, f *flow.Flow) {
			for i := range f.Packets {
				p := &f.Packets[i]
				p.Length, p.HeaderLength, p.PayloadLength = 0, 0, 0
			}
		},
		"flows of one packet": func(_ int, f *flow.Flow) { f.Packets = f.Packets[:1] },
		"one flow again and again": func(_ int, f *flow.Flow) {
			start := f.Start()
			f.Packets = append(f.Packets[:0:0], simulate(1, 1, web)[0].Packets...)
			for i, first := 0, f.Packets[0].Time; i < len(f.Packets); i++ {
				f.Packets[i].Time += start - first
			}
		},
		"uplinks": func(i int, f *flow.Flow) {
			f.Tuple, f.Application = flow.FiveTuple{}, flow.LoRaWAN
			for k := range f.Packets {
				f.Packets[k].Radio = &flow.Radio{Address: uint32(i % 4), SpreadingFactor: 7, Counter: uint32(i)}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			checkWhole(t, Config{}, Split{simulate(30, 1, web), simulate(30, 2, web)}, with(30, 3, change))
			checkWhole(t, Config{}, Split{with(30, 1, change), with(30, 2, change)}, simulate(30, 3, web))
			checkWhole(t, Config{}, Split{with(30, 1, change), with(30, 2, change)}, with(30, 3, change))
		})
	}
}

func FuzzCompare(f *testing.F) {
	rng := rand.New(rand.NewPCG(1, 5))
	f.Add(random(rng, 100), random(rng, 100), random(rng, 100))
	f.Add([]byte{}, []byte{1, 30}, []byte{1, 40, 4})
	f.Fuzz(func(t *testing.T, training, held, synthetic []byte) {
		checkWhole(t, Config{}, Split{odd(training), odd(held)}, odd(synthetic))
	})
}
