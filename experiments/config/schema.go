package config

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// schema is a part of a JSON Schema.
type schema map[string]any

// WriteSchema writes the JSON Schema (draft 07) of experiments.toml, with which an
// editor completes keys and words, shows what they mean, and marks what Read would
// refuse. What several keys say together, and the text of times and durations, only Read
// checks. The words for generator are the kinds that the program links.
func WriteSchema(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(fileSchema()); err != nil {
		return fmt.Errorf("config: write the schema: %w", err)
	}
	return nil
}

// fileSchema describes the whole file: [defaults], and [experiment.NAME] which may
// extend another one.
func fileSchema() schema {
	tables := schema{}
	settings := keysSchema(tables)
	settings["extends"] = schema{"type": "string", "description": "the experiment whose keys this one starts from"}
	experiment := closed(settings)
	defaults := closed(keysSchema(schema{}))
	defaults["description"] = "what holds for all experiments"
	names := closed(schema{})
	names["patternProperties"] = schema{nameable.String(): experiment}
	file := closed(schema{"defaults": defaults, slurmTable: slurmSchema(), "experiment": names})
	file["$schema"] = "http://json-schema.org/draft-07/schema#"
	file["title"] = "Experiments of NeCSTGen"
	file["definitions"] = tables
	return file
}

// slurmSchema describes what tasks may ask a cluster for.
func slurmSchema() schema {
	comments := meanings()
	keys := schema{}
	for _, f := range new(Slurm).fields() {
		s := f.schema()
		s["description"] = comments[f.key]
		if pattern := slurmPatterns[f.key]; pattern != nil {
			s["pattern"] = pattern.String()
		}
		keys[strings.TrimPrefix(f.key, slurmTable+".")] = s
	}
	table := closed(keys)
	table["description"] = "what a task asks its Slurm cluster for"
	return table
}

// closed is a table that has no other keys than these.
func closed(keys schema) schema {
	return schema{"type": "object", "additionalProperties": false, "properties": keys}
}

// keysSchema describes the keys of an experiment. Its tables are added to the given ones
// and referred to.
func keysSchema(tables schema) schema {
	e := Default()
	comments := meanings()
	keys := schema{}
	for _, f := range fields(&e) {
		s := f.schema()
		s["description"] = comments[f.key]
		if value := f.plain(); value != "" {
			s["default"] = value
		}
		table, key, ok := strings.Cut(f.key, ".")
		if !ok {
			keys[f.key] = s
			continue
		}
		if tables[table] == nil {
			tables[table] = closed(schema{})
		}
		tables[table].(schema)["properties"].(schema)[key] = s
		keys[table] = schema{"$ref": "#/definitions/" + table}
	}
	return keys
}

// schema describes what a file may give the field.
func (f field) schema() schema {
	text := schema{"type": "string"}
	switch f.value.Interface().(type) {
	case bool:
		return schema{"type": "boolean"}
	case int, int64, uint64:
		return f.bounded("integer")
	case float64:
		return f.bounded("number")
	case []int:
		return schema{"type": "array", "items": f.bounded("integer")}
	case []string, []netip.Prefix:
		return schema{"type": "array", "items": text}
	case Paths:
		return schema{"type": []string{"string", "array"}, "items": text}
	case flow.Applications:
		return applicationsSchema(f.choices())
	case generator.Components:
		number := field{value: f.value, limit: fmt.Sprintf("[1,%d]", generator.MaxComponents)}.bounded("integer")
		return schema{"anyOf": []schema{{"const": generator.BIC.String()}, number}}
	}
	choices := f.choices()
	switch {
	case len(choices) == 0:
		return text
	case f.accepts(strings.ToLower(choices[0])) && f.accepts(strings.ToUpper(choices[0])):
		return schema{"anyOf": []schema{{"enum": choices}, {"type": "string", "pattern": anyCase(choices)}}}
	}
	return schema{"enum": choices}
}

// applicationsSchema is what data.application takes: names of applications and of
// services, as a text or as a list of texts.
func applicationsSchema(names []string) schema {
	one := strings.Trim(anyCase(append(slices.Clone(names), "other")), "^()$") + `|([Tt][Cc]|[Uu][Dd])[Pp]/(\*|[1-9][0-9]{0,4})`
	list := schema{"type": "array", "items": schema{"type": "string", "pattern": "^(" + one + ")$"}}
	return schema{"anyOf": []schema{{"enum": append(names, "all")}, {"type": "string", "pattern": "^(" + one + ")( *, *(" + one + "))*$"}, list}}
}

// bounded is a number within the field's range.
func (f field) bounded(kind string) schema {
	s := schema{"type": kind}
	i := parseInterval(f.limit)
	name := func(open bool, name, exclusive string) string {
		if open {
			return exclusive
		}
		return name
	}
	if i.lowText != "" {
		s[name(i.openLow, "minimum", "exclusiveMinimum")] = i.low
	}
	if i.highText != "" {
		s[name(i.openHigh, "maximum", "exclusiveMaximum")] = i.high
	}
	return s
}

// anyCase is a regular expression of words in small letters, capitals, or both.
func anyCase(words []string) string {
	var b strings.Builder
	for i, word := range words {
		if i > 0 {
			b.WriteByte('|')
		}
		for _, r := range word {
			if unicode.IsLetter(r) {
				fmt.Fprintf(&b, "[%c%c]", unicode.ToUpper(r), unicode.ToLower(r))
			} else {
				b.WriteRune(r)
			}
		}
	}
	return "^(" + b.String() + ")$"
}
