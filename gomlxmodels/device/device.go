// Package device opens the backend that models compute on, records which one and
// why, and installs XLA's CPU plugin where it is missing.
//
// Open takes Options and returns a Device; its Identity stands for all that decides
// the bits of a result. Doctor tries every backend and returns a Finding for each.
//
// The order of preference: what the user asks for (Options.Backend, then
// GOMLX_BACKEND); xla:cuda where a GPU and its plugin are; xla:cpu where its plugin
// is or can be installed; else the pure Go backend, which needs nothing and
// is some ten to a hundred times slower. A binary built without cgo has the Go
// backend alone.
//
// Plugins are searched in the folders that PJRT_PLUGIN_LIBRARY_PATH lists, in
// those of go-xla (https://github.com/gomlx/go-xla), in this program's cache
// folder, and, for CUDA, in installed JAX wheels, those that the driver runs first
// (FindDriver). GOMLX_NO_AUTO_INSTALL turns installation off.
//
// On a GPU, memory is taken as it is needed, products are computed without TF32, XLA
// takes the same kernels in every run, and of several cards the first that
// CUDA_VISIBLE_DEVICES shows computes; options behind the name of a backend, such as
// "xla:cuda,tf32", and XLA_FLAGS change that.
package device

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend" // the backend that is always there
)

// Options say what to open. The zero value chooses by itself and is silent.
type Options struct {
	Backend   string    // "", "go", "xla:cpu", "xla:cuda", "xla:/path/to/plugin.so"; options after a comma, as go-xla takes them
	Out       io.Writer // progress and reasons, one line each; nil: silent
	NoInstall bool      // never fetch a plugin
	Threads   int       // of the XLA CPU plugin, 0: one for each processor; 1 is best where the caller runs several programs at once
}

// threadsVariable is where the XLA CPU plugin reads how many threads a new client
// starts; its interface has no option for it.
const threadsVariable = "PJRT_NPROC"

// setThreads hands Threads to the plugin, unless the user has set them, until
// the function that it returns is called.
func (o Options) setThreads() (restore func(), err error) {
	if _, set := os.LookupEnv(threadsVariable); set || o.Threads == 0 {
		return func() {}, nil
	}
	if o.Threads < 0 {
		return nil, fmt.Errorf("device: %d threads: want 0 or more", o.Threads)
	}
	if err := os.Setenv(threadsVariable, strconv.Itoa(o.Threads)); err != nil {
		return nil, fmt.Errorf("device: %w", err)
	}
	return func() { os.Unsetenv(threadsVariable) }, nil
}

// Device is an open backend with what a manifest records about it.
type Device struct {
	Backend       compute.Backend
	Name          string // "go", "xla:cpu", "xla:cuda", ...
	Description   string // of the hardware, in the backend's words
	PluginPath    string // of the XLA plugin; "" for the Go backend
	PluginVersion string // of its PJRT interface
	Reason        string // why this backend was chosen

	pluginDigest string // SHA-256 of the plugin's file
	options      string // of the backend, as they were asked for
	flags        string // XLA_FLAGS as the plugin found them
	threads      string // of the XLA CPU plugin
}

// Close releases the backend.
func (d *Device) Close() {
	if d.Backend != nil && !d.Backend.IsFinalized() {
		d.Backend.Finalize()
	}
}

// goBackend opens the Go backend with one operation at a time, each of which may
// use all processors. In parallel, operations fill the workers' pool and wait in
// it for workers to multiply matrices with: the training of a quickstart stood still on two
// processors (gomlx/compute v0.1.2, matmul under ops_parallel).
const goBackend = "go:ops_sequential"

// errNoPlugin says that no plugin of that kind was found.
var errNoPlugin = errors.New("no plugin found")

func (o Options) say(format string, args ...any) {
	if o.Out != nil {
		fmt.Fprintf(o.Out, "device: "+format+"\n", args...)
	}
}

// cache is the folder that plugins are installed to.
func cache() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("device: no cache folder: %w", err)
	}
	return filepath.Join(base, "necstgen", "pjrt"), nil
}

func (o Options) mayInstall() bool {
	_, off := os.LookupEnv("GOMLX_NO_AUTO_INSTALL")
	return !o.NoInstall && !off
}

// Open opens the backend that o asks for or the best one there is. A backend
// that was asked for by name and does not work is an error that says how to
// mend it; one that was chosen falls back to the next with a message.
func Open(ctx context.Context, o Options) (*Device, error) {
	restore, err := o.setThreads()
	if err != nil {
		return nil, err
	}
	defer restore()
	asked, by := o.Backend, "asked for"
	if asked == "" {
		asked, by = os.Getenv(compute.ConfigEnvVar), "asked for by "+compute.ConfigEnvVar
	}
	if asked != "" {
		return open(ctx, o, asked, by)
	}
	return choose(ctx, o)
}

