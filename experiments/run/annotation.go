package run

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/filelock"
)

// Annotation is what a user calls a run and says of it. Nothing that a run computes
// depends on it.
type Annotation struct {
	Name string   `json:"name,omitempty"` // no other run and no experiment below the folder of runs has it
	Tags []string `json:"tags,omitempty"` // sorted, none twice
	Note string   `json:"note,omitempty"`
}

// With returns the annotation with the name and the note of more, where it has them,
// and with the tags of both.
func (a Annotation) With(more Annotation) Annotation {
	if more.Name != "" {
		a.Name = more.Name
	}
	if more.Note != "" {
		a.Note = more.Note
	}
	a.Tags = slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.Tags, more.Tags))))
	return a
}

// Check reports a name or a tag that is none. Both are words of letters, digits, ".",
// "-" and "_" that begin with a letter or digit, so that they can be file names and
// need no quotes in a shell.
func (a Annotation) Check() error {
	var problems []error
	for _, word := range append([]string{a.Name}, a.Tags...) {
		if word != "" && !isWord(word) {
			problems = append(problems, fmt.Errorf("run: name or tag %q: want at most %d letters, digits, \".\", \"-\" and \"_\", a letter or digit first, like office-tls", word, maxWord))
		}
	}
	if a.Name == "latest" {
		problems = append(problems, errors.New(`run: name "latest": the link to the run that finished last is called so: want another name`))
	}
	return errors.Join(problems...)
}

// maxWord is the greatest length of a name or a tag, in bytes.
const maxWord = 64

// isWord reports whether a text can be a name or a tag.
func isWord(text string) bool {
	for i, r := range text {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !letter && (i == 0 || !strings.ContainsRune(".-_", r)) {
			return false
		}
	}
	return len(text) > 0 && len(text) <= maxWord
}

// CheckName reports why the run in dir cannot have a name below runsDir: another run
// or an experiment has it.
func CheckName(runsDir, name, dir string) error {
	if ids, err := IDs(runsDir, name); err == nil && len(ids) > 0 {
		return fmt.Errorf("run: name %q: an experiment is called so: want another name", name)
	}
	runs, _, err := List(runsDir)
	if err != nil {
		return err
	}
	for _, m := range runs {
		if m.Name == name && !sameFolder(m.Dir, dir) {
			return fmt.Errorf("run: name %q: %s is called so: want another name, or remove that run", name, m.Dir)
		}
	}
	return nil
}

// sameFolder reports whether two paths lead to one folder.
func sameFolder(a, b string) bool {
	first, err1 := os.Stat(a)
	second, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(first, second)
}

// naming calls do, which writes the manifest of the run in dir, while no other process
// below runsDir can give a name, if the run can have the name; "" needs no such care.
func naming(runsDir, name, dir string, do func() error) error {
	if name == "" {
		return do()
	}
	for try := 0; ; try++ {
		lock, err := filelock.Try(runsDir)
		if err != nil {
			return fmt.Errorf("run: %w", err)
		}
		if lock != nil {
			defer lock.Close()
			if err := CheckName(runsDir, name, dir); err != nil {
				return err
			}
			return do()
		}
		if try == 250 {
			return fmt.Errorf("run: name %q: another process has been naming runs in %s for 5 s: try again", name, runsDir)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Annotate replaces what a run that is not under way is called. It writes nothing where
// the run is called so already.
func (m *Manifest) Annotate(a Annotation) error {
	if a.Name == m.Name && a.Note == m.Note && slices.Equal(a.Tags, m.Tags) {
		return nil
	}
	dir, err := filepath.EvalSymlinks(m.Dir)
	if err == nil {
		dir, err = filepath.Abs(dir)
	}
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return naming(filepath.Dir(filepath.Dir(dir)), a.Name, dir, func() error {
		lock, err := claim(m.Dir)
		if err != nil {
			return fmt.Errorf("run: %w: name it when it has ended", err)
		}
		now, err := Open(m.Dir) // it may have been made again since m was read
		if err == nil {
			now.Annotation = a
			err = now.save()
		}
		if err == nil {
			*m = *now
		}
		return errors.Join(err, lock.Close())
	})
}

// namedFolder returns the folder of the run that a user gave the name; "": none has it.
func namedFolder(runsDir, name string) (string, error) {
	runs, _, err := List(runsDir)
	if err != nil {
		return "", err
	}
	var dirs []string
	for _, m := range runs {
		if m.Name == name {
			dirs = append(dirs, m.Dir)
		}
	}
	if len(dirs) > 1 {
		return "", fmt.Errorf("run: %d runs are called %s: %s: want one of these folders", len(dirs), name, strings.Join(dirs, ", "))
	}
	return strings.Join(dirs, ""), nil
}
