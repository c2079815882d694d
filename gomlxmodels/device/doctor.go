package device

import (
	"context"
	"fmt"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
)

// platforms are those that XLA plugins can be loaded on.
const platforms = "linux/amd64, linux/arm64 or darwin/arm64"

// Finding is what Doctor found out about one backend.
type Finding struct {
	Name    string `json:"name"`           // "xla:cuda", "xla:cpu", "go"
	Path    string `json:"path,omitempty"` // of the plugin
	Source  string `json:"source,omitempty"`
	Works   bool   `json:"works"`
	Detail  string `json:"detail"`         // what it is, or why it does not work
	Mend    string `json:"mend,omitempty"` // what to do where it does not work
	Default bool   `json:"default"`        // whether Open would choose it
}

// Doctor tries every backend that there is by computing with it, and says how to mend
// what does not work. It installs nothing.
func Doctor(ctx context.Context, o Options) []Finding {
	var findings []Finding
	for _, kind := range []string{"cuda", "cpu"} {
		findings = append(findings, o.examine(ctx, kind)...)
	}
	works := Finding{Name: "go", Works: true}
	if d, err := openGo("", ""); err != nil {
		works.Works, works.Detail = false, err.Error()
	} else {
		works.Detail = d.Description
		if err := d.check(); err != nil {
			works.Works, works.Detail = false, err.Error()
		}
		d.Close()
	}
	findings = append(findings, works)
	for i := range findings {
		if findings[i].Works {
			findings[i].Default = true
			break
		}
	}
	return findings
}

// examine reports on each plugin of a kind, or on its absence.
func (o Options) examine(ctx context.Context, kind string) []Finding {
	name := "xla:" + kind
	if !haveXLA {
		return []Finding{{Name: name, Detail: "this program was built without XLA", Mend: "build it with CGO_ENABLED=1 on " + platforms}}
	}
	if kind == "cuda" && !gpu() {
		return []Finding{{Name: name, Detail: "no NVIDIA GPU: no " + deviceFile, Mend: "on a machine with a GPU, install its driver"}}
	}
	found := o.find(ctx, kind)
	if len(found) == 0 {
		return []Finding{{Name: name, Detail: errNoPlugin.Error(), Mend: advice(ctx, kind)}}
	}
	var findings []Finding
	for _, p := range found {
		f := Finding{Name: name, Path: p.path, Source: p.source}
		d, err := openChecked(ctx, p, "")
		if err == nil {
			f.Detail = strings.TrimSpace(d.Description + ", " + d.PluginVersion)
			err = d.check()
			d.Close()
		}
		f.Works = err == nil
		if err != nil {
			f.Detail, f.Mend = err.Error(), "remove the file or install another version: "+advice(ctx, kind)
		}
		findings = append(findings, f)
	}
	return findings
}

// check computes 1+1 on the device: loading a plugin proves little.
func (d *Device) check() error {
	sum, err := graph.CallOnce(d.Backend, func(x *graph.Node) *graph.Node { return graph.Add(x, x) }, []float32{1, 2})
	if err != nil {
		return fmt.Errorf("device: %s: compute: %w", d.Name, err)
	}
	if got, ok := sum.Value().([]float32); !ok || len(got) != 2 || got[0] != 2 || got[1] != 4 {
		return fmt.Errorf("device: %s: computes 1+1, 2+2 = %v", d.Name, sum.Value())
	}
	return nil
}
