package lstm

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// sampledConfigFile stands beside the checkpoint and says how to read it.
const sampledConfigFile = "sampled.json"

// Save writes the network into dir: its configuration, and its parameters as a
// GoMLX checkpoint.
func (s *Sampled) Save(dir string) error {
	if err := fit.Save(dir, s.Params); err != nil {
		return fmt.Errorf("lstm: save: %w", err)
	}
	text, err := json.MarshalIndent(s.Config, "", "  ")
	if err != nil {
		return fmt.Errorf("lstm: save: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, sampledConfigFile), append(text, '\n'), 0o666); err != nil {
		return fmt.Errorf("lstm: save: %w", err)
	}
	return nil
}

// LoadSampled reads a network that Save wrote, to run on backend b.
func LoadSampled(b compute.Backend, dir string) (*Sampled, error) {
	name := filepath.Join(dir, sampledConfigFile)
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("lstm: load: %w", err)
	}
	s := &Sampled{backend: b}
	if err := json.Unmarshal(text, &s.Config); err != nil {
		return nil, fmt.Errorf("lstm: load %s: %w", name, err)
	}
	if err := s.Config.Validate(); err != nil {
		return nil, fmt.Errorf("lstm: load %s: %w", name, err)
	}
	if s.Params, err = fit.Load(dir); err != nil {
		return nil, fmt.Errorf("lstm: load: %w", err)
	}
	if err := newNetwork(s.Config).checkParams(s.Params); err != nil {
		return nil, fmt.Errorf("lstm: load %s: %w", dir, err)
	}
	return s, nil
}
