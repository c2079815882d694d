package generator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// Kind is a way to generate: what learns it, and how what was learnt is loaded.
type Kind struct {
	Name  string // "sampled", as experiments.toml has it
	About string // one line for lists

	// Keys are the keys of experiments.toml that it uses, dotted. "vae.*" stands
	// for all of a table.
	Keys []string

	// Stages are what learns it. They depend on TrainingName and TrafficName and on
	// each other's artifacts.
	Stages func(Settings) []stage.Stage

	// FlowTable is what learns the starts and sizes of flows alone, from FlowTableName:
	// an experiment with level = "aggregate". Nil: the kind has no such level.
	FlowTable *stage.Stage

	// Load reads what the stages have made; path says where an artifact lies.
	// Kinds that do not use a device take a nil backend.
	Load func(b compute.Backend, path func(artifact string) (string, error)) (Generator, error)

	Device  bool // drawing needs a backend
	Follows bool // it takes a request's Schedule

	Portless bool // it learns flows without ports, whose packets are messages of several kinds

	// OneThread says that large amounts are drawn faster by a backend of one thread:
	// several batches are under way at once, which share the processors.
	OneThread bool
}

// Uses reports whether the kind uses a dotted key of experiments.toml that is one
// of Settings.
func (k Kind) Uses(key string) bool {
	return slices.ContainsFunc(k.Keys, func(one string) bool {
		table, all := strings.CutSuffix(one, "*")
		return one == key || all && strings.HasPrefix(key, table)
	})
}

// portlessName is the kind that learns flows without ports where the kind that was asked for
// does not: the Markov chain, whose tokens name each kind of message.
const portlessName = "markov"

// Of returns the kind that learns an application of an experiment of this kind: itself, except
// for traffic without ports, which not every kind learns.
func (k Kind) Of(app flow.Application) (Kind, error) {
	if k.Portless || app != flow.Other && app != flow.ARPApplication && app != flow.ICMPApplication {
		return k, nil
	}
	return Find(portlessName)
}

// registered are the kinds of all packages that the program imports.
var registered []Kind

// Register adds a kind. A package that has one calls it from its init; a second
// kind of the same name is a mistake of the programmer.
func Register(k Kind) {
	if _, err := Find(k.Name); err == nil {
		panic(fmt.Sprintf("generator: kind %q is registered twice", k.Name))
	}
	registered = append(registered, k)
	slices.SortFunc(registered, func(a, b Kind) int { return cmp.Compare(a.Name, b.Name) })
}

// Find returns the kind of that name.
func Find(name string) (Kind, error) {
	var names []string
	for _, k := range registered {
		if k.Name == name {
			return k, nil
		}
		names = append(names, k.Name)
	}
	return Kind{}, fmt.Errorf("generator: unknown kind %q: want one of %s", name, strings.Join(names, ", "))
}

// Kinds returns all kinds in the order of their names.
func Kinds() []Kind { return slices.Clone(registered) }
