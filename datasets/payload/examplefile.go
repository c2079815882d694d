package payload

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/necstgen/necstgen/datasets/flow"
)

// examplesVersion is the version of the JSON form of examples.
const examplesVersion = 1

// exampleFile is the JSON form of examples.
type exampleFile struct {
	Version  int       `json:"version"`
	Examples []Example `json:"examples"`
}

// WriteExamples saves examples as JSON.
func WriteExamples(w io.Writer, examples []Example) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(exampleFile{examplesVersion, examples}); err != nil {
		return fmt.Errorf("payload: write examples: %w", err)
	}
	return nil
}

// ReadExamples loads what WriteExamples saved, and reports every example that
// cannot be; name feeds messages.
func ReadExamples(r io.Reader, name string) ([]Example, error) {
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	var file exampleFile
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("payload: read examples %s: %w", name, err)
	}
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("payload: read examples %s: "+format, append([]any{name}, args...)...))
	}
	if file.Version != examplesVersion {
		bad("version is %d, want %d", file.Version, examplesVersion)
	}
	for i, e := range file.Examples {
		switch {
		case e.Proto != flow.TCP && e.Proto != flow.UDP:
			bad("examples[%d].proto is %d, want 6 (TCP) or 17 (UDP)", i, e.Proto)
		case e.Direction > flow.Backward:
			bad("examples[%d].direction is %d, want 0 or 1", i, e.Direction)
		case len(e.Bytes) == 0 || e.Length < len(e.Bytes):
			bad("examples[%d] has %d bytes of %d, want at least one and no more than were said", i, len(e.Bytes), e.Length)
		}
	}
	return file.Examples, errors.Join(problems...)
}
