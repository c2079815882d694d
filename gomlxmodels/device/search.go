package device

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// plugin is a file that may be a PJRT plugin.
type plugin struct {
	kind   string // "cpu", "cuda", ...
	path   string
	source string // how it was found
}

// kindOf guesses the kind of a plugin from its path, as go-xla does.
func kindOf(path string) string {
	name := strings.ToLower(filepath.Base(path))
	for _, kind := range []string{"cuda", "cpu", "rocm", "tpu"} {
		if strings.Contains(name, kind) {
			return kind
		}
	}
	return strings.TrimSuffix(name, filepath.Ext(name))
}

// folder is a place where plugins may lie.
type folder struct{ path, source string }

// folders lists the places for plugins named as go-xla names them, the
// nearest to the user first.
func (o Options) folders() []folder {
	var all []folder
	for _, dir := range filepath.SplitList(os.Getenv("PJRT_PLUGIN_LIBRARY_PATH")) {
		if dir != "" {
			all = append(all, folder{dir, "PJRT_PLUGIN_LIBRARY_PATH"})
		}
	}
	if home, err := os.UserHomeDir(); err == nil {
		base := filepath.Join(home, ".local", "lib")
		if runtime.GOOS == "darwin" {
			base = filepath.Join(home, "Library", "Application Support")
		}
		for _, dir := range []string{"go-xla", "go-xla/nvidia", "gomlx/pjrt"} {
			all = append(all, folder{filepath.Join(base, dir), "installed by go-xla"})
		}
	}
	for _, dir := range []string{"go-xla", "go-xla/nvidia", "gomlx/pjrt"} {
		all = append(all, folder{filepath.Join("/usr/local/lib", dir), "installed by go-xla"})
	}
	if dir, err := cache(); err == nil {
		installed, _ := filepath.Glob(filepath.Join(dir, "cpu-*"))
		slices.Sort(installed)
		for _, dir := range slices.Backward(installed) {
			all = append(all, folder{dir, "installed by this program: " + filepath.Base(dir)})
		}
	}
	return all
}

// find lists the plugins of a kind in order of preference.
func (o Options) find(ctx context.Context, kind string) []plugin {
	var found []plugin
	add := func(pattern, source string) {
		paths, _ := filepath.Glob(pattern)
		slices.Sort(paths)
		for _, path := range slices.Backward(paths) { // the newest version first
			if info, err := os.Stat(path); err != nil || info.IsDir() {
				continue
			}
			path, err := filepath.Abs(path)
			if err == nil && !slices.ContainsFunc(found, func(p plugin) bool { return p.path == path }) {
				found = append(found, plugin{kind, path, source})
			}
		}
	}
	for _, f := range o.folders() {
		for _, pattern := range []string{"pjrt_c_api_KIND_plugin.so", "pjrt_c_api_KIND_v*_plugin.so", "pjrt_plugin_KIND.so", "pjrt-plugin-KIND.so", "pjrt_c_api_KIND_plugin.dylib", "pjrt_c_api_KIND_v*_plugin.dylib"} {
			add(filepath.Join(f.path, strings.ReplaceAll(pattern, "KIND", kind)), f.source)
		}
	}
	if kind == "cuda" {
		for _, dir := range pythonFolders(ctx) {
			add(filepath.Join(dir, "jax_plugins", "xla_cuda*", "xla_cuda_plugin.so"), "in "+dir)
		}
		for i, p := range found {
			if wheel := wheelOf(p.path); wheel != "" {
				found[i].source = wheel + " " + p.source
			}
		}
		found = o.fit(found, FindDriver(ctx))
	}
	return found
}

// pythonFolders lists where Python packages are installed: the active virtual
// environment, the usual folders, and what python3 itself reports.
func pythonFolders(ctx context.Context) []string {
	var patterns []string
	if env := os.Getenv("VIRTUAL_ENV"); env != "" {
		patterns = append(patterns, filepath.Join(env, "lib/python3*/site-packages"))
	}
	if env := os.Getenv("CONDA_PREFIX"); env != "" {
		patterns = append(patterns, filepath.Join(env, "lib/python3*/site-packages"))
	}
	if home, err := os.UserHomeDir(); err == nil {
		patterns = append(patterns, filepath.Join(home, ".local/lib/python3*/site-packages"))
	}
	patterns = append(patterns, "/usr/local/lib/python3*/site-packages", "/usr/local/lib/python3*/dist-packages", "/usr/lib/python3/dist-packages")
	var dirs []string
	for _, pattern := range patterns {
		found, _ := filepath.Glob(pattern)
		slices.Sort(found)
		dirs = append(dirs, slices.Collect(backward(found))...)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "python3", "-c", "import sys; print('\\n'.join(sys.path))").Output(); err == nil {
		for dir := range strings.Lines(string(out)) {
			if dir = strings.TrimSpace(dir); filepath.IsAbs(dir) && !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs
}

func backward(list []string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, s := range slices.Backward(list) {
			if !yield(s) {
				return
			}
		}
	}
}
