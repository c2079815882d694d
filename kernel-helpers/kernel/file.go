package kernel

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// file is what this package reads of a notebook (nbformat 4).
type file struct {
	Cells []cell `json:"cells"`
}

// cell is a cell of a notebook. A code cell has outputs.
type cell struct {
	Type     string   `json:"cell_type"`
	Source   text     `json:"source"`
	Outputs  []output `json:"outputs"`
	Metadata struct {
		Tags []string `json:"tags"`
	} `json:"metadata"`
}

// output is what a cell has shown: a stream of text, data of several kinds, or an error.
type output struct {
	Type string          `json:"output_type"`
	Name string          `json:"name"` // of a stream
	Text text            `json:"text"` // of a stream
	Data map[string]text `json:"data"` // by media type
}

// text is a string that nbformat stores as one string or as a list of its lines.
type text string

// UnmarshalJSON reads both forms. Other JSON stays as it is written.
func (t *text) UnmarshalJSON(data []byte) error {
	var lines []string
	if json.Unmarshal(data, &lines) == nil {
		*t = text(strings.Join(lines, ""))
		return nil
	}
	var whole string
	if json.Unmarshal(data, &whole) == nil {
		*t = text(whole)
		return nil
	}
	*t = text(data)
	return nil
}

// readFile reads a notebook.
func readFile(path string) (file, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return file{}, fmt.Errorf("kernel: %w", err)
	}
	return parse(path, data)
}

// parse reads the text of a notebook that is called so in messages.
func parse(path string, data []byte) (file, error) {
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return f, fmt.Errorf("kernel: %s: %w", path, err)
	}
	return f, nil
}

// kind is the kind of an output, like "display_data (image/png, image/svg+xml)".
func (o output) kind() string {
	if o.Type == "stream" {
		return o.Type + " " + o.Name
	}
	return o.Type + " (" + strings.Join(slices.Sorted(maps.Keys(o.Data)), ", ") + ")"
}

// words is the text of an output that a person reads; "" for a picture.
func (o output) words() string {
	all := []string{string(o.Text)}
	for _, media := range slices.Sorted(maps.Keys(o.Data)) {
		if strings.HasPrefix(media, "text/") {
			all = append(all, string(o.Data[media]))
		}
	}
	return strings.Join(all, "\n")
}
