package lstm

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// windowConfigFile stands beside the checkpoint and says how to read it.
const windowConfigFile = "window.json"

// windowVersion is the version of what Save writes.
const windowVersion = 1

// windowFile is the content of windowConfigFile.
type windowFile struct {
	Version int          `json:"version"`
	Config  WindowConfig `json:"config"`
}

// Save writes the network into dir, which it makes: its configuration, and its
// parameters as an ordinary GoMLX checkpoint.
func (w *Window) Save(dir string) error {
	if err := fit.Save(dir, w.Params); err != nil {
		return fmt.Errorf("lstm: save: %w", err)
	}
	text, err := json.MarshalIndent(windowFile{windowVersion, w.Config}, "", "  ")
	if err != nil {
		return fmt.Errorf("lstm: save: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, windowConfigFile), append(text, '\n'), 0o666); err != nil {
		return fmt.Errorf("lstm: save: %w", err)
	}
	return nil
}

// LoadWindow reads a network that Save wrote, to run on backend b.
func LoadWindow(b compute.Backend, dir string) (*Window, error) {
	name := filepath.Join(dir, windowConfigFile)
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("lstm: load: %w: %s is not the folder of a saved window network", err, dir)
	} else if err != nil {
		return nil, fmt.Errorf("lstm: load: %w", err)
	}
	var f windowFile
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("lstm: load %s: %w", name, err)
	}
	if f.Version != windowVersion {
		return nil, fmt.Errorf("lstm: load %s: version %d: this program reads version %d", name, f.Version, windowVersion)
	}
	params, err := fit.Load(dir)
	if err != nil {
		return nil, fmt.Errorf("lstm: load: %w", err)
	}
	w, err := newWindow(b, f.Config, params)
	if err != nil {
		return nil, fmt.Errorf("lstm: load %s: %w", dir, err)
	}
	return w, nil
}
