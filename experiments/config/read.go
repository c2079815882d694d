package config

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// File is a read experiments.toml.
type File struct {
	Name        string   // for messages
	Experiments []string // names, in the order of the file
	Slurm       Slurm    // what tasks ask a cluster for

	tables map[string]table // "" holds [defaults]
	slurm  table
}

// table is what one table of the file assigns.
type table struct {
	name    string // as its header has it, like [experiment.http]
	where   string // of its header
	extends string
	values  []assignment
}

// assignment is one key of a table.
type assignment struct {
	key   string // dotted, without the table's name
	where string // file:line:column
	value any
}

// slurmTable is the table of a file that belongs to no experiment.
const slurmTable = "slurm"

const backslashes = `in "quotes" a backslash is written twice, in 'single quotes' once`

// Read reads the whole of r. Name, usually the file's path, only feeds messages.
// What is wrong in any table is reported at once, with line and column, whether
// or not the table is used.
func Read(r io.Reader, name string) (*File, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("config: read %s: %w", name, err)
	}
	var values map[string]any
	if err := toml.Unmarshal(data, &values); err != nil {
		if decode, ok := errors.AsType[*toml.DecodeError](err); ok {
			line, column := decode.Position()
			text := strings.TrimPrefix(decode.Error(), "toml: ")
			switch {
			case strings.HasSuffix(text, "at start of value"):
				text += `: want a number, true, false, a time, a list, or text in "quotes"`
			case strings.HasPrefix(text, "invalid escape"):
				text += ": " + backslashes
			}
			return nil, fmt.Errorf("%s:%d:%d: %s", name, line, column, text)
		}
		return nil, fmt.Errorf("config: read %s: %w", name, err)
	}
	f := &File{Name: name, tables: map[string]table{"": {name: "[defaults]"}}}
	if err := f.collect(data, values); err != nil {
		return nil, err
	}
	return f, f.check()
}

// collect sorts the document's assignments into tables.
func (f *File) collect(data []byte, values map[string]any) error {
	var p unstable.Parser
	p.Reset(data)
	var problems []error
	var header []string
	for p.NextExpression() {
		node := p.Expression()
		keys, where := f.key(&p, node)
		if node.Kind == unstable.Table || node.Kind == unstable.ArrayTable {
			header = keys
			if err := f.open(header, where, node.Kind); err != nil {
				problems = append(problems, err)
				header = nil
			}
			continue
		}
		if len(header) == 0 {
			if len(problems) == 0 {
				problems = append(problems, fmt.Errorf("%s: key %q stands outside a table: want [defaults], [slurm] or [experiment.NAME] above it", where, strings.Join(keys, ".")))
			}
			continue
		}
		if err := f.add(&p, node, header, values); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// key is the dotted key of an expression and its position.
func (f *File) key(p *unstable.Parser, node *unstable.Node) (keys []string, where string) {
	for it := node.Key(); it.Next(); {
		n := it.Node()
		if keys == nil {
			start := p.Shape(n.Raw).Start
			where = fmt.Sprintf("%s:%d:%d", f.Name, start.Line, start.Column)
		}
		keys = append(keys, string(n.Data))
	}
	return keys, where
}

// at is the decoded value behind a path of keys.
func at(values map[string]any, path []string) any {
	var v any = values
	for _, key := range path {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}

// nameable is what an experiment may be called: the name becomes a folder.
var nameable = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// open notes a table's header: [slurm], [defaults], [experiment.NAME] or one of the
// latter two's sub-tables.
func (f *File) open(header []string, where string, kind unstable.Kind) error {
	if len(header) == 1 && header[0] == slurmTable && kind == unstable.Table {
		return nil
	}
	text := strings.Join(header, ".")
	name, keys, ok := split(header)
	if !ok || kind == unstable.ArrayTable {
		return fmt.Errorf("%s: unknown table [%s]: want [defaults], [slurm] or [experiment.NAME]", where, text)
	}
	if name != "" && !nameable.MatchString(name) {
		return fmt.Errorf("%s: experiment name %q: want small letters, digits and hyphens", where, name)
	}
	if err := checkTable(strings.Join(keys, "."), where); err != nil {
		return err
	}
	t, seen := f.tables[name]
	if !seen && name != "" {
		t.name = "[experiment." + name + "]"
		f.Experiments = append(f.Experiments, name)
	}
	if t.where == "" {
		t.where = where
	}
	f.tables[name] = t
	return nil
}

// checkTable refuses a table inside an experiment that holds no key. "" is the
// experiment itself.
func checkTable(name, where string) error {
	var tables []string
	for _, key := range Keys() {
		if table, _, ok := strings.Cut(key, "."); ok && !slices.Contains(tables, table) {
			tables = append(tables, table)
		}
	}
	if name == "" || slices.Contains(tables, name) {
		return nil
	}
	if near := suggestion(name, tables); near != "" {
		return fmt.Errorf("%s: unknown table %q%s", where, name, near)
	}
	return fmt.Errorf("%s: unknown table %q: want one of %s", where, name, strings.Join(tables, ", "))
}

// split takes a path apart: the experiment's name ("" for [defaults]) and the keys inside.
func split(path []string) (name string, keys []string, ok bool) {
	switch {
	case path[0] == "defaults":
		return "", path[1:], true
	case path[0] == "experiment" && len(path) > 1 && path[1] != "":
		return path[1], path[2:], true
	}
	return "", nil, false
}

// add puts the assignment of an expression below header into its table. An inline table
// is taken apart.
func (f *File) add(p *unstable.Parser, node *unstable.Node, header []string, values map[string]any) error {
	keys, where := f.key(p, node)
	path := slices.Concat(header, keys)
	if path[0] == slurmTable {
		f.slurm.values = append(f.slurm.values, assignment{key: strings.Join(path[1:], "."), where: where, value: at(values, path)})
		return nil
	}
	name, keys, ok := split(path)
	if !ok {
		return fmt.Errorf("%s: unknown key %q: want the name of an experiment before it", where, strings.Join(path, "."))
	}
	key := strings.Join(keys, ".")
	if node.Value().Kind == unstable.InlineTable {
		var problems []error
		empty := true
		for it := node.Value().Children(); it.Next(); empty = false {
			problems = append(problems, f.add(p, it.Node(), path, values))
		}
		if empty {
			return checkTable(key, where)
		}
		return errors.Join(problems...)
	}
	t, value := f.tables[name], at(values, path)
	switch {
	case key == "extends" && name == "":
		return fmt.Errorf("%s: extends: want it in an [experiment.NAME], which has what stands in [defaults] already", where)
	case key == "extends":
		base, ok := value.(string)
		if !ok {
			return fmt.Errorf("%s: extends: %s: want the name of an experiment", where, literal(value))
		}
		t.extends = base
	default:
		t.values = append(t.values, assignment{key: key, where: where, value: value})
	}
	f.tables[name] = t
	return nil
}
