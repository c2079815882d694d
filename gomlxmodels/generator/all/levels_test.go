package all_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	_ "github.com/necstgen/necstgen/gomlxmodels/generator/all"
	"github.com/necstgen/necstgen/gomlxmodels/generator/artifact"
	"github.com/necstgen/necstgen/gomlxmodels/generator/baseline"
	"github.com/necstgen/necstgen/gomlxmodels/generator/embedding"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
	"github.com/necstgen/necstgen/gomlxmodels/generator/paper"
	"github.com/necstgen/necstgen/gomlxmodels/generator/sampled"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// learned is a generator under test.
type learned struct {
	generator.Generator
	copies bool // the generator repeats training packets
}

// eachKind learns every kind of generator on the Go backend and runs the conformance
// suite, then test.
func eachKind(t *testing.T, s generator.Settings, flows []*flow.Flow, test func(t *testing.T, g learned)) {
	b := devicetest.Go(t)
	for _, k := range generator.Kinds() {
		t.Run(k.Name, func(t *testing.T) {
			if k.Device && testing.Short() {
				t.Skip("skipped in short mode: trains on the Go backend")
			}
			l := gentest.Learn(t, b, k.Name, s, flows)
			gentest.Test(t, l)
			test(t, learned{l.Load(t), k.Name == baseline.BootstrapName})
		})
	}
}

func TestGenerators(t *testing.T) {
	eachKind(t, gentest.Small(), gentest.Flows(80, rand.NewPCG(1, 1)), func(*testing.T, learned) {})
}

func flowsOf(t *testing.T, g generator.Generator, r generator.Request) []*flow.Flow {
	t.Helper()
	var flows []*flow.Flow
	for f, err := range g.Flows(context.Background(), r) {
		if err != nil {
			t.Fatal(err)
		}
		flows = append(flows, f)
	}
	return flows
}

// report fails the test for the first problems, which are like the others.
func report(t *testing.T, problems []error) {
	t.Helper()
	for i, problem := range problems {
		if i == 5 {
			t.Errorf("and %d more", len(problems)-i)
			return
		}
		t.Error(problem)
	}
}

const later = int64(1_800_000_000_000_000_000)

// Devices of a LoRaWAN gateway, each a flow: in an hour most last for much of it.
func TestUplinks(t *testing.T) {
	for _, over := range []time.Duration{time.Hour, 24 * time.Hour} {
		t.Run(over.String(), func(t *testing.T) {
			flows := gentest.Uplinks(60, over, rand.NewPCG(2, 2))
			eachKind(t, gentest.Small(), flows, func(t *testing.T, g learned) {
				made := flowsOf(t, g, generator.Request{Flows: 50, Seed: 4, Start: later})
				report(t, gentest.CheckUplinks(flows, made, g.copies, true))
				if level, ok := g.Generator.(generator.PacketLevel); ok {
					testPacketLevel(t, level)
				}
			})
		})
	}
}

// What a LoRaWAN gateway hears, without flows.
func TestUplinkTimeline(t *testing.T) {
	segments, err := timeline.Segments(gentest.Uplinks(60, 24*time.Hour, rand.NewPCG(2, 2)), 16)
	if err != nil {
		t.Fatal(err)
	}
	s := gentest.Small()
	s.NoFlow = true
	eachKind(t, s, segments, func(t *testing.T, g learned) {
		made := flowsOf(t, g, generator.Request{Flows: 50, Seed: 4, Start: later})
		report(t, gentest.CheckUplinks(segments, made, g.copies, false))
		report(t, gentest.CheckTimeline(made))
		devices := make(map[string]bool)
		for _, f := range made {
			for i := range f.Packets {
				devices[f.Packets[i].Radio.Device()] = true
			}
		}
		if len(devices) < 8 {
			t.Errorf("%d devices among 800 uplinks, want at least 8 of the training's 60", len(devices))
		}
	})
}

