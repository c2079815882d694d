package trace

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Files returns the files that names stand for, each once. A name is a file's, a
// folder's, which stands for the files in it that are neither hidden nor tables of flows
// beside generated captures, or a pattern as
// [filepath.Match] has it, which stands for the files and folders that it matches.
// Files of one folder or pattern come in natural order: trace2.pcap before
// trace10.pcap. "~" stands for nothing but itself. A name that gives no file is an
// error.
func Files(names []string) ([]string, error) {
	var files []string
	for _, name := range names {
		found, err := filesOf(name)
		if err != nil {
			return nil, fmt.Errorf("trace: %w", err)
		}
		files = addNew(files, found)
	}
	return files, nil
}

// addNew appends the files that are not yet among them.
func addNew(files, found []string) []string {
	for _, file := range found {
		if !slices.ContainsFunc(files, func(f string) bool { return filepath.Clean(f) == filepath.Clean(file) }) {
			files = append(files, file)
		}
	}
	return files
}

// filesOf returns the files of one name.
func filesOf(name string) ([]string, error) {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return filesIn(name)
	case err == nil:
		return []string{name}, nil
	case !errors.Is(err, fs.ErrNotExist) || !strings.ContainsAny(name, "*?["):
		return nil, fmt.Errorf("open %s: %w", name, errors.Unwrap(err))
	}
	matches, err := filepath.Glob(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: want a pattern like captures/*.pcap", name, err)
	}
	if len(matches) == 0 {
		return nil, fmt.Errorf("no file matches %s: %s", name, around(name))
	}
	slices.SortFunc(matches, natural)
	var files []string
	for _, match := range matches {
		found, err := filesOf(match)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}

// filesIn returns the files of a folder that are neither hidden nor beside a capture.
func filesIn(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		if info, err := os.Stat(path); err == nil && !info.IsDir() && !strings.HasPrefix(entry.Name(), ".") && !besideCapture(entry.Name()) {
			files = append(files, path)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s is a folder without files: want a folder of captures, or a pattern for those of its folders: %s", folder, filepath.Join(folder, "*"))
	}
	slices.SortFunc(files, natural)
	return files, nil
}

// besideCapture reports whether a file is a table of flows that generate has written
// beside a capture, as its name says.
func besideCapture(name string) bool {
	return strings.HasSuffix(name, ".flows.csv") || strings.HasSuffix(name, ".flows.parquet")
}

// around says what there is where a pattern without a match looks.
func around(pattern string) string {
	folder := filepath.Dir(pattern)
	for strings.ContainsAny(folder, "*?[") {
		folder = filepath.Dir(folder)
	}
	entries, err := os.ReadDir(folder)
	switch {
	case err != nil:
		return fmt.Sprintf("there is no folder %s", folder)
	case len(entries) == 0:
		return fmt.Sprintf("the folder %s is empty", folder)
	}
	return fmt.Sprintf("the folder %s has %d entries, such as %s", folder, len(entries), entries[0].Name())
}

// natural compares names so that numbers in them are in the order of their values.
func natural(a, b string) int {
	restA, restB := a, b
	for restA != "" && restB != "" {
		digitsA, digitsB := digits(restA), digits(restB)
		if digitsA == 0 || digitsB == 0 {
			if restA[0] != restB[0] {
				return cmp.Compare(restA[0], restB[0])
			}
			restA, restB = restA[1:], restB[1:]
			continue
		}
		x, y := strings.TrimLeft(restA[:digitsA], "0"), strings.TrimLeft(restB[:digitsB], "0")
		if order := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); order != 0 {
			return order
		}
		restA, restB = restA[digitsA:], restB[digitsB:]
	}
	return cmp.Or(cmp.Compare(len(restA), len(restB)), cmp.Compare(a, b)) // a007 and a7 differ in their zeros alone
}

// digits returns how many digits a text begins with.
func digits(text string) int {
	return len(text) - len(strings.TrimLeft(text, "0123456789"))
}
