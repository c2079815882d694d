package config

import (
	_ "embed"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// source is the file that declares Experiment. The comments on its fields, and on
// those of package generator's settings, are what users are told of the keys.
//
//go:embed config.go
var source string

// Key describes one key of an experiment.
type Key struct {
	Name    string `json:"key"`
	Default string `json:"default"`
	Allowed string `json:"allowed"` // what the value may be
	Meaning string `json:"meaning"`

	Choices []string `json:"choices,omitempty"` // the words that are allowed, if they can be listed
}

// Describe lists every key with its default, what is allowed and what it means.
func Describe() []Key {
	e := Default()
	return describe(fields(&e))
}

// SlurmKeys lists the keys of [slurm].
func SlurmKeys() []Key {
	keys := describe(new(Slurm).fields())
	for i := range keys {
		keys[i].Name = strings.TrimPrefix(keys[i].Name, slurmTable+".")
	}
	return keys
}

func describe(all []field) []Key {
	comments := meanings()
	var keys []Key
	for _, f := range all {
		keys = append(keys, Key{Name: f.key, Default: f.text(), Allowed: strings.TrimPrefix(f.allowed(), oneOf), Meaning: comments[f.key], Choices: f.choices()})
	}
	return keys
}

// allowed says what the field takes, without "want".
func (f field) allowed() string {
	want := f.wanted().Error()
	if _, own := f.value.Interface().(Duration); f.unmarshaler() != nil && !own {
		if err := f.blank().setText("?"); err != nil {
			want = err.Error()
		}
	}
	_, after, ok := strings.Cut(want, "want ")
	if !ok {
		return want
	}
	return after
}

// blank is a field of the same key without a value.
func (f field) blank() field {
	return field{key: f.key, value: reflect.New(f.value.Type()).Elem(), limit: f.limit}
}

// accepts reports whether the field can have this value.
func (f field) accepts(text string) bool { return f.blank().setText(text) == nil }

// choices lists the words that the field takes, nil if it is not one that has some.
func (f field) choices() []string {
	if _, ok := f.value.Interface().(bool); ok {
		return []string{"true", "false"}
	}
	list, ok := strings.CutPrefix(f.allowed(), oneOf)
	if !ok {
		return nil
	}
	list, _, _ = strings.Cut(list, ", or ") // what else it takes
	return strings.Split(list, ", ")
}

// oneOf begins the text of what a key takes that takes words.
const oneOf = "one of "

// meanings maps each key to the comment on its field.
var meanings = sync.OnceValue(func() map[string]string {
	structs := map[string]*ast.StructType{}
	for prefix, text := range map[string]string{"": source, "config.": slurmSource, "generator.": generator.SettingsSource} {
		file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ParseComments)
		if err != nil {
			return nil // it compiled, so it parses
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				if s, ok := spec.Type.(*ast.StructType); ok {
					structs[prefix+spec.Name.Name] = s
				}
			}
			return true
		})
	}
	texts := map[string]string{}
	collectMeanings(texts, "", structs["Experiment"], structs)
	collectMeanings(texts, slurmTable+".", structs["config.Slurm"], structs)
	return texts
})

func collectMeanings(dst map[string]string, prefix string, s *ast.StructType, structs map[string]*ast.StructType) {
	for _, f := range s.Fields.List {
		if f.Tag == nil {
			continue
		}
		tag, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			continue
		}
		key := prefix + reflect.StructTag(tag).Get("toml")
		if inner, ok := structs[types.ExprString(f.Type)]; ok {
			collectMeanings(dst, key+".", inner, structs)
			continue
		}
		text, _, _ := strings.Cut(strings.TrimSpace(f.Comment.Text()), "; default ")
		dst[key] = strings.TrimPrefix(text, "default ")
	}
}
