package runner

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
	"github.com/necstgen/necstgen/experiments/pipeline"
)

// Read reads the file of experiments. An error is a Mistake.
func (r *Runner) Read() (*config.File, error) {
	name := cmp.Or(r.File, "experiments.toml")
	f, err := os.Open(name)
	missing := errors.Is(err, fs.ErrNotExist)
	var in io.Reader = f
	switch {
	case missing && r.File == "":
		name, in = "experiments.toml (built in)", strings.NewReader(necstgen.Experiments)
	case missing:
		return nil, Mistake{fmt.Errorf("%s: no such file: want a file of experiments; without --file those of this program are taken", name)}
	case err != nil:
		return nil, Mistake{err}
	default:
		defer f.Close()
	}
	file, err := config.Read(in, name)
	if err != nil {
		return nil, Mistake{err}
	}
	return file, nil
}

// Experiment resolves an experiment with overrides and says which settings they change.
// An error is a Mistake.
func (r *Runner) Experiment(name string, overrides []string) (config.Experiment, error) {
	file, err := r.Read()
	if err != nil {
		return config.Experiment{}, err
	}
	base, err := file.Experiment(name)
	if err != nil {
		return config.Experiment{}, Mistake{err}
	}
	e, err := base.Override(overrides...)
	if err == nil {
		err = pipeline.CheckKeys(e, overrides)
	}
	if err != nil {
		return config.Experiment{}, Mistake{err}
	}
	r.sayChanges(base, e)
	return e, nil
}

// sayChanges says each key whose value an override changed.
func (r *Runner) sayChanges(base, changed config.Experiment) {
	for _, key := range config.Keys() {
		before, err1 := base.Value(key)
		after, err2 := changed.Value(key)
		switch {
		case errors.Join(err1, err2) != nil || before == after:
		case before == "":
			r.Terminal.Printf("%s = %s\n", key, after)
		default:
			r.Terminal.Printf("%s = %s (was %s)\n", key, after, before)
		}
	}
}
