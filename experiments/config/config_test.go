package config

import (
	"encoding"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/payload"
	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	_ "github.com/necstgen/necstgen/gomlxmodels/generator/all" // whose names a generator may have
)

func read(t *testing.T, text string) (*File, error) {
	t.Helper()
	return Read(strings.NewReader(text), "e.toml")
}

func TestDefaultIsValid(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
}

// The tags are read with reflection: a field without them would be lost in silence.
func TestTags(t *testing.T) {
	var walk func(prefix string, typ reflect.Type)
	walk = func(prefix string, typ reflect.Type) {
		for i := range typ.NumField() {
			f := typ.Field(i)
			key := f.Tag.Get("toml")
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if key == "" || key != name || strings.ToLower(key) != key {
				t.Errorf("%s%s: toml %q, json %q: want the same word in both", prefix, f.Name, key, name)
			}
			switch f.Type.Kind() {
			case reflect.Struct:
				if !reflect.PointerTo(f.Type).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
					walk(key+".", f.Type)
				}
			case reflect.Int, reflect.Int64, reflect.Uint64, reflect.Float64, reflect.Slice:
				limit := f.Tag.Get("range")
				if limit == "" && f.Type != reflect.TypeFor[generator.Components]() && f.Type != reflect.TypeFor[[]netip.Prefix]() && f.Type != reflect.TypeFor[Paths]() && f.Type != reflect.TypeFor[flow.Applications]() && f.Type != reflect.TypeFor[tcp.Losses]() {
					t.Errorf("%s%s: a number without a range", prefix, key)
				} else if limit != "" && parseInterval(limit).lowText == "" {
					t.Errorf("%s%s: range %q has no lower end", prefix, key, limit)
				}
			}
		}
	}
	walk("", reflect.TypeFor[Experiment]())
}

func TestEveryKeyIsDescribed(t *testing.T) {
	for _, k := range Describe() {
		if k.Meaning == "" || strings.Contains(k.Meaning, "default") {
			t.Errorf("%s: its field has no comment", k.Name)
		}
		if k.Allowed == "" || strings.Contains(k.Allowed, "want") {
			t.Errorf("%s: allowed %q", k.Name, k.Allowed)
		}
	}
}

// Setting a key to the text of its own value changes nothing, whatever its type.
func TestTextRoundTrip(t *testing.T) {
	want := Default()
	want.Generate.Start = time.Date(2026, 1, 31, 12, 0, 0, 500, time.UTC)
	if err := want.Data.From.UnmarshalText([]byte("+1m30s")); err != nil {
		t.Fatal(err)
	}
	for _, paths := range []Paths{{"a b=c.pcap"}, {"a,b.pcap"}, {"a.pcap", "week[12]/b,c.pcap"}, nil} {
		want.Data.Path = paths
		checkTextRoundTrip(t, want)
	}
}

func checkTextRoundTrip(t *testing.T, want Experiment) {
	t.Helper()
	for _, f := range fields(&want) {
		text := f.text()
		got, err := want.Override(f.key + "=" + text)
		if err != nil {
			t.Errorf("%s=%s: %v", f.key, text, err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s=%s changes the experiment", f.key, text)
		}
	}
}

func TestJSONRoundTrip(t *testing.T) {
	want := Default()
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Experiment
	if err := json.Unmarshal(data, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n%+v\n%+v", err, got, want)
	}
}

// Where data lie is a path or a list of paths, in a file and as an override.
func TestPaths(t *testing.T) {
	for _, test := range []struct {
		toml string // "": an override alone
		text string
		want Paths
	}{
		{`"my.pcap"`, "my.pcap", Paths{"my.pcap"}},
		{`["a.pcap", "b.pcap"]`, "[a.pcap, b.pcap]", Paths{"a.pcap", "b.pcap"}},
		{`["a, b.pcap", "c.pcap"]`, `["a, b.pcap", "c.pcap"]`, Paths{"a, b.pcap", "c.pcap"}},
		{`["one.pcap"]`, "[one.pcap]", Paths{"one.pcap"}},
		{`"week[13]/*.pcap"`, "week[13]/*.pcap", Paths{"week[13]/*.pcap"}},
		{`[]`, "", nil},
	} {
		file, err := Read(strings.NewReader("[experiment.x]\ndata.path = "+test.toml+"\n"), "f.toml")
		if err != nil {
			t.Errorf("%s: %v", test.toml, err)
			continue
		}
		e, err := file.Experiment("x")
		if err != nil || !slices.Equal(e.Data.Path, test.want) {
			t.Errorf("%s: %q, %v", test.toml, e.Data.Path, err)
		}
		o, err := Default().Override("data.path=" + test.text)
		if err != nil || !slices.Equal(o.Data.Path, test.want) {
			t.Errorf("%s: %q, %v", test.text, o.Data.Path, err)
		}
		encoded, err := json.Marshal(e)
		var again Experiment
		if err == nil {
			err = json.Unmarshal(encoded, &again)
		}
		if err != nil || !slices.Equal(again.Data.Path, test.want) {
			t.Errorf("%s: %q, %v", test.toml, again.Data.Path, err)
		}
	}
	for override, want := range map[string]string{
		"data.path= [a.pcap, ]":      "",
		`data.path=["a.pcap ", "b"]`: "want paths without spaces around them",
		`data.path=["", "b"]`:        "want paths without spaces around them",
		"data.from=13:05":            "want a time like 1999-03-01T13:00:00Z, a day like",
		"data.to=10m":                "want a time like",
		"data.to=+10m":               "",
	} {
		if _, err := Default().Override(override); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", override, err, want)
		}
	}
	if _, err := Default().Override("data.from=+20m", "data.to=+10m"); err == nil || !strings.Contains(err.Error(), "data.to: +10m0s: the period from +20m0s to +10m0s is empty: want a later end") {
		t.Errorf("%v", err)
	}
}

