package payload

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Statistics is how often the messages of an application say what, without what they say:
// of each kind of name how many there are, how long, and how often each occurs; and how
// often the codes of its protocol occur.
type Statistics struct {
	Application flow.Application `json:"application"`
	Names       []Names          `json:"names,omitempty"`
	Codes       []Codes          `json:"codes,omitempty"`
}

// Names is how often the names of a kind occur.
type Names struct {
	Kind   Kind    `json:"kind"`
	Each   int     `json:"each,omitempty"` // how many a server (of hosts and software) or a client (of agents) has in the mean; 0: unknown
	Groups []Group `json:"groups"`

	assumed bool // a default, which learnt ones replace
}

// Group is names of one length that occur equally often. In JSON it is an array of three.
type Group struct {
	Length int // bytes of each
	Names  int // how many there are
	Times  int // how often each of them occurs
}

// MarshalJSON is [length, names, times].
func (g Group) MarshalJSON() ([]byte, error) { return json.Marshal([3]int{g.Length, g.Names, g.Times}) }

// UnmarshalJSON takes what MarshalJSON makes.
func (g *Group) UnmarshalJSON(text []byte) error {
	var numbers []int
	if err := json.Unmarshal(text, &numbers); err != nil {
		return err
	}
	if len(numbers) != 3 {
		return fmt.Errorf("a group of names has %d numbers, want 3: length, names, times", len(numbers))
	}
	*g = Group{numbers[0], numbers[1], numbers[2]}
	return nil
}

// CodeKind is a kind of code, which its protocol defines.
type CodeKind string

// The kinds of codes.
const (
	Method     CodeKind = "method"     // HTTP: of requests
	Status     CodeKind = "status"     // HTTP: of responses
	MediaType  CodeKind = "media type" // HTTP: of what responses carry, without "application/"
	RecordType CodeKind = "type"       // DNS: of questions
	EDNS       CodeKind = "edns"       // DNS: "OPT" where a question has that record, else "none"
)

// Codes is how often each code of a kind occurs. There are only codes that the package
// knows, so that a code says nothing but what its protocol's standard does.
type Codes struct {
	Kind   CodeKind       `json:"kind"`
	Counts map[string]int `json:"counts"`
}

// statisticsVersion is the version of the JSON form of statistics.
const statisticsVersion = 1

// statisticsFile is the JSON form of statistics.
type statisticsFile struct {
	Version    int          `json:"version"`
	Statistics []Statistics `json:"statistics"`
}

// WriteStatistics saves statistics as JSON.
func WriteStatistics(w io.Writer, statistics []Statistics) error {
	if err := json.NewEncoder(w).Encode(statisticsFile{statisticsVersion, statistics}); err != nil {
		return fmt.Errorf("payload: write statistics: %w", err)
	}
	return nil
}

// ReadStatistics loads what WriteStatistics saved, and reports everything in it that cannot
// be; name feeds messages.
func ReadStatistics(r io.Reader, name string) ([]Statistics, error) {
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	var file statisticsFile
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("payload: read statistics %s: %w", name, err)
	}
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("payload: read statistics %s: "+format, append([]any{name}, args...)...))
	}
	if file.Version != statisticsVersion {
		bad("version is %d, want %d", file.Version, statisticsVersion)
	}
	for i, s := range file.Statistics {
		for k, n := range s.Names {
			if makers[n.Kind] == nil {
				bad("statistics[%d].names[%d].kind is %q, want one of %q", i, k, n.Kind, slices.Sorted(maps.Keys(makers)))
			}
			if n.Each < 0 {
				bad("statistics[%d].names[%d].each is %d, want 0 or more", i, k, n.Each)
			}
			for j, g := range n.Groups {
				if g.Length < 1 || g.Names < 1 || g.Names > mostNames || g.Times < 1 {
					bad("statistics[%d].names[%d].groups[%d] is [%d,%d,%d], want numbers from 1, and up to %d names", i, k, j, g.Length, g.Names, g.Times, mostNames)
				}
			}
		}
		for k, c := range s.Codes {
			for code, count := range c.Counts {
				if count < 0 {
					bad("statistics[%d].codes[%d].counts[%q] is %d, want 0 or more", i, k, code, count)
				}
			}
		}
	}
	return file.Statistics, errors.Join(problems...)
}

