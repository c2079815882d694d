package fit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/checkpoint"
	"github.com/gomlx/gomlx/support/exceptions"
)

// orderKey is the Store parameter that keeps the order of the variables.
const orderKey = "/fit_variables"

// Save writes params as an ordinary GoMLX checkpoint (variables of a Store)
// into the folder dir, which it makes. The files are written aside and
// renamed, and their names and bytes depend on nothing but params and the
// number of checkpoints that were in the folder; older ones are removed.
func Save(dir string, params Params) error {
	return saveVariables(dir, params)
}

// Load reads the newest checkpoint of a folder that Save wrote. Parameters that are
// not finite are refused: they make a model that gives NaN.
func Load(dir string) (Params, error) {
	p, err := loadVariables(dir)
	if err != nil {
		return Params{}, err
	}
	for i, v := range p.Values {
		finite, err := allFinite(v)
		if err != nil {
			return Params{}, err
		}
		if !finite {
			return Params{}, fmt.Errorf("fit: load %s: parameter %q holds NaN or infinite values: train the model again", dir, p.Names[i])
		}
	}
	return p, nil
}

func saveVariables(dir string, params Params) error {
	store := model.NewStore()
	for i, name := range params.Names {
		if _, err := store.CreateVariable(name, params.Values[i]); err != nil {
			return fmt.Errorf("fit: save %s: parameter %q: %w", dir, name, err)
		}
	}
	order, err := json.Marshal(params.Names)
	if err != nil {
		return fmt.Errorf("fit: save %s: %w", dir, err)
	}
	store.SetParam(orderKey, string(order))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("fit: save: %w", err)
	}
	aside, err := os.MkdirTemp(dir, ".saving-")
	if err != nil {
		return fmt.Errorf("fit: save: %w", err)
	}
	defer os.RemoveAll(aside)
	if err := write(store, aside); err != nil {
		return fmt.Errorf("fit: save %s: %w", dir, err)
	}
	return publish(aside, dir)
}

func write(store *model.Store, dir string) (err error) {
	caught := exceptions.TryCatch[error](func() {
		var handler *checkpoint.Handler
		if handler, err = checkpoint.Build(store).Dir(dir).Keep(-1).Done(); err == nil {
			err = handler.Save()
		}
	})
	return errors.Join(err, caught)
}

var numbered = regexp.MustCompile(`^checkpoint-n(\d{7})\.(json|bin)$`)

// publish moves the one checkpoint in aside to dir under the next number. The
// JSON file comes last: a checkpoint without it does not exist.
func publish(aside, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("fit: save: %w", err)
	}
	next := 1
	var old []string
	for _, entry := range entries {
		if m := numbered.FindStringSubmatch(entry.Name()); m != nil {
			n, _ := strconv.Atoi(m[1])
			next = max(next, n+1)
			old = append(old, entry.Name())
		}
	}
	for _, suffix := range []string{checkpoint.BinDataSuffix, checkpoint.JsonNameSuffix} {
		from, err := filepath.Glob(filepath.Join(aside, "checkpoint-*"+suffix))
		if err != nil || len(from) != 1 {
			return fmt.Errorf("fit: save %s: wrote %d files %s (%v): must be one", dir, len(from), suffix, err)
		}
		if err := os.Chmod(from[0], 0o644); err != nil {
			return fmt.Errorf("fit: save: %w", err)
		}
		if err := os.Rename(from[0], filepath.Join(dir, fmt.Sprintf("checkpoint-n%07d%s", next, suffix))); err != nil {
			return fmt.Errorf("fit: save: %w", err)
		}
	}
	for _, name := range old {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("fit: save: remove old checkpoint: %w", err)
		}
	}
	return nil
}

func loadVariables(dir string) (Params, error) {
	if info, err := os.Stat(dir); err != nil {
		return Params{}, fmt.Errorf("fit: load: %w", err)
	} else if !info.IsDir() {
		return Params{}, fmt.Errorf("fit: load %s: not a folder", dir)
	}
	store := model.NewStore()
	var handler *checkpoint.Handler
	var err error
	caught := exceptions.TryCatch[error](func() { handler, err = checkpoint.Load(store).Dir(dir).Done() })
	if err = errors.Join(err, caught); err != nil {
		return Params{}, fmt.Errorf("fit: load %s: %w", dir, err)
	}
	order, _ := store.GetParam(orderKey)
	text, _ := order.(string)
	var p Params
	if err := json.Unmarshal([]byte(text), &p.Names); err != nil {
		return Params{}, fmt.Errorf("fit: load %s: no list of variables in the checkpoint: it was not written by this program: %w", dir, err)
	}
	loaded := map[string]*tensors.Tensor{}
	for key, value := range handler.LoadedVariables() {
		loaded[strings.TrimPrefix(key, "var:/")] = value
	}
	for _, name := range p.Names {
		value, ok := loaded[strings.TrimPrefix(name, "/")]
		if !ok {
			return Params{}, fmt.Errorf("fit: load %s: variable %q is missing in the checkpoint", dir, name)
		}
		p.Values = append(p.Values, value)
	}
	return p, nil
}
