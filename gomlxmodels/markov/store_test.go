package markov

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestLoadRefuses(t *testing.T) {
	const good = `{"format":1,"order":1,"labels":[4],"histories":[{"h":[1],"n":[0],"c":[2]},{"h":[0],"n":[0,1],"c":[1,2]}]}`
	if _, err := Load(strings.NewReader(good), "good.json"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, old, new, want string }{
		{"cut", `]}]}`, ``, "unexpected EOF"},
		{"other version", `"format":1`, `"format":2`, "format 2"},
		{"order", `"order":1`, `"order":-1`, "order -1"},
		{"labels", `[4]`, `[4,4]`, "each larger"},
		{"no labels", `[4]`, `[]`, "at least one"},
		{"label beyond", `"h":[0]`, `"h":[2]`, "label index 2"},
		{"next beyond", `"n":[0]`, `"n":[7]`, "next index 7"},
		{"count", `"c":[2]`, `"c":[0]`, "count 0"},
		{"lengths", `"c":[2]`, `"c":[2,1]`, "2 counts"},
		{"long history", `"h":[0]`, `"h":[0,0]`, "at most 1"},
		{"no end", `"n":[0,1]`, `"n":[0,0]`, "no way from START to END"},
		{"no start", `"h":[1]`, `"h":[0]`, "no way from START to END"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(strings.NewReader(strings.Replace(good, test.old, test.new, 1)), "chain.json")
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "chain.json") {
				t.Errorf("Load gives %v, want an error with chain.json and %q", err, test.want)
			}
		})
	}
}

// Whatever Load takes can be sampled and saved.
func FuzzLoad(f *testing.F) {
	for order := range 3 {
		c, err := Fit(order, web(3, 5))
		if err != nil {
			f.Fatal(err)
		}
		var b bytes.Buffer
		if err := c.Save(&b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte(`{"format":1,"order":1,"labels":[4],"histories":[{"h":[1],"n":[0],"c":[2]},{"h":[0],"n":[0,1],"c":[1,2]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Load(bytes.NewReader(data), "fuzz")
		if err != nil {
			return
		}
		src := rand.NewPCG(1, 1)
		c.AppendSample(nil, src, 100)
		for _, length := range []int{1, 2, 17} {
			if s := c.AppendSampleLength(nil, src, length); len(s) != length {
				t.Fatalf("%d labels, want %d", len(s), length)
			}
		}
		if err := c.Save(&bytes.Buffer{}); err != nil {
			t.Fatal(err)
		}
	})
}
