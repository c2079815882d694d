package device

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/cpu"
)

// The level of a processor is its own, and never above the one that a flag allows.
func TestProcessor(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("levels are those of amd64")
	}
	names := []string{"sse4_2", "avx", "avx2", "avx512"}
	rank := func(flags string) int {
		return slices.Index(names, strings.TrimPrefix(processor(flags), "amd64+"))
	}
	own := rank("")
	if own < 0 {
		t.Fatalf("processor is %q, want one of %v after amd64+", processor(""), names)
	}
	for _, test := range []struct {
		flags string
		most  int
	}{
		{"--xla_cpu_max_isa=SSE4_2", 0},
		{"--xla_cpu_max_isa=avx", 1},
		{"--xla_dump_to=/tmp/a --xla_cpu_max_isa=AVX2", 2},
		{"--xla_cpu_max_isa=SSE4_2 --xla_cpu_max_isa=AVX2", 2},
		{"--xla_cpu_max_isa=AVX512_BF16", 3},
		{"--xla_cpu_max_isa=AMX", 3},
		{"--xla_cpu_enable_fast_math=true", 3},
	} {
		if got, want := rank(test.flags), min(own, test.most); got != want {
			t.Errorf("with %s: %s, want %s", test.flags, processor(test.flags), names[want])
		}
	}
}

func TestEffectiveFlags(t *testing.T) {
	const flags = " --xla_cpu_max_isa=AVX2 --xla_z=1  --xla_a=2 --xla_dump_to=/tmp/x --xla_gpu_cuda_data_dir=/opt/cuda --xla_gpu_deterministic_ops=true --xla_cpu_enable_fast_math=true "
	for device, want := range map[string][]string{
		"xla:cpu":  {"--xla_a=2", "--xla_cpu_enable_fast_math=true", "--xla_z=1"},
		"xla:cuda": {"--xla_a=2", "--xla_gpu_deterministic_ops=true", "--xla_z=1"},
	} {
		if got := effectiveFlags(device, flags); !slices.Equal(got, want) {
			t.Errorf("%s: effective flags %q, want %q", device, got, want)
		}
	}
}

// The Go backend's identity names the version of Go, the processor and the options.
func TestIdentityOfGo(t *testing.T) {
	alone(t)
	plain, err := Open(t.Context(), Options{Backend: "go"})
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if got := plain.Identity(); !strings.HasPrefix(got, "go version="+runtime.Version()+" cpu="+runtime.GOARCH) {
		t.Errorf("identity %q, want the version of Go and the processor", got)
	}
	parallel, err := Open(t.Context(), Options{Backend: "go:parallelism=1"})
	if err != nil {
		t.Fatal(err)
	}
	defer parallel.Close()
	if plain.Identity() == parallel.Identity() {
		t.Errorf("the same identity %q with and without options", plain.Identity())
	}
}

// A digest is that of the file's bytes. It is taken from the list while size and time
// of the file are the same, and only then; a damaged list is replaced.
func TestDigestIsKept(t *testing.T) {
	alone(t)
	dir, err := cache()
	if err != nil {
		t.Fatal(err)
	}
	plugin, list := filepath.Join(t.TempDir(), "plugin.so"), filepath.Join(dir, "digests.json")
	began := time.Now().Add(-time.Hour).Truncate(time.Second)
	write := func(path, text string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	check := func(what, want string) {
		t.Helper()
		if got, err := digestOf(plugin); err != nil || got != want {
			t.Errorf("%s: digest %q, %v, want %q", what, got, err, want)
		}
	}
	const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  // FIPS 180-2, appendix B.1
	const none = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // of no bytes
	write(plugin, "abc", began)
	check("first", abc)
	text, err := os.ReadFile(list)
	if err != nil || !strings.Contains(string(text), abc) {
		t.Fatalf("list of digests %q, %v: want the digest in it", text, err)
	}
	write(plugin, "xyz", began) // unseen: size and time are the same
	check("kept", abc)
	write(plugin, "abc", began.Add(time.Second))
	check("another time", abc)
	write(plugin, "", began.Add(time.Second))
	check("another size", none)
	write(list, "{damaged", began)
	check("damaged list", none)
	if text, err := os.ReadFile(list); err != nil || !strings.Contains(string(text), none) {
		t.Errorf("list of digests %q, %v: want it whole again", text, err)
	}
	t.Setenv("XDG_CACHE_HOME", filepath.Join(plugin, "no folder"))
	t.Setenv("HOME", filepath.Join(plugin, "no folder"))
	check("no cache", none)
	plugin += ".missing"
	if _, err := digestOf(plugin); err == nil || !strings.Contains(err.Error(), plugin) {
		t.Errorf("error %v, want the missing file named", err)
	}
}

// XLA's identity names the plugin by its digest, and follows the flag that holds it
// to an older processor.
func TestIdentityOfXLA(t *testing.T) {
	d, err := Open(t.Context(), Options{Backend: "xla:cpu", NoInstall: true})
	if err != nil {
		t.Skipf("skipped: no XLA plugin for the CPU: %v", err)
	}
	defer d.Close()
	d.flags = ""
	newest := d.Identity()
	if !strings.Contains(newest, "xla:cpu plugin=sha256:"+d.pluginDigest+" cpu=") || len(d.pluginDigest) != 64 {
		t.Errorf("identity %q, want the digest of %s", newest, d.PluginPath)
	}
	d.flags = "--xla_cpu_max_isa=SSE4_2"
	if runtime.GOARCH == "amd64" && d.Identity() == newest && cpu.X86.HasAVX {
		t.Errorf("the identity is %q for any processor", newest)
	}
	d.flags = ""
	if own := d.threads; own == "" || !strings.Contains(newest, " threads="+own) {
		t.Errorf("identity %q, want %q threads", newest, own)
	}
	one, err := Open(t.Context(), Options{Backend: "xla:cpu", NoInstall: true, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	if os.Getenv(threadsVariable) == "" && !strings.Contains(one.Identity(), " threads=1") {
		t.Errorf("identity %q of one thread", one.Identity())
	}
}