// open opens a backend by name.
func open(ctx context.Context, o Options, asked, by string) (*Device, error) {
	kind, rest, _ := strings.Cut(asked, ":")
	switch kind {
	case "go":
		return openGo(rest, by)
	case "xla", "stablehlo", "hlo", "pjrt":
	default:
		return nil, fmt.Errorf("device: backend %q: must be one of go, xla:cpu, xla:cuda, xla:/path/to/plugin.so", asked)
	}
	if !haveXLA {
		return nil, fmt.Errorf("device: backend %q: this program was built without it (needs cgo and %s): use go, or build with CGO_ENABLED=1", asked, platforms)
	}
	name, options, _ := strings.Cut(rest, ",")
	if name == "" {
		d, err := open(ctx, o, "xla:cuda", by)
		if err != nil {
			d, err = open(ctx, o, "xla:cpu", by)
		}
		return d, err
	}
	p, err := resolve(ctx, o, name)
	if err != nil {
		return nil, fmt.Errorf("device: backend %q: %w", asked, err)
	}
	d, err := openChecked(ctx, p, options)
	if err != nil {
		return nil, fmt.Errorf("device: backend %q (%s): %w", asked, p.path, err)
	}
	d.Reason = by
	return d, nil
}

// openChecked opens a plugin, and computes on a GPU: a driver that does not fit, a busy
// card and a full one show only there.
func openChecked(ctx context.Context, p plugin, options string) (*Device, error) {
	d, err := openPlugin(p, options)
	if p.kind != "cuda" {
		return d, err
	}
	if err == nil {
		if err = d.check(); err != nil {
			d.Close()
		}
	}
	if err != nil {
		return nil, explainCUDA(ctx, err)
	}
	return d, nil
}

// resolve finds the plugin of a name or path, and installs the CPU's.
func resolve(ctx context.Context, o Options, name string) (plugin, error) {
	if filepath.IsAbs(name) {
		if _, err := os.Stat(name); err != nil {
			return plugin{}, err
		}
		return plugin{kind: kindOf(name), path: name, source: "given"}, nil
	}
	found := o.find(ctx, name)
	if len(found) > 0 {
		return found[0], nil
	}
	if name != "cpu" {
		return plugin{}, fmt.Errorf("%w for %q: %s", errNoPlugin, name, advice(ctx, name))
	}
	if !o.mayInstall() {
		return plugin{}, fmt.Errorf("%w for %q, and installation is turned off: %s", errNoPlugin, name, advice(ctx, name))
	}
	return install(ctx, o)
}

// choose is the order of preference where nothing was asked for.
func choose(ctx context.Context, o Options) (*Device, error) {
	if !haveXLA {
		return fallBack(o, fmt.Sprintf("built without XLA, which needs cgo and %s and is much faster", platforms))
	}
	if gpu() {
		if d := try(ctx, o, "cuda", "a GPU and its plugin are there"); d != nil {
			return d, nil
		}
	}
	if d := try(ctx, o, "cpu", ""); d != nil {
		d.Reason = "its plugin is there"
		if !gpu() {
			d.Reason += ", no NVIDIA GPU is"
		}
		return d, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return fallBack(o, "no XLA plugin works here; xla:cpu would be much faster: "+advice(ctx, "cpu"))
}

// try opens a plugin of that kind, or says why not and returns nil.
func try(ctx context.Context, o Options, kind, reason string) *Device {
	p, err := resolve(ctx, o, kind)
	if err != nil {
		o.say("xla:%s is not available: %v", kind, err)
		return nil
	}
	d, err := openChecked(ctx, p, "")
	if err != nil {
		o.say("xla:%s does not work with %s: %v", kind, p.path, err)
		return nil
	}
	d.Reason = reason
	return d
}

func fallBack(o Options, reason string) (*Device, error) {
	d, err := openGo("", reason)
	if err == nil {
		o.say("computing with the pure Go backend: %s", reason)
	}
	return d, err
}

func openGo(options, reason string) (*Device, error) {
	config := goBackend
	if options != "" {
		config += "," + options
	}
	b, err := compute.NewWithConfig(config)
	if err != nil {
		return nil, fmt.Errorf("device: backend %q: %w", config, err)
	}
	return &Device{Backend: b, Name: "go", Description: fmt.Sprintf("pure Go, %d CPUs", runtime.NumCPU()), Reason: reason, options: options}, nil
}

// advice says how to get a plugin.
func advice(ctx context.Context, kind string) string {
	switch kind {
	case "cuda":
		return FindDriver(ctx).Advice()
	case "cpu":
		return `connect to the network once so that it can be installed, or set PJRT_PLUGIN_LIBRARY_PATH to the folder of pjrt_c_api_cpu_plugin.so`
	}
	return fmt.Sprintf("set PJRT_PLUGIN_LIBRARY_PATH to the folder of pjrt_c_api_%s_plugin.so", kind)
}
