// Package catalog knows data sets by name: the embedded captures, and published ones that are downloaded and checked.
//
// [All] lists them as [Info]; a [Catalog] is the folder of those that were fetched: Fetch brings a data set into it, Paths are its files, and
// Open opens one of them.
//
// A file is downloaded to NAME.part, continued after a cut, checked against its size and SHA-256, and only then given its name, so whatever
// bears a data set's name in the catalog's folder is whole. Where no digest is published the first download needs the user's word
// (FetchOptions.AcceptUnknown); its digest is written down and holds from then on.
package catalog

import (
	"errors"
	"fmt"
	"io"
	"os"
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
	embedded    func() (io.ReadCloser, error)
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

// Known reports whether every file's digest is published or was measured, so that a download can be checked.
func (i Info) Known() bool {
	return !slices.ContainsFunc(i.Files, func(f File) bool { return f.SHA256 == "" })
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

// Open opens a data set of the default catalog; see Catalog.Open.
func Open(name string) (io.ReadCloser, error) { return (&Catalog{}).Open(name) }

// Open opens a data set's data: an embedded capture, or a fetched file as it was published, which may be compressed (package trace reads
// it all the same). A data set of several files is opened by NAME/FILE.
func (c *Catalog) Open(name string) (io.ReadCloser, error) {
	info, inside, err := c.find(name)
	if err != nil {
		return nil, err
	}
	if info.embedded != nil {
		return info.embedded()
	}
	path, err := c.locate(info, inside)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("catalog: %s is not here: fetch it with: data fetch %s", name, info.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("catalog: %w", err)
	}
	return f, nil
}

// Paths lists the data files of a fetched data set, in order: its files, and the members of those that were unpacked.
func (c *Catalog) Paths(name string) ([]string, error) {
	info, inside, err := c.find(name)
	if err != nil {
		return nil, err
	}
	if inside != "" {
		path, err := c.locate(info, inside)
		return []string{path}, err
	}
	root, err := c.folder(info)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, f := range info.Files {
		path := filepath.Join(root, filepath.FromSlash(f.Path))
		if !f.Unpack {
			if _, err := os.Stat(path); err != nil {
				return nil, fmt.Errorf("catalog: %s is not here: fetch it with: data fetch %s", f.Path, info.Name)
			}
			paths = append(paths, path)
			continue
		}
		members, err := walk(strings.TrimSuffix(path, filepath.Ext(path)))
		if err != nil || len(members) == 0 {
			return nil, fmt.Errorf("catalog: %s is not here: fetch it with: data fetch %s", f.Path, info.Name)
		}
		paths = append(paths, members...)
	}
	return paths, nil
}

// Here reports whether all of a data set's files are in the catalog's folder.
func (c *Catalog) Here(info Info) bool {
	if info.embedded != nil {
		return true
	}
	_, err := c.Paths(info.Name)
	return err == nil
}

// Get returns a data set's description; the error names the nearest one.
func (c *Catalog) Get(name string) (Info, error) {
	info, _, err := c.find(name)
	return info, err
}

// find looks up NAME or NAME/FILE; inside is FILE.
func (c *Catalog) find(name string) (info Info, inside string, err error) {
	sets := c.Sets
	if sets == nil {
		sets = All()
	}
	for _, i := range sets {
		if name == i.Name {
			return i, "", nil
		}
		if rest, ok := strings.CutPrefix(name, i.Name+"/"); ok && filepath.IsLocal(filepath.FromSlash(rest)) {
			return i, rest, nil
		}
	}
	names := make([]string, len(sets))
	for i := range sets {
		names[i] = sets[i].Name
	}
	return Info{}, "", fmt.Errorf("catalog: unknown data set %q: want one of %s, or a file", name, strings.Join(names, ", "))
}

// locate returns the file that NAME/inside means; inside may be left out where there is one file.
func (c *Catalog) locate(info Info, inside string) (string, error) {
	paths, err := c.Paths(info.Name)
	if err != nil {
		return "", err
	}
	if inside == "" {
		if len(paths) > 1 {
			return "", fmt.Errorf("catalog: %s has %d files: name one of them, such as %s/%s", info.Name, len(paths), info.Name, c.relative(info, paths[0]))
		}
		return paths[0], nil
	}
	for _, p := range paths {
		if c.relative(info, p) == inside {
			return p, nil
		}
	}
	return "", fmt.Errorf("catalog: %s has no file %s: it has %s and %d more", info.Name, inside, c.relative(info, paths[0]), len(paths)-1)
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
	return filepath.Join(dir, filepath.FromSlash(info.Name)), err
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
