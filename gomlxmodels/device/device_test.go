package device

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// alone hides all plugins of this machine: an empty home and cache.
func alone(t *testing.T) string {
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	t.Setenv("PJRT_PLUGIN_LIBRARY_PATH", "")
	t.Setenv("GOMLX_BACKEND", "")
	t.Setenv("GOMLX_NO_AUTO_INSTALL", "1")
	return dir
}

func TestOpenByName(t *testing.T) {
	for _, test := range []struct {
		name, backend, environment string
		want                       string // name of the device, or part of the error
	}{
		{name: "go", backend: "go", want: "go"},
		{name: "go by environment", environment: "go", want: "go"},
		{name: "option before environment", backend: "go", environment: "nonsense", want: "go"},
		{name: "unknown", backend: "tpu", want: "must be one of go, xla:cpu, xla:cuda"},
		{name: "unknown by environment", environment: "quantum", want: `backend "quantum"`},
		{name: "missing file", backend: "xla:/nowhere/plugin.so", want: "nowhere/plugin.so"},
		{name: "missing plugin", backend: "xla:rocm", want: "pjrt_c_api_rocm_plugin.so"},
		{name: "installation off", backend: "xla:cpu", want: "installation is turned off"},
	} {
		t.Run(test.name, func(t *testing.T) {
			alone(t)
			t.Setenv("GOMLX_BACKEND", test.environment)
			d, err := Open(context.Background(), Options{Backend: test.backend})
			if err != nil {
				if !haveXLA && strings.Contains(err.Error(), "built without it") {
					return
				}
				if !strings.Contains(err.Error(), test.want) {
					t.Errorf("error %q, want it to say %q", err, test.want)
				}
				return
			}
			defer d.Close()
			if d.Name != test.want {
				t.Errorf("opened %q, want %q", d.Name, test.want)
			}
		})
	}
}

// TestFallBack: with nothing installed and no installation, the Go backend is
// opened and the message says what would be faster.
func TestFallBack(t *testing.T) {
	alone(t)
	var out strings.Builder
	d, err := Open(context.Background(), Options{Out: &out})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if gpu() {
		t.Skip("this machine has a GPU, whose plugin may be found")
	}
	if d.Name != "go" || !strings.Contains(out.String(), "faster") || !strings.Contains(d.Reason, "faster") {
		t.Errorf("opened %q for reason %q, said %q: want go and what would be faster", d.Name, d.Reason, out.String())
	}
	if err := d.check(); err != nil {
		t.Error(err)
	}
}

// TestBrokenPlugin: a file that is no plugin is passed over with a message.
func TestBrokenPlugin(t *testing.T) {
	if !haveXLA {
		t.Skip("built without XLA")
	}
	dir := alone(t)
	t.Setenv("PJRT_PLUGIN_LIBRARY_PATH", dir)
	path := filepath.Join(dir, "pjrt_c_api_cpu_plugin.so")
	if err := os.WriteFile(path, []byte("not a library"), 0o755); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	d, err := Open(context.Background(), Options{Out: &out})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if d.Name != "go" || !strings.Contains(out.String(), path) {
		t.Errorf("opened %q, said %q: want go, and the broken file named", d.Name, out.String())
	}
	for _, f := range Doctor(context.Background(), Options{}) {
		if f.Path == path && (f.Works || f.Mend == "") {
			t.Errorf("doctor says %+v of a broken plugin", f)
		}
	}
}

// TestFound opens the plugin that PJRT_PLUGIN_LIBRARY_PATH names.
func TestFound(t *testing.T) {
	dir := os.Getenv("PJRT_PLUGIN_LIBRARY_PATH")
	if dir == "" || !haveXLA {
		t.Skip("PJRT_PLUGIN_LIBRARY_PATH is not set: no XLA plugin to test with")
	}
	t.Setenv("GOMLX_BACKEND", "")
	d, err := Open(context.Background(), Options{Backend: "xla:cpu", NoInstall: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if d.Name != "xla:cpu" || filepath.Dir(d.PluginPath) != dir || !strings.HasPrefix(d.PluginVersion, "PJRT 0.") {
		t.Errorf("opened %+v", d)
	}
	if err := d.check(); err != nil {
		t.Error(err)
	}
	works := 0
	for _, f := range Doctor(context.Background(), Options{}) {
		t.Logf("%+v", f)
		if f.Works {
			works++
		}
	}
	if works < 2 {
		t.Errorf("doctor finds %d working backends, want xla:cpu and go", works)
	}
}

// TestJAXWheel finds the CUDA plugin of a JAX wheel in a virtual environment.
func TestJAXWheel(t *testing.T) {
	dir := alone(t)
	t.Setenv("VIRTUAL_ENV", dir)
	want := filepath.Join(dir, "lib", "python3.11", "site-packages", "jax_plugins", "xla_cuda13", "xla_cuda_plugin.so")
	if err := os.MkdirAll(filepath.Dir(want), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(want, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	found := Options{}.find(context.Background(), "cuda")
	if len(found) == 0 || found[0].path != want || found[0].kind != "cuda" {
		t.Errorf("found %+v, want %s first", found, want)
	}
}