type codeKey struct {
	application flow.Application
	kind        CodeKind
}

// codes draws codes as often as they occur.
type codes struct {
	words []string
	upTo  []uint64
}

func newCodes(counts map[string]int) *codes {
	c := new(codes)
	sum := uint64(0)
	for _, word := range slices.Sorted(maps.Keys(counts)) {
		if counts[word] > 0 {
			sum += uint64(counts[word])
			c.words, c.upTo = append(c.words, word), append(c.upTo, sum)
		}
	}
	return c
}

// draw returns a code by random bits, "" where there is none.
func (c *codes) draw(x uint64) string {
	if len(c.words) == 0 {
		return ""
	}
	at, _ := slices.BinarySearchFunc(c.upTo, x%c.upTo[len(c.upTo)-1], func(upTo, x uint64) int { return cmp.Compare(upTo, x+1) })
	return c.words[at]
}

// share returns the share of a code.
func (c *codes) share(code string) float64 {
	i := slices.Index(c.words, code)
	if i < 0 {
		return 0
	}
	before := uint64(0)
	if i > 0 {
		before = c.upTo[i-1]
	}
	return float64(c.upTo[i]-before) / float64(c.upTo[len(c.upTo)-1])
}

// defaults is what is assumed of applications whose statistics were not learnt: about what
// the users of an office say.
var defaults = []Statistics{
	{Application: flow.HTTP,
		Names: []Names{
			{Kind: Path, Groups: recurring(6, 48, 2), assumed: true},
			{Kind: Host, Each: 1, Groups: []Group{{13, 1, 4}, {15, 2, 2}, {18, 2, 2}, {21, 1, 1}}, assumed: true},
			{Kind: Agent, Each: 1, Groups: []Group{{12, 1, 2}, {30, 2, 2}, {76, 2, 6}, {101, 2, 6}, {117, 1, 4}}, assumed: true},
			{Kind: Software, Each: 1, Groups: []Group{{10, 1, 3}, {12, 1, 4}, {24, 1, 2}}, assumed: true},
		},
		Codes: []Codes{
			{Method, map[string]int{"GET": 96, "POST": 4}},
			{Status, map[string]int{"200": 93, "204": 2, "303": 2, "404": 3}},
			{MediaType, map[string]int{"text/html": 30, "text/css": 20, "text/javascript": 25, "text/plain": 5, "octet-stream": 20}},
		}},
	{Application: flow.TLS, Names: []Names{{Kind: Host, Each: 2, Groups: []Group{{13, 4, 4}, {15, 8, 2}, {18, 8, 2}, {22, 8, 1}}, assumed: true}}},
	{Application: flow.DNS,
		Names: []Names{{Kind: Domain, Groups: recurring(7, 46, 2), assumed: true}},
		Codes: []Codes{
			{RecordType, map[string]int{"A": 60, "AAAA": 30, "TXT": 4, "MX": 3, "NS": 3}},
			{EDNS, map[string]int{"OPT": 60, "none": 40}},
		}},
	{Application: flow.SMTP, Names: []Names{
		{Kind: Domain, Each: 1, Groups: recurring(8, 24, 1), assumed: true},
		{Kind: Mailbox, Groups: recurring(3, 20, 2), assumed: true}}},
}

// recurring returns groups of names of each length in a range: a frequent one, and more of
// them the rarer they are, as the frequency of words falls with their rank (Zipf, Human
// behavior and the principle of least effort, 1949).
func recurring(from, to, rarest int) []Group {
	var groups []Group
	for length := from; length <= to; length++ {
		groups = append(groups, Group{length, 1, 12}, Group{length, rarest, 4}, Group{length, 2 * rarest, 1})
	}
	return groups
}

// mostNames is how many names of one length and frequency there can be.
const mostNames = 1 << 16
