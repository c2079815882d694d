//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64))

package device

import (
	"cmp"
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
		prepareCUDA(p.path)
	}
	b, err := newClient(p.config(options), p.kind)
	if err != nil {
		return nil, firstLine(err)
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
		if !strings.Contains(options, "preallocate") {
			config += ",preallocate=false" // GPUs are shared
		}
	}
	if options != "" {
		config += "," + options
	}
	return config
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

// prepareCUDA points XLA to the CUDA libraries beside a JAX wheel. go-xla only
// looks beside plugins that it installed itself, and warns otherwise.
func prepareCUDA(path string) {
	packages := filepath.Dir(filepath.Dir(filepath.Dir(path))) // site-packages
	for _, pattern := range []string{"nvidia/cu1[0-9]", "nvidia/cuda_nvcc", "nvidia"} {
		found, _ := filepath.Glob(filepath.Join(packages, pattern))
		if len(found) == 0 {
			continue
		}
		os.Setenv("GOPJRT_CUDA_CHECKS", "0")
		if flags := os.Getenv("XLA_FLAGS"); !strings.Contains(flags, "xla_gpu_cuda_data_dir") {
			os.Setenv("XLA_FLAGS", strings.TrimSpace(flags+" --xla_gpu_cuda_data_dir="+found[len(found)-1]))
		}
		return
	}
}

// firstLine drops the stack traces that go-xla's errors print with %v.
func firstLine(err error) error {
	line, _, more := strings.Cut(err.Error(), "\n")
	if !more {
		return err
	}
	return fmt.Errorf("%s", line)
}
