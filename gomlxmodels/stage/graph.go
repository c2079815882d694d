package stage

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Graph is stages in an order in which they can run: whatever a stage depends on
// stands before it.
type Graph struct {
	Stages []Stage
	Inputs []string // names of what the graph reads and does not make, as "data"

	makers map[string]int // artifact -> index of the stage that makes it
}

// NewGraph checks and orders stages. Names and artifacts must be unique, each
// dependency must be an input or be made by one stage, and none may depend on
// itself, through others or not. Stages that do not depend on each other keep
// their order. All problems are reported at once.
func NewGraph(stages []Stage, inputs ...string) (*Graph, error) {
	g := &Graph{Inputs: inputs, makers: make(map[string]int)}
	if err := check(stages, inputs); err != nil {
		return nil, err
	}
	maker := make(map[string]string)
	for _, s := range stages {
		for _, out := range s.Outs {
			maker[out] = s.Name
		}
	}
	placed := make(map[string]bool)
	for len(g.Stages) < len(stages) {
		i := slices.IndexFunc(stages, func(s Stage) bool {
			return !placed[s.Name] && !slices.ContainsFunc(s.Deps, func(dep string) bool {
				return !slices.Contains(inputs, dep) && !placed[maker[dep]]
			})
		})
		if i < 0 {
			return nil, fmt.Errorf("stage: %s depend on each other in a circle", strings.Join(unplaced(stages, placed), ", "))
		}
		placed[stages[i].Name] = true
		for _, out := range stages[i].Outs {
			g.makers[out] = len(g.Stages)
		}
		g.Stages = append(g.Stages, stages[i])
	}
	return g, nil
}

// check reports everything that is wrong with stages, apart from circles.
func check(stages []Stage, inputs []string) error {
	var problems []error
	names, makers := make(map[string]bool), make(map[string]string)
	for _, input := range inputs {
		makers[input] = "an input"
	}
	for _, s := range stages {
		if s.Name == "" || !filepath.IsLocal(s.Name) || names[s.Name] {
			problems = append(problems, fmt.Errorf("stage: name %q: want another name for each stage, which can be a folder", s.Name))
		}
		names[s.Name] = true
		for _, out := range s.Outs {
			if !filepath.IsLocal(out) || strings.HasPrefix(path.Base(out), ".") {
				problems = append(problems, fmt.Errorf("stage %s: artifact %q: want a path inside the run folder", s.Name, out))
			}
			if by, made := makers[out]; made {
				problems = append(problems, fmt.Errorf("stage %s: artifact %s is already made by %s", s.Name, out, by))
			}
			for other, by := range makers {
				if inside(out, other) || inside(other, out) {
					problems = append(problems, fmt.Errorf("stage %s: artifact %s overlaps with %s of %s", s.Name, out, other, by))
				}
			}
			makers[out] = s.Name
		}
	}
	for _, s := range stages {
		for _, dep := range s.Deps {
			if _, made := makers[dep]; !made {
				problems = append(problems, fmt.Errorf("stage %s: depends on %s, which is no input and is made by no stage", s.Name, dep))
			}
		}
	}
	return errors.Join(problems...)
}

// inside reports whether an artifact lies in another that is a folder.
func inside(artifact, folder string) bool {
	return artifact != folder && strings.HasSuffix(folder, "/") && strings.HasPrefix(artifact, folder)
}

func unplaced(stages []Stage, placed map[string]bool) (names []string) {
	for _, s := range stages {
		if !placed[s.Name] {
			names = append(names, s.Name)
		}
	}
	return names
}

// Maker returns the stage that makes an artifact; false: none does.
func (g *Graph) Maker(artifact string) (*Stage, bool) {
	i, ok := g.makers[artifact]
	if !ok {
		return nil, false
	}
	return &g.Stages[i], true
}

// Stage returns the stage of that name; false: there is none.
func (g *Graph) Stage(name string) (*Stage, bool) {
	i := slices.IndexFunc(g.Stages, func(s Stage) bool { return s.Name == name })
	if i < 0 {
		return nil, false
	}
	return &g.Stages[i], true
}

// Dependents returns the names of the stages that depend on name, through others or
// not, in the graph's order.
func (g *Graph) Dependents(name string) []string {
	reached := map[string]bool{name: true}
	var names []string
	for _, s := range g.Stages {
		for _, dep := range s.Deps {
			if maker, made := g.Maker(dep); made && reached[maker.Name] && !reached[s.Name] {
				reached[s.Name] = true
				names = append(names, s.Name)
			}
		}
	}
	return names
}
