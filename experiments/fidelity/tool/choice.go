package tool

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Choice says which programs are asked: None, Installed, or their names with commas, as
// "tshark,argus".
type Choice string

// The words of a Choice that are no names.
const (
	None      Choice = "none"
	Installed Choice = "installed" // what is on the machine
)

// MarshalText returns the words; those of a Choice that nobody has made are None's.
func (c Choice) MarshalText() ([]byte, error) { return []byte(cmp.Or(c, None)), nil }

// UnmarshalText takes one of the words above or names, in any case.
func (c *Choice) UnmarshalText(text []byte) error {
	given := Choice(strings.ToLower(string(text)))
	if given == None || given == Installed {
		*c = given
		return nil
	}
	var names []string
	for word := range strings.SplitSeq(string(text), ",") {
		word = strings.TrimSpace(word)
		i := slices.IndexFunc(programs, func(p *program) bool { return strings.EqualFold(p.name, word) })
		if i < 0 {
			return fmt.Errorf("tool: no program %q: want none, installed, or with commas some of %s", word, strings.Join(Names(), ", "))
		}
		if !slices.Contains(names, programs[i].name) {
			names = append(names, programs[i].name)
		}
	}
	*c = Choice(strings.Join(names, ","))
	return nil
}

// Versions returns the version of each program that is chosen, "" for one that is not
// installed; nil: none is chosen.
func (c Choice) Versions() map[string]string {
	if c == None || c == "" {
		return nil
	}
	versions := make(map[string]string)
	for _, s := range Examine() {
		if c == Installed && s.Version != "" || slices.Contains(strings.Split(string(c), ","), s.Name) {
			versions[s.Name] = s.Version
		}
	}
	return versions
}
