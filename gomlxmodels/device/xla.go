//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64))

package device

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/pjrt"
)

// haveXLA reports whether this build can load XLA plugins.
const haveXLA = true

// openPlugin loads a plugin and makes its client.
func openPlugin(p plugin, options string) (*Device, error) {
	xla.EnableAutoInstall(false) // installation is this package's business
	digest, err := digestOf(p.path)
	if err != nil {
		return nil, err
	}
	if p.kind == "cuda" {
		// The plugin finds its libraries beside the place that it is loaded from.
		if real, err := filepath.EvalSymlinks(p.path); err == nil {
			p.path = real
		}
		if err := prepareCUDA(p.path); err != nil {
			return nil, err
		}
		options = cudaOptions(options, cards())
	}
	b, err := newClient(p.config(options), p.kind)
	if err != nil {
		return nil, cause(err)
	}
	d := &Device{Backend: b, Name: "xla:" + p.kind, PluginPath: p.path, pluginDigest: digest, options: options, flags: os.Getenv("XLA_FLAGS")}
	d.Description = b.DeviceDescription(0)
	if p.kind == "cpu" {
		d.threads = cmp.Or(os.Getenv(threadsVariable), strconv.Itoa(runtime.NumCPU()))
		d.Description = fmt.Sprintf("XLA on %d CPUs, %s", runtime.NumCPU(), runtime.GOARCH)
	}
	if loaded, err := pjrt.GetPlugin(p.path); err == nil {
		major, minor := loaded.Version()
		d.PluginVersion = fmt.Sprintf("PJRT %d.%d", major, minor)
	}
	return d, nil
}

// config is what go-xla is to open: the plugin's path and options.
func (p plugin) config(options string) string {
	config := p.path
	if p.kind == "cuda" {
		config += ",noshared_buffers" // go-xla guesses from the path, which may hold "cpu"
	}
	if options != "" {
		config += "," + options
	}
	return config
}

// cards is how many GPUs the driver shows.
func cards() int {
	found, _ := filepath.Glob(deviceFile)
	return len(found)
}

// newClient makes a client of the plugin. The CPU plugin would pretend to have
// four devices and start a thread for each: with more threads than processors
// the small kernels of our models wait for each other, a fifth of the VAE's
// training step on two processors. An older plugin may not know the option.
func newClient(config, kind string) (*xla.Backend, error) {
	if kind == "cpu" {
		b, err := xla.NewWithOptions(config, pjrt.NamedValuesMap{"cpu_device_count": int64(1)})
		if err == nil {
			return b, nil
		}
	}
	return xla.NewWithOptions(config, nil)
}

// cause drops what go-xla puts before an error of the plugin: its path, twice.
func cause(err error) error {
	err = firstLine(err)
	if _, rest, long := strings.Cut(err.Error(), ` for backend "xla": `); long {
		return errors.New(rest)
	}
	return err
}

// firstLine drops the stack traces that go-xla's errors print with %v.
func firstLine(err error) error {
	line, _, more := strings.Cut(err.Error(), "\n")
	if !more {
		return err
	}
	return fmt.Errorf("%s", line)
}
