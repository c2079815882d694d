package config

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode"
)

// Paths are files, folders and patterns of their names. As text one is as it is, and
// several stand in brackets: [monday.pcap, tuesday.pcap], or as JSON has them.
type Paths []string

// String is the text form, in JSON where there are several.
func (p Paths) String() string {
	if len(p) < 2 {
		return strings.Join(p, "")
	}
	text, _ := json.Marshal([]string(p)) // strings can be written
	return string(text)
}

// MarshalText is String.
func (p Paths) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText takes a path, or several in brackets. A path that is itself in brackets
// wants "./" in front.
func (p *Paths) UnmarshalText(text []byte) error {
	*p = nil
	given := string(text)
	if given == "" {
		return nil
	}
	if !strings.HasPrefix(given, "[") || !strings.HasSuffix(given, "]") {
		*p = Paths{given}
		return nil
	}
	var list []string
	if json.Unmarshal(text, &list) != nil {
		for _, word := range words(given) {
			list = append(list, word.(string))
		}
	}
	*p = list
	return nil
}

// check refuses paths that name nothing.
func (p Paths) check() error {
	if slices.ContainsFunc(p, func(path string) bool { return strings.ContainsFunc(path, unicode.IsControl) }) {
		return errors.New("want paths without control characters; " + backslashes)
	}
	if slices.ContainsFunc(p, func(path string) bool { return path == "" || strings.TrimSpace(path) != path }) {
		return errors.New("want paths without spaces around them")
	}
	return nil
}