// One timeline of TCP packets, without flows: bounded by segments and by time, and
// at other rates.
func TestTimeline(t *testing.T) {
	segments, err := timeline.Segments(gentest.Flows(60, rand.NewPCG(1, 1)), 16)
	if err != nil {
		t.Fatal(err)
	}
	s := gentest.Small()
	s.NoFlow = true
	eachKind(t, s, segments, func(t *testing.T, g learned) {
		request := generator.Request{Flows: 60, Seed: 4, Start: later}
		made := flowsOf(t, g, request)
		report(t, gentest.CheckTimeline(made))
		span := func(flows []*flow.Flow) time.Duration {
			last := flows[len(flows)-1].Packets
			return time.Duration(last[len(last)-1].Time - later)
		}
		request.RateFactor = 4
		if fast, slow := span(flowsOf(t, g, request)), span(made); math.Abs(4*float64(fast)-float64(slow)) > 1e-3*float64(slow) {
			t.Errorf("at four times the rate the same packets take %v, at the training's %v", fast, slow)
		}
		bounded := generator.Request{Duration: span(made) / 3, Seed: 5, Start: later}
		cut := flowsOf(t, g, bounded)
		if took := span(cut); took > bounded.Duration || took < bounded.Duration/2 {
			t.Errorf("a request for %v of packets got %v", bounded.Duration, took)
		}
	})
}

// testPacketLevel checks the laws of packets drawn from labels.
func testPacketLevel(t *testing.T, level generator.PacketLevel) {
	t.Helper()
	src := rand.NewPCG(7, 7)
	chain, err := level.ChainLabels(300, src)
	if err != nil {
		t.Fatal(err)
	}
	for name, labels := range map[string][]int{"observed": level.ObservedLabels(), "chain": chain, "by hand": {0, level.LabelCount() - 1, 0}} {
		made, err := level.Packets(labels, later, src)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		rows, columns := made.Rows.Dims()
		if rows != len(labels) || columns != len(made.Columns) || len(made.Packets) != rows {
			t.Fatalf("%s: [%d, %d] rows and %d packets of %d labels and %d columns", name, rows, columns, len(made.Packets), len(labels), len(made.Columns))
		}
		last := later
		for i := range made.Packets {
			p := &made.Packets[i]
			if p.Time < last || p.Length < p.HeaderLength+p.PayloadLength || p.HeaderLength < 0 || p.PayloadLength < 0 {
				t.Errorf("%s: packet %d at %d after %d: %d bytes with header %d and payload %d", name, i, p.Time, last, p.Length, p.HeaderLength, p.PayloadLength)
			}
			last = p.Time
			for j, column := range made.Columns {
				if column == "length_total" && made.Rows.At(i, j) != float64(p.Length) {
					t.Errorf("%s: packet %d: length %d, its row has %v", name, i, p.Length, made.Rows.At(i, j))
				}
			}
		}
	}
	if len(chain) != 300 {
		t.Errorf("%d labels of the chain, want 300", len(chain))
	}
	if _, err := level.Packets([]int{0, level.LabelCount()}, later, src); err == nil || !strings.Contains(err.Error(), "want 0 to") {
		t.Errorf("an unknown label gave %v, want an error with the range", err)
	}
	if _, err := level.Packets(nil, later, src); err == nil {
		t.Error("no labels gave no error")
	}
	if _, err := level.ChainLabels(0, src); err == nil {
		t.Error("no labels were drawn from the chain")
	}
}

// Points come from the component that the label names, whatever stands beside it.
func TestPacketLevelFollowsLabels(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: trains on the Go backend")
	}
	l := gentest.Learn(t, devicetest.Go(t), paper.Name, gentest.Small(), gentest.Flows(60, rand.NewPCG(1, 1)))
	level := l.Load(t).(generator.PacketLevel)
	testPacketLevel(t, level)
	var latent struct {
		Points, Means [][]float64
		Covariances   [][][]float64
	}
	if err := artifact.ReadJSON(l.Path, embedding.SampleName, &latent); err != nil {
		t.Fatal(err)
	}
	if len(latent.Means) != level.LabelCount() || len(latent.Points) == 0 {
		t.Fatalf("a latent sample of %d means and %d points for %d labels", len(latent.Means), len(latent.Points), level.LabelCount())
	}
	for label, mean := range latent.Means {
		labels := make([]int, 2000)
		for i := range labels {
			labels[i] = label
		}
		made, err := level.Packets(labels, 0, rand.NewPCG(9, uint64(label)))
		if err != nil {
			t.Fatal(err)
		}
		for j, want := range mean {
			sum := 0.0
			for i := range labels {
				sum += made.Points.At(i, j)
			}
			deviation := math.Sqrt(latent.Covariances[label][j][j])
			if got := sum / float64(len(labels)); math.Abs(got-want) > 5*deviation/math.Sqrt(float64(len(labels)))+1e-9 {
				t.Errorf("label %d: mean of coordinate %d is %v, want %v", label, j, got, want)
			}
		}
	}
}

