package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

const settingsFile = `[defaults]
seed = 7
lstm.units = 32

[experiment.a]
vae = { epochs = 3, hidden = [4] }
data.path = ["a b.pcap", "c\"\\.pcap"]
about = "\u007f\u0001"
lstm.units = 64

[experiment.b]
extends = "a"
gmm.components = 5
generate.addresses = ["10.0.0.0/8"]
generate.start = 2026-01-31T12:00:00Z
`

// What Settings prints as TOML is read as the same experiment.
func TestSettingsAreAFile(t *testing.T) {
	file, err := read(t, settingsFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, overrides := range [][]string{nil, {"seed=9", "vae.beta=1e-9", "data.to=+10m", "data.idle_timeout=90s", "generate.follow=+1s.."}, {"data.path=", "vae.hidden=3,2", "about=<&>"}} {
		want, settings, err := file.Settings("b", overrides...)
		if err != nil {
			t.Fatal(err)
		}
		text := "[experiment.b]\n"
		for _, s := range settings {
			text += s.TOML() + " # " + s.From + "\n"
		}
		again, err := read(t, text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if got, err := again.Experiment("b"); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v\n%+v\n%+v", err, got, want)
		}
	}
}

func TestSettingsOrigins(t *testing.T) {
	file, err := read(t, settingsFile)
	if err != nil {
		t.Fatal(err)
	}
	_, settings, err := file.Settings("b", " vae.epochs =4", "gmm.tolerance=0.001")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"seed": "7 from e.toml:2 [defaults]", "lstm.units": "64 from e.toml:9 [experiment.a]", "vae.hidden": "[4] from e.toml:6 [experiment.a]",
		"gmm.components": "5 from e.toml:13 [experiment.b]", "vae.epochs": "4 from command line", "gmm.tolerance": "0.001 from command line",
		"lstm.batch": "32 from default", "data.name": "testbed from default",
	}
	for _, s := range settings {
		got := fmt.Sprintf("%v from %s", s.Value, s.From)
		if w, ok := want[s.Key]; ok && got != w {
			t.Errorf("%s: %s, want %s", s.Key, got, w)
		}
		delete(want, s.Key)
	}
	if len(want) > 0 || len(settings) != len(Keys()) {
		t.Errorf("%d of %d keys, without %v", len(settings), len(Keys()), want)
	}
	for _, test := range []struct{ name, override, want string }{
		{"c", "seed=1", `e.toml: unknown experiment "c"`},
		{"b", "sed=1", `override "sed=1": unknown key "sed"; did you mean "seed"?`},
		{"b", "seed=x", `seed: "x": want a whole number of at least 0`},
		{"b", "data.port=3", `data.port: 3: is of LoRaWAN only`},
	} {
		if _, _, err := file.Settings(test.name, test.override); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%v, want %s", err, test.want)
		}
	}
}
