package gmm

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"gonum.org/v1/gonum/mat"
)

// flows has n flows of 1 to 14 packets; packet i stands around (i, 0), the last
// around (i, 9).
func flows(n int) (*mat.Dense, []int) {
	r := rand.New(rand.NewPCG(3, 3))
	var rows []float64
	lengths := make([]int, n)
	for f := range lengths {
		lengths[f] = 1 + f%14
		for i := range lengths[f] {
			y := 0.0
			if i == lengths[f]-1 {
				y = 9
			}
			rows = append(rows, float64(i)+0.05*r.NormFloat64(), y+0.05*r.NormFloat64())
		}
	}
	return mat.NewDense(len(rows)/2, 2, rows), lengths
}

func TestByPosition(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		x, lengths := flows(280)
		cfg := DefaultPositionConfig()
		cfg.End.Components, cfg.Body.Components, cfg.Places = 2, 3, 3
		p, err := FitByPosition(context.Background(), b, x, lengths, cfg, rand.NewPCG(1, 1))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.LabelCount(); got != 6*2+3 {
			t.Errorf("%d labels, want 15", got)
		}
		first, last := p.Places()
		if want := [][]int{{0, 1}, {2, 3}, {4, 5}}; !reflect.DeepEqual(first, want) {
			t.Errorf("labels of the first places are %v, want %v", first, want)
		}
		if want := [][]int{{9, 10}, {11, 12}, {13, 14}}; !reflect.DeepEqual(last, want) {
			t.Errorf("labels of the last places are %v, want %v", last, want)
		}
		begin := 0
		for _, length := range lengths[:28] {
			labels, err := p.Labels(x.Slice(begin, begin+length, 0, 2))
			if err != nil {
				t.Fatal(err)
			}
			for i, label := range labels {
				var ok bool
				switch after := length - 1 - i; {
				case after < 3:
					ok = label/2 == (9+2*after)/2 || label == 10+2*after
				case i < 3:
					ok = label/2 == i
				default:
					ok = label >= 6 && label < 9
				}
				if !ok {
					t.Fatalf("flow of %d packets: packet %d has label %d", length, i, label)
				}
			}
			begin += length
		}
		// Last[0] is fitted on last packets alone.
		for range 50 {
			point, err := p.Sample(nil, 9, rand.NewPCG(5, 5))
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(point[1]-9) > 1 {
				t.Fatalf("label 9 gives the point %v, want y around 9", point)
			}
		}
		if _, err := p.Sample(nil, 15, rand.NewPCG(5, 5)); err == nil || !strings.Contains(err.Error(), "label 15") {
			t.Errorf("label 15 gives %v, want an error", err)
		}
	})
}

func TestByPositionOfShortFlows(t *testing.T) {
	x, lengths := flows(2) // one of 1 packet, one of 2
	p, err := FitByPosition(context.Background(), devicetest.Go(t), x, lengths, DefaultPositionConfig(), rand.NewPCG(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.First) != 2 || len(p.Last) != 2 || p.Body != nil {
		t.Errorf("%d first, %d last places, body %v; want 2, 2, none", len(p.First), len(p.Last), p.Body)
	}
	if labels, err := p.Labels(blobs(1, 9, 2, 1)); err != nil || len(labels) != 9 {
		t.Errorf("a flow longer than any in training gets labels %v, %v", labels, err)
	}
}

func TestByPositionRefuses(t *testing.T) {
	x, _ := flows(14)
	for _, test := range []struct {
		name    string
		lengths []int
		edit    func(c *PositionConfig)
		want    string
	}{
		{"too few", []int{3, 4}, nil, "flows of 7 packets in all for 105 rows"},
		{"empty flow", []int{105, 0}, nil, "flow 1 has 0 packets"},
		{"places", []int{105}, func(c *PositionConfig) { c.Places = -1 }, "places = -1"},
		{"config of a part", []int{105}, func(c *PositionConfig) { c.Body.Starts = 0 }, "body: gmm: starts = 0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := DefaultPositionConfig()
			if test.edit != nil {
				test.edit(&cfg)
			}
			if _, err := FitByPosition(context.Background(), devicetest.Go(t), x, test.lengths, cfg, rand.NewPCG(1, 1)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("FitByPosition gives %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestByPositionSaveLoad(t *testing.T) {
	x, lengths := flows(140)
	cfg := DefaultPositionConfig()
	cfg.End.Components, cfg.Body.Components = 1, 2
	p, err := FitByPosition(context.Background(), devicetest.Go(t), x, lengths, cfg, rand.NewPCG(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	var saved, again bytes.Buffer
	if err := p.Save(&saved); err != nil {
		t.Fatal(err)
	}
	text := saved.String()
	loaded, err := LoadByPosition(&saved, "positions.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := loaded.Save(&again); err != nil {
		t.Fatal(err)
	}
	if text != again.String() {
		t.Error("saved again, the file differs")
	}
	for _, damage := range [][2]string{{`"format":1,"first"`, `"format":3,"first"`}, {`"first":[{`, `"first":[null,{`}, {`"weights":[1]`, `"weights":[0]`}} {
		if _, err := LoadByPosition(strings.NewReader(strings.Replace(text, damage[0], damage[1], 1)), "positions.json"); err == nil || !strings.Contains(err.Error(), "positions.json") {
			t.Errorf("with %s: %v, want an error that names the file", damage[1], err)
		}
	}
}