func TestOverride(t *testing.T) {
	e := Default()
	got, err := e.Override("lstm.units=64", "vae.hidden=16,8", "seed=0x10", "data.application=smtp", "gmm.components=12",
		"data.flows=none", "features.variant=udp-google-home", "generate.duration=24h", "generate.rate_factor=0.5", "generate.link=semtech", "generate.addresses=10.1.0.0/16,fd00:1::/48",
		"data.idle_timeout=90s", "evaluate.trees=1_000", "features.compat=true", " vae.beta = 1e-2 ", "generate.start=2026-01-31T12:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	want := e
	want.LSTM.Units, want.VAE.Hidden, want.Seed, want.Data.Application, want.GMM.Components = 64, []int{16, 8}, 16, flow.Applications{flow.SMTP}, 12
	want.Data.IdleTimeout, want.Evaluate.Trees, want.Features.Compat, want.VAE.Beta = Duration(90*time.Second), 1000, true, 0.01
	want.Generate.Start = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	want.Data.Flows, want.Features.Variant = NoFlows, feature.UDPGoogleHome
	want.Generate.Duration, want.Generate.RateFactor, want.Generate.Link = Duration(24*time.Hour), 0.5, tcp.Semtech
	want.Generate.Addresses = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/48")}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if !reflect.DeepEqual(e, Default()) {
		t.Error("the original changed")
	}
}

