// Package artifact reads and writes the artifacts of the generators' stages: one
// JSON value, or what a model's own Save and Load understand.
package artifact

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// Paths says where an artifact lies; generator.Kind's Load is given one, and
// stage.Env has one.
type Paths func(name string) (string, error)

// WriteJSON makes an artifact of one JSON value.
func WriteJSON(env *stage.Env, name string, v any) error {
	return env.Write(name, func(w io.Writer) error { return json.NewEncoder(w).Encode(v) })
}

// WriteFolder makes an artifact that is a folder, of what a model's Save writes there.
func WriteFolder(env *stage.Env, name string, save func(dir string) error) error {
	dir, err := env.OutPath(name)
	if err != nil {
		return err
	}
	return save(dir)
}

// ReadJSON reads an artifact of one JSON value into v.
func ReadJSON(paths Paths, name string, v any) error {
	_, err := Read(paths, name, func(r io.Reader, path string) (struct{}, error) {
		if err := json.NewDecoder(r).Decode(v); err != nil {
			return struct{}{}, fmt.Errorf("generator: load %s: %w", path, err)
		}
		return struct{}{}, nil
	})
	return err
}

// Read opens an artifact for a loader that takes a reader and a name.
func Read[T any](paths Paths, name string, load func(io.Reader, string) (T, error)) (T, error) {
	var none T
	path, err := paths(name)
	if err != nil {
		return none, err
	}
	f, err := os.Open(path)
	if err != nil {
		return none, fmt.Errorf("generator: load: %w", err)
	}
	defer f.Close()
	return load(f, path)
}
