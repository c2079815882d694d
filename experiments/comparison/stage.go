package comparison

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// Repeated is a stage of a run that was run again.
type Repeated struct {
	Stage     string   `json:"stage"`
	Files     int      `json:"files"`
	Differing []string `json:"differing"`     // files with another digest, or that only one of the runs has
	Why       string   `json:"why,omitempty"` // why they may differ
}

// Repeat compares what the stages of a run have made with what they have made when the
// run was run again, file by file, and says of stages whose files differ why they may:
// the first that holds of what their keys say, of what they read, and of what keys do
// not cover. preimage returns what was digested for a key of the first run, nil where
// it is not known any more.
func Repeat(g *stage.Graph, first, again *run.Manifest, preimage func(stage, key string) json.RawMessage, keys map[string]stage.Key) []Repeated {
	before := map[string]run.Stage{}
	for _, s := range first.Stages {
		before[s.Name] = s
	}
	var all []Repeated
	differs := map[string]bool{}
	for _, now := range again.Stages {
		old := before[now.Name]
		r := Repeated{Stage: now.Name, Files: len(now.Artifacts), Differing: differing(old.Artifacts, now.Artifacts)}
		switch {
		case len(r.Differing) == 0:
		case old.Key == "":
			r.Why = "the first run had no such stage"
		case old.Key != now.Key:
			r.Why = asked(preimage(now.Name, old.Key), keys[now.Name].Preimage)
		default:
			r.Why = unasked(g, now.Name, differs, first, again)
		}
		differs[now.Name] = len(r.Differing) > 0
		all = append(all, r)
	}
	return all
}

// asked says in what the keys of a stage differ.
func asked(before, after json.RawMessage) string {
	if before == nil {
		return "other settings, data, device or version of the stage: what its key was made of is not stored any more"
	}
	return stage.Difference(before, after)
}

// differing lists the files that do not have the same digest in both, sorted.
func differing(before, after map[string]string) []string {
	names := []string{}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if after[name] != before[name] {
			names = append(names, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if _, had := before[name]; !had {
			names = append(names, name)
		}
	}
	return names
}

// unasked says why a stage may have made something else although its key is the same.
func unasked(g *stage.Graph, name string, differs map[string]bool, first, again *run.Manifest) string {
	s, ok := g.Stage(name)
	for i := 0; ok && i < len(s.Deps); i++ {
		if maker, made := g.Maker(s.Deps[i]); made && differs[maker.Name] {
			return "it reads " + s.Deps[i] + ", which differs"
		}
	}
	var reasons []string
	add := func(what, before, after string) {
		if before != after {
			reasons = append(reasons, fmt.Sprintf("%s: %s -> %s", what, quoted(before), quoted(after)))
		}
	}
	add("code", codeOf(first.Source), codeOf(again.Source))
	add("Go", first.Source.Go, again.Source.Go)
	add("host", hostOf(first.Host), hostOf(again.Host))
	if len(reasons) == 0 {
		return "nothing that is known of both runs: a stage that is not the same every time"
	}
	return strings.Join(reasons, "; ")
}

// quoted is a text, or what stands for none.
func quoted(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}

// codeOf names the code that ran.
func codeOf(s run.Source) string {
	commit := s.Commit[:min(len(s.Commit), 12)]
	if s.Dirty {
		commit += " with changes"
	}
	return commit
}

// hostOf names the machine that a run ran on.
func hostOf(h run.Host) string {
	return fmt.Sprintf("%s (%s/%s, %d processors)", h.Name, h.OS, h.Arch, h.CPUs)
}
