package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/necstgen/necstgen"
	"github.com/necstgen/necstgen/experiments/config"
)

// readFile reads the file that --file names; without --file, experiments.toml of the
// working folder; and where there is none, the one that is built in.
func (c *command) readFile() (*config.File, error) {
	name := cmp.Or(c.file, "experiments.toml")
	f, err := os.Open(name)
	missing := errors.Is(err, fs.ErrNotExist)
	var r io.Reader = f
	switch {
	case missing && c.file == "":
		name, r = "experiments.toml (built in)", strings.NewReader(necstgen.Experiments)
	case missing:
		return nil, usageError{fmt.Errorf("%s: no such file: want a file of experiments; without --file those of this program are taken", name)}
	case err != nil:
		return nil, usageError{err}
	default:
		defer f.Close()
	}
	file, err := config.Read(r, name)
	if err != nil {
		return nil, usageError{err}
	}
	return file, nil
}
