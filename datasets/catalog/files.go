package catalog

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Open opens a data set of the default catalog; see Catalog.Open.
func Open(name string) (io.ReadCloser, error) { return (&Catalog{}).Open(name) }

// Open opens a data set's packets: an embedded capture, or a fetched file as it was published, which may be compressed (package trace reads
// it all the same). A data set whose packets stand in several files is opened by NAME/FILE.
func (c *Catalog) Open(name string) (io.ReadCloser, error) {
	info, err := c.Get(name)
	if err != nil {
		return nil, err
	}
	if info.embedded != nil {
		return info.embedded()
	}
	paths, err := c.Data(name)
	if err != nil {
		return nil, err
	}
	if len(paths) > 1 {
		return nil, fmt.Errorf("catalog: %s has %d files: name one of them, such as %s/%s", name, len(paths), info.Name, c.relative(info, paths[0]))
	}
	f, err := os.Open(paths[0])
	if err != nil {
		return nil, fmt.Errorf("catalog: %w", err)
	}
	return f, nil
}

// Data lists the files of a fetched data set that hold its packets, in order, or of all data sets whose names a pattern matches. NAME/FILE is
// the one file. The error of a data set that was not fetched says with which command it is.
func (c *Catalog) Data(name string) ([]string, error) {
	if matches := c.Match(name); len(matches) > 0 {
		var all []string
		for _, match := range matches {
			paths, err := c.Data(match)
			if err != nil {
				return nil, err
			}
			all = append(all, paths...)
		}
		return all, nil
	}
	info, inside, err := c.find(name)
	if err != nil {
		return nil, err
	}
	if info.Name == samplesName && inside == "" {
		return nil, fmt.Errorf("catalog: %s has the files of several applications: name one of them, such as %s, or one file, such as %s/%s",
			info.Name, applicationSet(applications[0]), info.Name, info.Files[0].Path)
	}
	inside = cmp.Or(inside, info.data)
	if i := slices.IndexFunc(info.Files, func(f File) bool { return f.Path == inside && !f.Unpack }); i >= 0 {
		return c.one(name, info, info.Files[i])
	}
	paths, err := c.Paths(info.Name)
	if err != nil || inside == "" {
		return paths, err
	}
	if i := slices.IndexFunc(paths, func(p string) bool { return c.relative(info, p) == inside }); i >= 0 {
		return paths[i : i+1], nil
	}
	return nil, fmt.Errorf("catalog: %s has no file %s: it has %s and %d more", info.Name, inside, c.relative(info, paths[0]), len(paths)-1)
}

// one returns the path of one file of a data set, which name means.
func (c *Catalog) one(name string, info Info, f File) ([]string, error) {
	root, err := c.folder(info)
	if err != nil {
		return nil, err
	}
	if here := f.here(root); here != nil {
		return here, nil
	}
	return nil, missing(name, f)
}

// has reports whether the data set has a file of that path, or may have: what a zip file holds is known when it is here.
func (i Info) has(path string) bool {
	return slices.ContainsFunc(i.Files, func(f File) bool {
		return f.Path == path || f.Unpack && filepath.IsLocal(filepath.FromSlash(path))
	})
}

// missing returns the error of a file that was not fetched.
func missing(name string, f File) error {
	command := "data fetch " + name
	if f.SHA256 == "" {
		command += " --accept-unknown"
	}
	return fmt.Errorf("catalog: %s is not here: fetch it with: %s (add --from FOLDER to copy it from a folder that has it)", name, command)
}

// Paths lists the files of a fetched data set that are here, in order: its files, and the members of those that were unpacked. It is an error
// if none is.
func (c *Catalog) Paths(name string) ([]string, error) {
	info, inside, err := c.find(name)
	if err != nil {
		return nil, err
	}
	if inside != "" {
		return c.Data(name)
	}
	root, err := c.folder(info)
	if err != nil || info.embedded != nil {
		return nil, err
	}
	var paths []string
	for _, f := range info.Files {
		paths = append(paths, f.here(root)...)
	}
	if len(paths) == 0 {
		return nil, missing(name, info.Files[0])
	}
	return paths, nil
}

// here lists what the file has brought into the data set's folder: itself or its members, or nothing.
func (f *File) here(root string) []string {
	path := filepath.Join(root, filepath.FromSlash(f.Path))
	if f.Unpack {
		members, _ := walk(strings.TrimSuffix(path, filepath.Ext(path))) // no folder: nothing is here
		return members
	}
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	return []string{path}
}

// Here counts the files of a data set that are in the catalog's folder.
func (c *Catalog) Here(info Info) int {
	root, err := c.folder(info)
	if err != nil {
		return 0
	}
	n := 0
	for _, f := range info.Files {
		if f.here(root) != nil {
			n++
		}
	}
	return n
}
