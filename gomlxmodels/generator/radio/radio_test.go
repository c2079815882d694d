package radio

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
)

// Decode undoes Encode for every uplink, but for what is drawn inside a bin.
func TestDecodeUndoesEncode(t *testing.T) {
	flows := gentest.Uplinks(40, 24*time.Hour, rand.NewPCG(2, 2))
	m, err := Fit(flows, false)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 1))
	codes := make([]int32, len(m.Heads()))
	for _, f := range flows {
		taught, drawn := m.Begin(f), m.Begin(f)
		for i := range f.Packets {
			m.Encode(codes, f, i, &taught)
			p := f.Packets[i]
			want := *p.Radio
			p.Radio, p.Length = nil, p.HeaderLength+p.PayloadLength
			m.Decode(&p, codes, &drawn, f.ID, random)
			got := p.Radio
			if got.SpreadingFactor != want.SpreadingFactor || got.Frequency != want.Frequency || got.Port != want.Port || p.Length != f.Packets[i].Length {
				t.Fatalf("flow %d, packet %d: %+v in %d bytes became %+v in %d bytes", f.ID, i, want, f.Packets[i].Length, *got, p.Length)
			}
			taught.Add(f.Packets[i].Radio)
			drawn.Add(got)
		}
	}
}

// A model is the same after it was written and read, and null where there are no
// radio fields.
func TestModelJSON(t *testing.T) {
	flows := gentest.Uplinks(40, 24*time.Hour, rand.NewPCG(2, 2))
	m, err := Fit(flows, false)
	if err != nil {
		t.Fatal(err)
	}
	latents := make([][]float32, len(flows))
	for i := range latents {
		latents[i] = []float32{float32(len(flows[i].Packets))}
	}
	if err := m.AppendProfiles(context.Background(), flows, latents, 1); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var again Model
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if a, b := m.Profiles(3)([]float32{1}), again.Profiles(3)([]float32{1}); !reflect.DeepEqual(a, b) || len(a) != 1+profileWidth {
		t.Errorf("the profile %v became %v", a, b)
	}
	none, err := json.Marshal(Model{None{}})
	if err != nil || string(none) != "null" {
		t.Errorf("no radio fields are written as %s, %v", none, err)
	}
	if err := json.Unmarshal(none, &again); err != nil || again.Fields != (None{}) {
		t.Errorf("null became %T, %v", again.Fields, err)
	}
	for _, text := range []string{`{}`, `{"settings":null}`, `[]`} {
		if err := json.Unmarshal([]byte(text), &again); err == nil {
			t.Errorf("%s was read", text)
		}
	}
}

// Settings have a key of their own.
func TestSettingsKey(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		s := settings{factor: uint8(5 + random.IntN(8)), band: uint16(125 << random.IntN(3)), codeRate: uint8(random.IntN(9)), crc: int8(random.IntN(3) - 1),
			port: int16(random.IntN(256)) + flow.NoPort + 1, mtype: uint8(random.IntN(8)), slack: int32(random.IntN(maxSlack + 1))}
		if back := splitSettings(s.key()); back != s {
			t.Fatalf("%+v became %+v", s, back)
		}
	}
}
