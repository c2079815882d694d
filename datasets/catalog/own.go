package catalog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// ownPrefix begins the names of the user's imported data sets.
const ownPrefix = "own/"

// ownName is what a user may call a data set: no path, no surprise in a shell.
var ownName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Import copies the user's file into the catalog under own/NAME, with its digest written down, so that experiments find it by name on every
// day. An existing name is an error.
func (c *Catalog) Import(ctx context.Context, path, name string) (Info, error) {
	if !ownName.MatchString(name) || strings.HasSuffix(name, ".part") {
		return Info{}, fmt.Errorf("catalog: import: name %q: want up to 64 letters, digits, dots, hyphens or underscores, beginning with a letter or digit", name)
	}
	stat, err := os.Stat(path)
	if err != nil {
		return Info{}, fmt.Errorf("catalog: import: %w", err)
	}
	if !stat.Mode().IsRegular() || stat.Size() == 0 {
		return Info{}, fmt.Errorf("catalog: import: %s: want a file that is not empty", path)
	}
	info := ownInfo(name, filepath.Base(path))
	root, err := c.folder(info)
	if err != nil {
		return Info{}, err
	}
	if err := os.MkdirAll(filepath.Dir(root), 0o755); err != nil {
		return Info{}, fmt.Errorf("catalog: import: %w", err)
	}
	if err := os.Mkdir(root, 0o755); errors.Is(err, os.ErrExist) {
		return Info{}, fmt.Errorf("catalog: import: %s is there already: remove %s or choose another name", info.Name, root)
	} else if err != nil {
		return Info{}, fmt.Errorf("catalog: import: %w", err)
	}
	options := FetchOptions{From: filepath.Dir(path), AcceptUnknown: true}.withDefaults()
	if err := c.fetchFile(ctx, info.Name, root, info.Files[0], options); err != nil {
		return Info{}, errors.Join(fmt.Errorf("catalog: import: %w", err), os.RemoveAll(root))
	}
	return info, nil
}

// own lists the imported data sets; a folder that cannot be read has none.
func (c *Catalog) own() []Info {
	root, err := c.root()
	if err != nil {
		return nil
	}
	sums, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(ownPrefix), "*", "*.sha256"))
	if err != nil {
		return nil
	}
	var sets []Info
	for _, sum := range sums {
		target := strings.TrimSuffix(sum, ".sha256")
		if digest := recorded(target); digest != "" {
			info := ownInfo(filepath.Base(filepath.Dir(sum)), filepath.Base(target))
			info.Files[0].SHA256, info.Files[0].Size = digest, size(target)
			sets = append(sets, info)
		}
	}
	return sets
}

func ownInfo(name, file string) Info {
	return Info{Name: ownPrefix + name, Title: file, Description: "Imported by the user.", License: "the user's", Files: []File{{Path: file}}}
}
