package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
)

// Replace writes one artifact of a finished run again, or adds one, and notes its
// new digest in the manifest.
func (m *Manifest) Replace(name string, write func(io.Writer) error) error {
	if !filepath.IsLocal(filepath.FromSlash(name)) || !counts(name) {
		return fmt.Errorf("run: artifact %q: want a name inside the run folder", name)
	}
	if m.Status != Finished {
		return fmt.Errorf("run: %s is %s: want a finished run", m.Dir, m.Status)
	}
	var data bytes.Buffer
	if err := write(&data); err != nil {
		return fmt.Errorf("run: artifact %s: %w", name, err)
	}
	if err := replace(m.Path(name), data.Bytes()); err != nil {
		return fmt.Errorf("run: artifact %s: %w", name, err)
	}
	artifacts := map[string]Artifact{}
	for _, a := range m.Artifacts {
		artifacts[a.Name] = a
	}
	a := Artifact{Name: name, Bytes: int64(data.Len()), SHA256: sum(data.Bytes())}
	artifacts[name] = a
	m.Artifacts = sorted(artifacts)
	for i := range m.Stages {
		if _, ok := m.Stages[i].Outputs[name]; ok {
			m.Stages[i].Outputs[name] = a.SHA256
		}
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("run: manifest: %w", err)
	}
	if err := replace(m.Path(ManifestName), slices.Concat(text, []byte("\n"))); err != nil {
		return fmt.Errorf("run: manifest: %w", err)
	}
	return nil
}
