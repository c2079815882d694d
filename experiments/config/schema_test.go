package config

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The committed schema is the one of today's keys.
func TestSchemaIsFresh(t *testing.T) {
	var want bytes.Buffer
	if err := WriteSchema(&want); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("experiments.schema.json")
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("experiments.schema.json is stale (%v); renew it with: go run ./experiments schema > experiments/config/experiments.schema.json", err)
	}
}

// What the schema lets pass although Read refuses it: text with a form of its own, keys
// that do not go together, and what another table holds.
var schemaPasses = []string{
	"backslashes", "days in a duration", "text for a time", "local time", "not a number", "negative duration", "no prefix", "bits behind a prefix", "prefixes that overlap",
	"empty path in a list", "period without a time", "empty period", "short gateway", "gateway of HTTP", "port of HTTP", "packets of flows", "flows of a timeline", "two sources of starts",
	"extends unknown", "extends misspelt", "extends itself", "extends in a circle", "conflict that is inherited", "empty list", "experiment without a name", "seed of 65 bits",
	"time that is too short", "option in two words", "option of the script",
}

// Another implementation of JSON Schema takes experiments.toml and refuses malformed files.
func TestSchemaElsewhere(t *testing.T) {
	if out, err := exec.Command("python3", "-c", "import jsonschema, tomllib").CombinedOutput(); err != nil {
		t.Skipf("python3 with jsonschema is not here: %v: %s", err, out)
	}
	own, err := os.ReadFile("../../experiments.toml")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"experiments.toml": string(own), "settings": settingsFile}
	for _, m := range malformed {
		files[m.name] = strings.ToValidUTF8(m.in, "\x00") // no TOML either
	}
	in, err := json.Marshal(files)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", "-c", `
import json, sys, tomllib, jsonschema
schema = json.load(open("experiments.schema.json"))
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
passed = []
for name, text in json.load(sys.stdin).items():
    try:
        file = json.loads(json.dumps(tomllib.loads(text), default=str))
    except tomllib.TOMLDecodeError:
        continue
    if validator.is_valid(file):
        passed.append(name)
json.dump(passed, sys.stdout)`)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var passed []string
	if err := json.Unmarshal(out, &passed); err != nil {
		t.Fatal(err)
	}
	want := append([]string{"experiments.toml", "settings"}, schemaPasses...)
	slices.Sort(want)
	slices.Sort(passed)
	if !slices.Equal(passed, want) {
		t.Errorf("passed %q\nwant   %q", passed, want)
	}
}
