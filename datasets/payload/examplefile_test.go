package payload

import (
	"strings"
	"testing"
)

// What cannot be an example is refused, with its place and what is wanted.
func TestReadExamplesRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "EOF"},
		{"another version", `{"version":2,"examples":[]}`, "version is 2, want 1"},
		{"unknown key", `{"version":1,"colour":[]}`, `unknown field "colour"`},
		{"protocol", `{"version":1,"examples":[{"application":"HTTP","proto":1,"length":1,"bytes":"YQ=="}]}`, "examples[0].proto is 1, want 6 (TCP) or 17 (UDP)"},
		{"direction", `{"version":1,"examples":[{"application":"HTTP","proto":6,"direction":2,"length":1,"bytes":"YQ=="}]}`, "examples[0].direction is 2"},
		{"no bytes", `{"version":1,"examples":[{"application":"HTTP","proto":6,"length":1}]}`, "examples[0] has 0 bytes of 1"},
		{"more than said", `{"version":1,"examples":[{"application":"HTTP","proto":6,"length":1,"bytes":"YWI="}]}`, "examples[0] has 2 bytes of 1"},
	} {
		if _, err := ReadExamples(strings.NewReader(c.text), "examples.json"); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "examples.json") {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}
