package generator_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
)

func TestTraffic(t *testing.T) {
	flows := gentest.Flows(50, rand.NewPCG(1, 1))
	got := generator.TrafficOf(flows)
	span := time.Duration(flows[49].Start() - flows[0].Start()).Seconds()
	if got.Flows != 50 || got.Protocol != flow.TCP || math.Abs(got.Rate()-49/span) > 1e-9 || got.End < got.Last || got.Start != flows[0].Start() {
		t.Errorf("%+v, rate %g, want %g", got, got.Rate(), 49/span)
	}
	none := generator.Traffic{}
	if r := none.Rate(); math.IsNaN(r) || math.IsInf(r, 0) || r <= 0 {
		t.Errorf("rate of nothing: %g", r)
	}
}
