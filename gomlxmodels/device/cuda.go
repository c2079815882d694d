package device

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// cudaOf is the major version of CUDA that a plugin was built for, as the names of its
// folder and of the wheels beside it say, or 0.
func cudaOf(path string) int {
	folder := filepath.Base(filepath.Dir(path))
	if n, err := strconv.Atoi(strings.TrimPrefix(folder, "xla_cuda")); err == nil {
		return n
	}
	for _, n := range []int{13, 12} { // go-xla puts the libraries into the plugin's folder
		if found, _ := filepath.Glob(filepath.Join(filepath.Dir(path), fmt.Sprintf("cu%d", n))); len(found) > 0 {
			return n
		}
	}
	return 0
}

var wheelFolder = regexp.MustCompile(`^(.+?)-([0-9][^-]*)\.dist-info$`)

// wheelOf names the wheel that installed a plugin, with its version, such as
// "jax-cuda13-pjrt 0.11.2"; "" for a plugin that does not lie in a JAX set.
func wheelOf(path string) string {
	folder := filepath.Base(filepath.Dir(path))
	name, isWheel := strings.CutPrefix(folder, "xla_cuda")
	if !isWheel {
		return ""
	}
	found, _ := filepath.Glob(filepath.Join(sitePackages(path), "jax_cuda"+name+"_pjrt-*.dist-info"))
	for _, f := range found {
		if match := wheelFolder.FindStringSubmatch(filepath.Base(f)); match != nil {
			return strings.ReplaceAll(match[1], "_", "-") + " " + match[2]
		}
	}
	return ""
}

// sitePackages is the folder of Python packages that a JAX set's plugin lies in,
// as site-packages/jax_plugins/xla_cuda13/xla_cuda_plugin.so does.
func sitePackages(path string) string { return filepath.Dir(filepath.Dir(filepath.Dir(path))) }

// fit sorts the plugins that the driver runs before the others, and says why not of
// those. go-xla takes CUDA 13 whatever the driver.
func (o Options) fit(found []plugin, d Driver) []plugin {
	runs, why := d.Runs()
	unfit := func(p plugin) bool { return d.Version != "" && cudaOf(p.path) > runs }
	slices.SortStableFunc(found, func(a, b plugin) int {
		switch {
		case unfit(a) == unfit(b):
			return 0
		case unfit(b):
			return -1
		}
		return 1
	})
	for _, p := range found {
		if unfit(p) {
			o.say("%s is for CUDA %d: %s", p.path, cudaOf(p.path), why)
		}
	}
	return found
}

// cudaOptions completes the options of go-xla for a CUDA plugin. What the user sets
// stays.
//
//   - preallocate=false: XLA would take three quarters of the card's memory at once,
//     of which these models need little, and cards are shared.
//   - tf32=false: with TF32 products have mantissas of 10 bits in place of 23, so that
//     weights differ from the CPU's in the fourth digit. What it speeds up, large
//     products, these models do not have: the widest has some hundred columns, and a
//     step costs what its kernels cost to start.
//   - visible_devices=0, where there are several cards: a client takes a context and
//     half a gigabyte on each card it sees, and programs run on the first one.
func cudaOptions(options string, cards int) string {
	parts := strings.FieldsFunc(options, func(r rune) bool { return r == ',' })
	unset := func(key string) bool {
		return !slices.ContainsFunc(parts, func(p string) bool {
			name, _, _ := strings.Cut(p, "=")
			return name == key || name == "no"+key
		})
	}
	defaults := []string{"preallocate", "tf32"}
	for _, key := range defaults {
		if unset(key) {
			parts = append(parts, key+"=false")
		}
	}
	if cards > 1 && unset("visible_devices") {
		parts = append(parts, "visible_devices=0")
	}
	return strings.Join(parts, ",")
}

// deterministic makes XLA take the same kernels in every run: by default it times
// several for each product and takes the fastest, so that two runs of one seed round
// differently.
const deterministic = "--xla_gpu_deterministic_ops"

// dataDir is where XLA looks for what it calls of CUDA, ptxas and libdevice.
const dataDir = "--xla_gpu_cuda_data_dir"

// prepareCUDA adds to XLA_FLAGS what a CUDA plugin needs before it is loaded: the folder
// of CUDA's libraries in the JAX set that the plugin lies in, since go-xla only looks
// beside plugins that it installed itself, and the flag that makes runs repeatable.
// What the user sets stays.
func prepareCUDA(path string) error {
	add := []string{deterministic + "=true"}
	patterns := []string{"nvidia/cu1[3-9]", "nvidia/cuda_nvcc"}
	if cudaOf(path) == 12 {
		patterns = []string{"nvidia/cuda_nvcc", "nvidia/cu12"}
	}
	for _, pattern := range patterns {
		found, _ := filepath.Glob(filepath.Join(sitePackages(path), pattern))
		if len(found) == 0 {
			continue
		}
		add = append(add, dataDir+"="+found[len(found)-1])
		break
	}
	if _, set := os.LookupEnv(cudaChecks); !set {
		if err := os.Setenv(cudaChecks, "0"); err != nil {
			return fmt.Errorf("device: %w", err)
		}
	}
	flags := os.Getenv("XLA_FLAGS")
	for _, f := range add {
		name, _, _ := strings.Cut(f, "=")
		if !strings.Contains(flags, name) {
			flags += " " + f
		}
	}
	if err := os.Setenv("XLA_FLAGS", strings.TrimSpace(flags)); err != nil {
		return fmt.Errorf("device: %w", err)
	}
	return nil
}

// cudaChecks turns off go-xla's warning, ten lines long, that no libraries lie beside
// the plugin: explainCUDA says it where it matters.
const cudaChecks = "GOPJRT_CUDA_CHECKS"

// explainCUDA adds to an error of the CUDA plugin what it means and what to do.
func explainCUDA(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(err.Error(), w) })
	}
	var hint string
	switch {
	case has("RESOURCE_EXHAUSTED", "OUT_OF_MEMORY", "out of memory", "Out of memory"):
		hint = "the card's memory is taken: end other programs on it (nvidia-smi lists them), or choose another card with CUDA_VISIBLE_DEVICES=N"
	case has("DEVICE_UNAVAILABLE", "busy or unavailable"):
		hint = "another program has the card for itself: wait for it, or choose another card with CUDA_VISIBLE_DEVICES=N"
	case has("INSUFFICIENT_DRIVER", "driver version is insufficient", "UNSUPPORTED_PTX_VERSION", "SYSTEM_DRIVER_MISMATCH", "version mismatch"):
		hint = "driver and plugin do not fit: " + FindDriver(ctx).Advice()
	case has("NO_DEVICE", "no CUDA-capable device", "No visible GPU devices", "no supported devices", "INVALID_DEVICE"):
		hint = "CUDA sees no card"
		if visible, set := os.LookupEnv("CUDA_VISIBLE_DEVICES"); set {
			hint += fmt.Sprintf(": CUDA_VISIBLE_DEVICES is %q", visible)
		}
	case has("libcuda.so", "Failed to load", "cannot open shared object", "Unable to load", "failed to find"):
		hint = "a library of CUDA is not found: it comes with " + FindDriver(ctx).Advice()
	default:
		return err
	}
	return fmt.Errorf("%w: %s", err, hint)
}
