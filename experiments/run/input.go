package run

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// inputDigests looks a stage's inputs up.
func (r *Run) inputDigests(names []string) (map[string]string, error) {
	digests := make(map[string]string, len(names))
	for _, name := range names {
		digest, err := r.inputDigest(name)
		if err != nil {
			return nil, err
		}
		digests[name] = digest
	}
	return digests, nil
}

func (r *Run) inputDigest(name string) (string, error) {
	for _, in := range r.Spec.Inputs {
		if in.Name == name {
			return in.SHA256, nil
		}
	}
	if key, ok := strings.CutPrefix(name, "config."); ok {
		return configDigest(r.Spec, key)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if a, ok := r.artifacts[name]; ok {
		return a.SHA256, nil
	}
	var text bytes.Buffer
	for _, a := range sorted(r.artifacts) {
		if strings.HasPrefix(a.Name, name+"/") {
			fmt.Fprintf(&text, "%s %s\n", a.SHA256, a.Name)
		}
	}
	if text.Len() == 0 {
		return "", fmt.Errorf("input %q is no input of the run, no artifact so far and no key behind %q", name, "config.")
	}
	return sum(text.Bytes()), nil
}

// configDigest is the digest of one key or table of the configuration.
func configDigest(spec Spec, key string) (string, error) {
	data, err := json.Marshal(spec.Config)
	if err != nil {
		return "", err
	}
	for part := range strings.SplitSeq(key, ".") {
		var table map[string]json.RawMessage
		if err := json.Unmarshal(data, &table); err != nil || table[part] == nil {
			return "", fmt.Errorf("input %q is no key of the configuration", "config."+key)
		}
		data = table[part]
	}
	return sum(data), nil
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}