func TestOverrideErrors(t *testing.T) {
	tests := []struct{ in, want string }{
		{"lstm.units", `override "lstm.units": want key=value, like seed=2`},
		{"=3", `override "=3": unknown key ""`},
		{"lstm.unit=3", `override "lstm.unit=3": unknown key "lstm.unit"; did you mean "lstm.units"?`},
		{"units=3", `override "units=3": unknown key "units"; did you mean "lstm.units"?`},
		{"lstm.uints=3", `override "lstm.uints=3": unknown key "lstm.uints"; did you mean "lstm.units"?`},
		{"zzzzzz=3", `override "zzzzzz=3": unknown key "zzzzzz"`},
		{"lstm=3", `override "lstm=3": "lstm" is a table: set one of its keys, like lstm.units`},
		{"extends=http", `override "extends=http": unknown key "extends"`},
		{"lstm.units=many", `lstm.units: "many": want a whole number from 1 to 4096`},
		{"lstm.units=", `lstm.units: "": want a whole number from 1 to 4096`},
		{"lstm.units=0", `lstm.units: "0": want a whole number from 1 to 4096`},
		{"lstm.units=64.0", `lstm.units: "64.0": want a whole number from 1 to 4096`},
		{"lstm.units=99999999999999999999", `lstm.units: "99999999999999999999": want a whole number from 1 to 4096`},
		{"seed=-1", `seed: "-1": want a whole number of at least 0`},
		{"vae.learning_rate=0", `vae.learning_rate: "0": want a number above 0 and up to 1`},
		{"vae.learning_rate=nan", `vae.learning_rate: "nan": want a number above 0 and up to 1`},
		{"vae.beta=-inf", `vae.beta: "-inf": want a number from 0 to 1000`},
		{"vae.hidden=", "vae.hidden: []: want at least one layer"},
		{"vae.hidden=8,x", `vae.hidden: "8,x": want a list of whole numbers from 1 to 4096`},
		{"vae.hidden=8,0", `vae.hidden: "8,0": want a list of whole numbers from 1 to 4096`},
		{"generator=paperr", `generator: "paperr": want one of bootstrap, markov, paper, sampled`},
		{"backend=cuda", `backend: "cuda": want one of auto, xla:cuda, xla:cpu, go`},
		{"gmm.components=0", `gmm.components: "0": want "bic" or a whole number from 1 to 1024`},
		{"data.application=nan", `data.application: "nan": want the name of an application, like HTTP, or of a service, like tcp/502`},
		{"features.compat=maybe", `features.compat: "maybe": want true or false`},
		{"data.idle_timeout=60", `data.idle_timeout: "60": want a duration like 500ms, 30s or 2m`},
		{"data.idle_timeout=-1s", `data.idle_timeout: "-1s": want a duration of at least 0s`},
		{"generate.start=today", `generate.start: "today": want a time like 2026-01-31T12:00:00Z`},
		{"features.variant=google-home", `features.variant: "google-home": want one of general, tcp-google-home, udp-google-home, lorawan`},
		{"data.flows=tcp", `data.flows: "tcp": want one of five-tuple, none`},
		{"data.port=1", `data.port: 1: is of LoRaWAN only: want 0, or data.application = "LORAWAN"`},
		{"data.port=256", `data.port: "256": want a whole number from 0 to 255`},
		{"data.gateway=0000024b0b031c97", `data.gateway: "0000024b0b031c97": is of LoRaWAN only: want none, or data.application = "LORAWAN"`},
		{"generate.duration=1d", `generate.duration: "1d": want a duration like 500ms, 30s or 2m`},
		{"generate.duration=-1h", `generate.duration: "-1h": want a duration of at least 0s`},
		{"generate.rate_factor=0", `generate.rate_factor: "0": want a number above 0 and up to 10000`},
		{"generate.link=wifi", `generate.link: "wifi": want one of semtech, loratap, loratap0`},
		{"generate.ipv6=yes", `generate.ipv6: "yes": want one of observed, off, on`},
		{"generate.payload=text", `generate.payload: "text": want one of neutral, zero, random, copy`},
		{"generate.addresses=ten", `generate.addresses: "ten": want a list of prefixes like 10.20.0.0/16 or fd00:1234::/48`},
		{"generate.addresses=10.0.0.0/16,10.0.1.0/24", "generate.addresses: addresses[0] is 10.0.0.0/16 and addresses[1] 10.0.1.0/24, want prefixes that do not overlap"},
		{"generate.addresses=10.0.0.1/16", "generate.addresses: addresses[0] is 10.0.0.1/16, want no bits set behind the prefix, as in 10.0.0.0/16"},
		{"generate.clients=60001", `generate.clients: "60001": want a whole number from 0 to 60000`},
		{"generate.losses=1", `generate.losses: "1": want learned, none, or a proportion of 0 to 0.1`},
		{"data.name=", "data.path: want a capture file, as in data.path=my.pcap"},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			_, err := Default().Override(tt.in)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
	_, err := Default().Override("data.application=GOPHER")
	if err == nil || !strings.HasPrefix(err.Error(), `data.application: "GOPHER": `) || !strings.Contains(err.Error(), "HTTP") {
		t.Errorf("%v", err)
	}
}

func TestFraming(t *testing.T) {
	g := Default().Generate
	g.Payload, g.IPv6, g.Complete = payload.Copy, address.IPv6On, true
	want := tcp.Options{Payload: payload.Copy, MTU: 1500, Complete: true, Losses: tcp.Learned, Hosts: address.Options{IPv6: address.IPv6On}}
	if o := g.Framing(false); !reflect.DeepEqual(o, want) {
		t.Errorf("%+v, want %+v", o, want)
	}
	for _, link := range []tcp.Link{tcp.LoRaTap, tcp.LoRaTap0, tcp.Semtech} {
		g.Link = link
		if o := g.Framing(true); o.Link != link {
			t.Errorf("%v, want %v", o.Link, link)
		}
		if o := g.Framing(false); o.Link != tcp.Semtech {
			t.Errorf("%v of what is not LoRaWAN, want Ethernet", o.Link)
		}
	}
}

func TestGateway(t *testing.T) {
	for text, want := range map[string]uint64{"": 0, "0000024b0b031c97": 0x24b0b031c97, "FFFFFFFFFFFFFFFF": 1<<64 - 1} {
		if got, err := ParseGateway(text); got != want || err != nil {
			t.Errorf("%q: %x, %v", text, got, err)
		}
	}
	for _, text := range []string{"24b0b031c97", "0000000000000000", "0000024b0b031c9g", "0000024b0b031c97 "} {
		if _, err := ParseGateway(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
	_, err := Default().Override("data.application=lorawan", "data.gateway=x")
	if want := `data.gateway: "x": want 16 hexadecimal digits, like 0000024b0b031c97`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	e := Default()
	e.LSTM.Units, e.VAE.LearningRate, e.Generator, e.VAE.Hidden = 0, 2, "", []int{8, -1}
	err := e.Validate()
	want := `generator: : want one of bootstrap, markov, paper, sampled
vae.hidden: 8,-1: want a list of whole numbers from 1 to 4096
vae.learning_rate: 2: want a number above 0 and up to 1
lstm.units: 0: want a whole number from 1 to 4096`
	want = strings.Replace(want, "generator: : ", "generator: ", 1)
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
	if problem, ok := errors.AsType[*Problem](err); !ok || problem.Key != "generator" {
		t.Errorf("%#v", problem)
	}
	_, err = Default().Override("lstm.units=x", "seed=x")
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("%v", err)
	}
}

func TestResolve(t *testing.T) {
	f, err := read(t, `
[defaults]
seed = 7
vae = { epochs = 3, hidden = [4] }

[experiment.http]
about = "web"
lstm.units = 64
[experiment.http.data]
limit = 10
application = "http"

[experiment.long]
extends = "http"
lstm.epochs = 900
generate.start = 2026-01-31T12:00:00Z
gmm.components = 5

[experiment.longer]
extends = "long"
data.limit = 20
vae.learning_rate = 1
`)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"http", "long", "longer"}; !slices.Equal(f.Experiments, want) {
		t.Errorf("experiments %v, want %v", f.Experiments, want)
	}
	got, err := f.Experiment("longer")
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.About, want.Seed, want.VAE.Epochs, want.VAE.Hidden, want.VAE.LearningRate = "web", 7, 3, []int{4}, 1
	want.LSTM.Units, want.LSTM.Epochs, want.Data.Limit = 64, 900, 20
	want.Generate.Start, want.GMM.Components = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC), 5
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// A mistake in a table that several experiments share is said once.
func TestSharedMistake(t *testing.T) {
	_, err := read(t, "[defaults]\nsed = 3\n[experiment.a]\n[experiment.b]\nextends = \"a\"\n")
	if err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}

func TestUnknownExperiment(t *testing.T) {
	f, err := read(t, "[experiment.quickstart]\n[experiment.http]\n")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, want string }{
		{"quikstart", "e.toml: unknown experiment \"quikstart\"; did you mean \"quickstart\"?\nwant one of quickstart, http"},
		{"defaults", "e.toml: unknown experiment \"defaults\"\nwant one of quickstart, http"},
		{"", "e.toml: unknown experiment \"\"\nwant one of quickstart, http"},
	}
	for _, tt := range tests {
		_, err := f.Experiment(tt.name)
		if err == nil || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
}

// The repository's own file holds what the README names.
func TestExperimentsTOML(t *testing.T) {
	r, err := os.Open("../../experiments.toml")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f, err := Read(r, "experiments.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"quickstart", "http", "smtp", "dns", "snmp", "snmp-no-flow", "tcp-google-home", "udp-google-home", "lora-1", "lora-10",
		"http-paper", "smtp-paper", "snmp-paper", "snmp-no-flow-paper", "tcp-google-home-paper", "udp-google-home-paper", "lora-1-paper", "lora-10-paper", "capture", "tiny"} {
		if !slices.Contains(f.Experiments, name) {
			t.Errorf("no experiment %s", name)
		}
	}
}

func TestNearest(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "abd", 1},
		{"kitten", "sitting", 3}, // Levenshtein's own example
		{"ca", "abc", 3},         // restricted: no letter is edited twice
	}
	for _, tt := range tests {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if got := distance(tt.b, tt.a); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.b, tt.a, got, tt.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("[defaults]\nseed = 1\n[experiment.a]\nlstm = {units = 3}\nextends = 'a'\n")
	f.Add("[experiment.a.vae]\nhidden = [8, 6]\n\"epochs\" = 1979-05-27T07:32:00Z\n")
	f.Add("a.b.c = [[{}]]")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Read(strings.NewReader(text), "f")
		if err != nil {
			return
		}
		for _, name := range file.Experiments {
			e, err := file.Experiment(name)
			if err != nil {
				t.Errorf("%s: %v, but Read took it", name, err)
			}
			if err := e.Validate(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
