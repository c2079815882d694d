package gmm

import (
	"bytes"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

func TestSaveLoad(t *testing.T) {
	x := blobs(1, 500, 3, 4)
	for _, kind := range []Covariance{Full, Diagonal, Tied} {
		cfg := DefaultConfig()
		cfg.Covariance, cfg.MaxComponents, cfg.MaxIterations, cfg.Tolerance = kind, 3, 3, 0
		m := fitted(t, devicetest.Go(t), x, cfg)
		var saved, again bytes.Buffer
		if err := m.Save(&saved); err != nil {
			t.Fatal(err)
		}
		text := saved.String()
		loaded, err := Load(&saved, "gmm.json")
		if err != nil {
			t.Fatal(err)
		}
		if err := loaded.Save(&again); err != nil {
			t.Fatal(err)
		}
		if text != again.String() {
			t.Errorf("%s: saved again, the file differs:\n%s\n%s", kind, text, again.String())
		}
		if m.bic() != loaded.bic() || len(loaded.Warnings) != len(m.Warnings) {
			t.Errorf("%s: BIC %v and %d warnings, loaded %v and %d", kind, m.bic(), len(m.Warnings), loaded.bic(), len(loaded.Warnings))
		}
		a, _ := m.sampleRows(20, rand.NewPCG(1, 1))
		b, _ := loaded.sampleRows(20, rand.NewPCG(1, 1))
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: samples differ after loading", kind)
		}
	}
}

const savedModel = `{"format":1,"covariance":"full","weights":[0.5,0.5],"means":[[0,1],[2,3]],"covariances":[[[1,0.5],[0.5,1]],[[2,0],[0,2]]],"rows":10}`

func TestLoadRefuses(t *testing.T) {
	if _, err := Load(strings.NewReader(savedModel), "good.json"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, old, new, want string }{
		{"cut", `"rows":10}`, ``, "unexpected EOF"},
		{"other version", `"format":1`, `"format":9`, "format 9"},
		{"covariance type", `"full"`, `"oval"`, "full, diagonal or tied"},
		{"no weights", `"weights":[0.5,0.5]`, `"weights":[]`, "0 weights, 2 means"},
		{"missing mean", `[[0,1],[2,3]]`, `[[0,1]]`, "2 weights, 1 means"},
		{"negative weight", `[0.5,0.5],"means"`, `[0.5,-0.5],"means"`, "component 1: weight -0.5"},
		{"short mean", `[2,3]`, `[2]`, "component 1: mean of 1"},
		{"ragged covariance", `[0.5,1]`, `[0.5]`, "covariance row 1 has 1 values"},
		{"not positive definite", `[[2,0],[0,2]]`, `[[2,3],[3,2]]`, "component 1 is not positive definite"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(strings.NewReader(strings.Replace(savedModel, test.old, test.new, 1)), "gmm.json")
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "gmm.json") {
				t.Errorf("Load gives %v, want an error with gmm.json and %q", err, test.want)
			}
		})
	}
}

// Whatever Load takes can label and be sampled and saved.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(savedModel))
	f.Add([]byte(`{"format":1,"covariance":"tied","weights":[1],"means":[[0]],"covariances":[[[1]]]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Load(bytes.NewReader(data), "fuzz")
		if err != nil {
			return
		}
		m.Label(m.SampleComponent(nil, 0, rand.NewPCG(1, 1)))
		if err := m.Save(&bytes.Buffer{}); err != nil {
			t.Fatal(err)
		}
	})
}