// The paper's generator keeps to a request's duration and rate.
func TestPaperRequest(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: trains on the Go backend")
	}
	g := gentest.Learn(t, devicetest.Go(t), paper.Name, gentest.Small(), gentest.Flows(60, rand.NewPCG(1, 1))).Load(t)
	all := flowsOf(t, g, generator.Request{Flows: 400, Seed: 4, Start: later})
	span := time.Duration(all[len(all)-1].Start() - later)
	for _, factor := range []float64{1, 2} {
		made := flowsOf(t, g, generator.Request{Duration: span, RateFactor: factor, Seed: 4, Start: later})
		if want := 400 * factor; math.Abs(float64(len(made))-want) > want/4 {
			t.Errorf("rate factor %v: %d flows in %v, want about %v", factor, len(made), span, want)
		}
		if last := time.Duration(made[len(made)-1].Start() - later); last > span {
			t.Errorf("rate factor %v: the last flow starts after %v, want %v at most", factor, last, span)
		}
	}
}

// A downlink that the gateway heard of another does no harm among uplinks.
func TestStrayDownlink(t *testing.T) {
	uplinks := gentest.Uplinks(40, 24*time.Hour, rand.NewPCG(2, 2))
	stray := &flow.Flow{Application: flow.LoRaWAN, Packets: []flow.Packet{{Time: uplinks[3].Start(), Length: 12, HeaderLength: 9, Application: flow.LoRaWAN}}}
	mixed := slices.Insert(slices.Clone(uplinks), 4, stray)
	for i, f := range mixed {
		f.ID = int64(i)
		for j := range f.Packets {
			f.Packets[j].FlowID = f.ID
		}
	}
	segments, err := timeline.Segments(mixed, 16)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range segments {
		for j := range f.Packets {
			if f.Packets[j].Radio == nil {
				t.Errorf("segment %d, packet %d: no radio fields", i, j)
			}
		}
	}
	if testing.Short() {
		t.Skip("skipped in short mode: trains on the Go backend")
	}
	l := gentest.Learn(t, devicetest.Go(t), paper.Name, gentest.Small(), gentest.Before(mixed))
	if text := fmt.Sprint(l.Warnings); !strings.Contains(text, "1 flows among LoRaWAN uplinks") {
		t.Errorf("warnings %s, want one of the flow that is left out", text)
	}
}

func TestLearnRefuses(t *testing.T) {
	uplinks, connections := gentest.Uplinks(30, 24*time.Hour, rand.NewPCG(2, 2)), gentest.Flows(30, rand.NewPCG(1, 1))
	both := slices.Concat(uplinks[:15:15], connections)
	for i, f := range both {
		f.ID = int64(i)
		for j := range f.Packets {
			f.Packets[j].FlowID = f.ID
		}
	}
	lora := gentest.Small()
	lora.Features.Variant = feature.LoRaWAN
	for _, row := range []struct {
		name, kind, want string
		settings         generator.Settings
		flows            []*flow.Flow
	}{
		{"both", sampled.Name, "want one kind", gentest.Small(), both},
		{"packets as uplinks", sampled.Name, "no LoRaWAN uplinks", lora, connections},
		{"few flows", sampled.Name, "want at least 6", gentest.Small(), connections[:5]},
		{"few flows", baseline.MarkovName, "want at least 6", gentest.Small(), connections[:5]},
	} {
		_, err := gentest.TryLearn(t, devicetest.Go(t), row.kind, row.settings, row.flows)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want an error with %q", row.name, err, row.want)
		}
	}
}

