// Package catalog knows data sets by name: the embedded captures, and published ones that are downloaded and checked.
//
// [All] lists them as [Info]; a [Catalog] is the folder of those that were fetched: Fetch brings a data set into it, Paths are its files, Data
// those of them that hold its packets, and Open opens one of them. [Catalog.Published] finds the files of one application of NeCSTGen's.
//
// A file is downloaded to NAME.part, continued after a cut, checked against its size and SHA-256, and only then given its name, so whatever
// bears a data set's name in the catalog's folder is whole. Where no digest is published the first download needs the user's word
// (FetchOptions.AcceptUnknown); its digest is written down and holds from then on.
package catalog

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/datasets/testbed"
)

// Info describes a data set.
type Info struct {
	Name        string // as in `data fetch NAME`: lower case, with slashes
	Title       string
	Description string
	Home        string // the page that describes it
	License     string
	Citation    string
	Files       []File // nil: embedded in the program

	folder   string // below the catalog's folder; "": Name
	data     string // path of the file that holds the packets; "": all do
	embedded func() (io.ReadCloser, error)
}

// Embedded reports whether the data set is part of the program.
func (i Info) Embedded() bool { return i.embedded != nil }

// Size returns the bytes of all files, 0 where those of one are not known.
func (i Info) Size() int64 {
	var sum int64
	for _, f := range i.Files {
		if f.Size == 0 {
			return 0
		}
		sum += f.Size
	}
	return sum
}

// Known counts the files whose digest is published or was measured, so that a download can be checked.
func (i Info) Known() int {
	n := 0
	for _, f := range i.Files {
		if f.SHA256 != "" {
			n++
		}
	}
	return n
}

// Noted reports whether every file's digest is known or was written down when it was first fetched, so that a change would show.
func (c *Catalog) Noted(info Info) bool {
	root, err := c.folder(info)
	return err == nil && !slices.ContainsFunc(info.Files, func(f File) bool {
		return f.SHA256 == "" && recorded(filepath.Join(root, filepath.FromSlash(f.Path))) == ""
	})
}

// File is one file of a data set.
type File struct {
	Path   string // below the data set's folder, with slashes; the key of --from DIR is its last element
	URL    string
	Size   int64  // bytes; 0: unknown
	SHA256 string // lower-case hexadecimal; "": unknown
	Unpack bool   // a zip file whose members are the data
}

// Catalog is the data sets and the folder that holds what was fetched. The zero value has the published data sets and the user's cache folder.
type Catalog struct {
	Dir  string // "": NECSTGEN_DATA, else necstgen/data in the user's cache folder
	Sets []Info // nil: All()
}

// Get returns a data set's description; the error names the nearest one.
func (c *Catalog) Get(name string) (Info, error) {
	info, _, err := c.find(name)
	return info, err
}

// Match lists the names of the data sets that were downloaded or can be, and that match a
// pattern as path.Match has it. A name without any of its special characters matches none.
func (c *Catalog) Match(pattern string) []string {
	if !strings.ContainsAny(pattern, "*?[") {
		return nil
	}
	var names []string
	for _, i := range c.sets() {
		if ok, err := path.Match(pattern, i.Name); err == nil && ok && i.embedded == nil {
			names = append(names, i.Name)
		}
	}
	return names
}

// sets returns the data sets of the catalog.
func (c *Catalog) sets() []Info {
	if c.Sets == nil {
		return All()
	}
	return c.Sets
}

// find looks up NAME or NAME/FILE; inside is FILE.
func (c *Catalog) find(name string) (info Info, inside string, err error) {
	sets := c.sets()
	if i := slices.IndexFunc(sets, func(i Info) bool { return i.Name == name }); i >= 0 {
		return sets[i], "", nil
	}
	for _, i := range sets {
		if rest, ok := strings.CutPrefix(name, i.Name+"/"); ok && i.has(rest) {
			return i, rest, nil
		}
	}
	names := make([]string, len(sets))
	for i := range sets {
		names[i] = sets[i].Name
	}
	return Info{}, "", fmt.Errorf("catalog: unknown data set %q: want one of %s, or a file", name, strings.Join(names, ", "))
}

// relative returns a data file's name below its data set's folder, with slashes.
func (c *Catalog) relative(info Info, path string) string {
	root, err := c.folder(info)
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(root, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(rel)
}

// folder returns where a data set's files lie.
func (c *Catalog) folder(info Info) (string, error) {
	dir, err := c.root()
	return filepath.Join(dir, filepath.FromSlash(cmp.Or(info.folder, info.Name))), err
}

// root returns the catalog's folder.
func (c *Catalog) root() (string, error) {
	dir := c.Dir
	if dir == "" {
		dir = os.Getenv("NECSTGEN_DATA")
	}
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("catalog: no folder for data: set NECSTGEN_DATA: %w", err)
		}
		dir = filepath.Join(cache, "necstgen", "data")
	}
	return dir, nil
}

// walk lists the plain files below root in order.
func walk(root string) ([]string, error) {
	var paths []string
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			paths = append(paths, path)
		}
		return err
	})
	return paths, err
}

// office describes the first embedded capture.
func office() Info {
	return Info{
		Name:        "testbed",
		Title:       "Testbed: HTTP, SMTP, DNS, SNMP",
		Description: "Real servers and clients in network namespaces, scripted load (datasets/testbed). The quickstart's data.",
		License:     "Apache-2.0",
		Citation:    "This project, datasets/testbed/README.md",
		embedded:    testbed.Open,
	}
}

// services describes the second embedded capture.
func services() Info {
	return Info{
		Name:  "testbed-services",
		Title: "Testbed: FTP, SSH, Telnet, IMAP, POP3, IRC, SIP, NTP, LoRaWAN and more",
		Description: "As testbed, with the other protocols (datasets/testbed); LoRaWAN's devices and gateways are simulated, " +
			"all other software is real.",
		License:  "Apache-2.0",
		Citation: "This project, datasets/testbed/README.md",
		embedded: testbed.OpenServices,
	}
}
