package stage

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
)

// Facts are what decides a graph's results beside its stages.
type Facts struct {
	Seed   uint64            // of the run: every named seed follows from it
	Inputs map[string]string // SHA-256 of each input, hexadecimal
	Device string            // what computes, as device.Identity tells; only stages with Device depend on it
}

// Key names what a stage makes: two stages of the same key make the same files.
type Key struct {
	Sum      string          // SHA-256 of Preimage, 64 hexadecimal digits
	Preimage json.RawMessage // what was digested, a Preimage as indented JSON
}

// Preimage is everything that decides what a stage makes. It is kept beside what
// the stage has made, so that a plan can name the line that differs.
type Preimage struct {
	Stage   string            `json:"stage"`
	Version int               `json:"version"`
	Params  any               `json:"params"`
	Deps    map[string]string `json:"deps"`  // artifact or input -> SHA-256 of the key of the stage that makes it, or of the input
	Seeds   map[string]uint64 `json:"seeds"` // by name
	Device  string            `json:"device"`
}

// Seed returns the seed of that name in a run of the given seed: 63 bits of a
// digest of both, since GoMLX takes an int64.
func Seed(run uint64, name string) uint64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s", run, name))
	return binary.LittleEndian.Uint64(sum[:]) >> 1
}

// Source returns a source of random numbers from the seed of that name.
func Source(run uint64, name string) rand.Source {
	seed := Seed(run, name)
	return rand.NewPCG(seed, seed^0x9e3779b97f4a7c15)
}

// Keys returns the key of each stage by its name. It reads no file: the key of
// what a stage depends on stands for its content.
func (g *Graph) Keys(facts Facts) (map[string]Key, error) {
	keys := make(map[string]Key, len(g.Stages))
	for _, s := range g.Stages {
		p := Preimage{Stage: s.Name, Version: s.Version, Params: s.Params, Deps: map[string]string{}, Seeds: map[string]uint64{}}
		for _, dep := range s.Deps {
			maker, made := g.Maker(dep)
			switch {
			case made:
				p.Deps[dep] = keys[maker.Name].Sum
			case facts.Inputs[dep] == "":
				return nil, fmt.Errorf("stage %s: the digest of input %s is not known", s.Name, dep)
			default:
				p.Deps[dep] = facts.Inputs[dep]
			}
		}
		for _, name := range s.Seeds {
			p.Seeds[name] = Seed(facts.Seed, name)
		}
		if s.Device {
			p.Device = facts.Device
		}
		text, err := json.MarshalIndent(p, "", " ")
		if err != nil {
			return nil, fmt.Errorf("stage %s: parameters: %w", s.Name, err)
		}
		sum := sha256.Sum256(text)
		keys[s.Name] = Key{Sum: hex.EncodeToString(sum[:]), Preimage: text}
	}
	return keys, nil
}

// Difference says in a few words what differs between the preimages of two keys,
// as `params.units: 96 -> 48`: of several differences the first that is the stage's
// own (see OwnDifference), else the first, with the number of the others. It is
// empty for equal ones.
func Difference(before, after json.RawMessage) string {
	var b, a any
	if json.Unmarshal(before, &b) != nil || json.Unmarshal(after, &a) != nil {
		return "it was stored by another version of this program"
	}
	found := differences("", b, a)
	if len(found) == 0 {
		return ""
	}
	first := max(0, slices.IndexFunc(found, OwnDifference))
	if len(found) == 1 {
		return found[first]
	}
	return fmt.Sprintf("%s, and %d more", found[first], len(found)-1)
}

// OwnDifference reports whether a text of Difference names something of the stage
// itself, and not what it depends on.
func OwnDifference(text string) bool { return !strings.HasPrefix(text, "deps.") }

// differences compares two decoded JSON values at a path.
func differences(path string, before, after any) (found []string) {
	b, isObject := before.(map[string]any)
	a, both := after.(map[string]any)
	if !isObject || !both {
		if reflect.DeepEqual(before, after) {
			return nil
		}
		if name, ok := strings.CutPrefix(path, "seeds."); ok {
			return []string{"another seed for " + name}
		}
		return []string{fmt.Sprintf("%s: %s -> %s", path, short(before), short(after))}
	}
	var names []string
	for name := range b {
		names = append(names, name)
	}
	for name := range a {
		if _, old := b[name]; !old {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		at := name
		if path != "" {
			at = path + "." + name
		}
		found = append(found, differences(at, b[name], a[name])...)
	}
	return found
}

// short is a JSON value in at most 20 characters.
func short(v any) string {
	text, err := json.Marshal(v)
	if err != nil || v == nil {
		return "nothing"
	}
	if text = bytes.Trim(text, `"`); len(text) > 20 {
		return string(text[:8]) + "..."
	}
	return string(text)
}