// Six flows are learnt, with a warning.
func TestFewFlows(t *testing.T) {
	dense := gentest.Flows(generator.MinFlows, rand.NewPCG(1, 1))
	segments, err := timeline.Segments(gentest.Flows(20, rand.NewPCG(1, 1)), 12)
	if err != nil {
		t.Fatal(err)
	}
	s := gentest.Small()
	s.GMM.Components, s.LSTM.ValidationShare, s.LSTM.GapBins, s.LSTM.LengthBins = generator.BIC, 0.1, 96, 64
	timed := s
	timed.NoFlow = true
	for _, row := range []struct {
		name     string
		settings generator.Settings
		flows    []*flow.Flow
	}{
		{"connections", s, dense},
		{"uplinks", s, gentest.Uplinks(generator.MinFlows, 24*time.Hour, rand.NewPCG(2, 2))},
		{"timeline", timed, segments[:generator.MinFlows:generator.MinFlows]},
		{"equal flows", s, equalFlows()},
	} {
		for _, k := range generator.Kinds() {
			t.Run(row.name+"/"+k.Name, func(t *testing.T) {
				if k.Device && testing.Short() {
					t.Skip("skipped in short mode: trains on the Go backend")
				}
				l := gentest.Learn(t, devicetest.Go(t), k.Name, row.settings, row.flows)
				r := generator.Request{Flows: 30, Seed: 1, Start: later}
				report(t, gentest.Check(flowsOf(t, l.Load(t), r), r))
				if text := fmt.Sprint(l.Warnings); len(k.Keys) > 0 && !strings.Contains(text, "only 6 flows") {
					t.Errorf("warnings %s, want one of the few flows", text)
				}
			})
		}
	}
}

// equalFlows are as few flows as are learnt, each one packet, all alike.
func equalFlows() []*flow.Flow {
	flows := make([]*flow.Flow, generator.MinFlows)
	for i := range flows {
		tuple := flow.FiveTuple{Proto: flow.UDP}
		flows[i] = &flow.Flow{ID: int64(i), Tuple: tuple, Application: flow.DNS, Packets: []flow.Packet{
			{Time: int64(i) * 1e9, FlowID: int64(i), Length: 100, Captured: 100, HeaderLength: 42, PayloadLength: 58, Tuple: tuple, Application: flow.DNS}}}
	}
	return gentest.Before(flows)
}

// Keys says what the stages' parameters hold: a key changes them if and only if the
// kind names it.
func TestKeys(t *testing.T) {
	for _, k := range generator.Kinds() {
		t.Run(k.Name, func(t *testing.T) {
			params := func(s generator.Settings) string {
				var all []any
				for _, one := range k.Stages(s) {
					all = append(all, one.Name, one.Params)
				}
				text, err := json.Marshal(all)
				if err != nil {
					t.Fatal(err)
				}
				return string(text)
			}
			base := params(generator.DefaultSettings())
			tables := reflect.TypeFor[generator.Settings]()
			for i := range tables.NumField() {
				table := tables.Field(i)
				if table.Tag.Get("toml") == "-" {
					continue
				}
				for j := range table.Type.NumField() {
					key := table.Tag.Get("toml") + "." + table.Type.Field(j).Tag.Get("toml")
					s := generator.DefaultSettings()
					change(t, key, reflect.ValueOf(&s).Elem().Field(i).Field(j))
					if changed := params(s) != base; changed != k.Uses(key) {
						t.Errorf("%s: changes the parameters: %v, is one of Keys: %v", key, changed, k.Uses(key))
					}
				}
			}
		})
	}
}

// change gives a setting another value.
func change(t *testing.T, key string, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Int:
		v.SetInt(v.Int() + 1)
	case reflect.Float64:
		v.SetFloat(v.Float() / 2)
		if v.Float() == 0 {
			v.SetFloat(0.5)
		}
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Slice:
		v.Set(reflect.ValueOf([]int{5}))
	case reflect.String:
		v.SetString(map[string]string{"features.variant": string(feature.LoRaWAN), "gmm.covariance": string(generator.Diagonal), "lstm.cell": string(generator.LongCell)}[key])
	default:
		t.Fatalf("%s is a %v: say here how it is changed", key, v.Kind())
	}
}

// Each kind has a graph, with and without flows, and no artifact outside the folder
// of models but the picture of the latent space.
func TestStages(t *testing.T) {
	for _, k := range generator.Kinds() {
		for _, noFlow := range []bool{false, true} {
			s := generator.DefaultSettings()
			s.NoFlow = noFlow
			graph, err := stage.NewGraph(k.Stages(s), generator.TrainingName, generator.TrafficName)
			if err != nil {
				t.Fatalf("%s: %v", k.Name, err)
			}
			for _, one := range graph.Stages {
				for _, out := range one.Outs {
					if !strings.HasPrefix(out, "model/") && out != embedding.SampleName {
						t.Errorf("%s: stage %s makes %s, want it below model/", k.Name, one.Name, out)
					}
				}
			}
		}
	}
}
