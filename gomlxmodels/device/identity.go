package device

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/renameio"
	"golang.org/x/sys/cpu"
)

// Identity is one line of text about all that decides the bits of what the device
// computes. Two devices with the same identity give the same results, so a store of
// results may use it in its keys. Examples, the digest shortened:
//
//	xla:cpu plugin=sha256:2bf5...91 cpu=amd64+avx512 threads=8
//	xla:cpu plugin=sha256:2bf5...91 cpu=amd64+avx2 threads=2 flags=--xla_cpu_enable_fast_math=true
//	xla:cuda plugin=sha256:77aa...0c hardware="NVIDIA H100 80GB HBM3" options=preallocate=false,tf32=false flags=--xla_gpu_deterministic_ops=true
//	go version=go1.26.8 cpu=amd64+avx512 GOAMD64=v1
//
// XLA compiles for the processor that it runs on, so the same plugin rounds
// differently with AVX2 and with AVX-512; and it may cut the sums of a product of
// matrices by the number of its threads: an LSTM of 96 units trained with 2, 4 and 16
// threads has three different sets of weights. The Go backend depends on the processor
// too: math.Exp uses fused multiply-add where there is one.
func (d *Device) Identity() string {
	parts := []string{d.Name}
	add := func(key, value string) {
		if value != "" {
			parts = append(parts, key+"="+value)
		}
	}
	switch {
	case d.PluginPath == "":
		add("version", runtime.Version())
		add("cpu", processor(""))
		parts = append(parts, buildLevels()...)
		add("options", d.options)
		return strings.Join(parts, " ")
	case d.Name == "xla:cpu":
		add("plugin", "sha256:"+d.pluginDigest)
		add("cpu", processor(d.flags))
		add("threads", d.threads)
	default:
		add("plugin", "sha256:"+d.pluginDigest)
		add("hardware", fmt.Sprintf("%q", d.Description))
	}
	add("options", d.options)
	add("flags", strings.Join(effectiveFlags(d.Name, d.flags), " "))
	return strings.Join(parts, " ")
}

// buildLevels are the settings of the build that choose instructions or compile
// other code: GOAMD64=v3, GOEXPERIMENT=simd.
func buildLevels() (levels []string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "GOAMD64", "GOARM64", "GOEXPERIMENT":
			levels = append(levels, s.Key+"="+s.Value)
		}
	}
	return levels
}

// isaFlag is the flag by which XLA generates code for an older processor.
const isaFlag = "--xla_cpu_max_isa="

// level is a set of vector instructions that changes how reals are rounded, with the
// values of isaFlag that hold XLA to it. The extensions after AVX-512 work on
// integers and on 16-bit reals, which no model here uses.
type level struct {
	name  string
	flags []string
	has   bool
}

// levels are those of x86 processors, the oldest first.
func levels() []level {
	x := &cpu.X86
	return []level{
		{"sse4_2", []string{"SSE4_2"}, true},
		{"avx", []string{"AVX"}, x.HasAVX},
		{"avx2", []string{"AVX2"}, x.HasAVX2 && x.HasFMA},
		{"avx512", []string{"AVX512", "AVX512_VNNI", "AVX512_BF16", "AMX", "AMX_FP16"},
			x.HasAVX512F && x.HasAVX512CD && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL},
	}
}

// processor names this processor's architecture and the newest level that it has
// and that the flags of XLA allow.
func processor(flags string) string {
	name := runtime.GOARCH
	if name == "arm64" && cpu.ARM64.HasSVE {
		return name + "+sve"
	}
	if name != "amd64" {
		return name
	}
	most := ""
	for _, f := range strings.Fields(flags) {
		if value, ok := strings.CutPrefix(f, isaFlag); ok {
			most = strings.ToUpper(value)
		}
	}
	newest := ""
	for _, l := range levels() {
		if !l.has {
			break
		}
		newest = l.name
		if slices.Contains(l.flags, most) {
			break
		}
	}
	return name + "+" + newest
}

// effectiveFlags are the flags of XLA that may change the results of a device, sorted.
// What is known not to is left out: where files lie, what processor says already, and
// on a CPU the flags of GPUs, which a GPU that was tried first leaves behind.
func effectiveFlags(device, flags string) (kept []string) {
	idle := []string{"--xla_dump", dataDir, isaFlag}
	switch device {
	case "xla:cpu":
		idle = append(idle, "--xla_gpu_")
	case "xla:cuda":
		idle = append(idle, "--xla_cpu_")
	}
	for _, f := range strings.Fields(flags) {
		if !slices.ContainsFunc(idle, func(prefix string) bool { return strings.HasPrefix(f, prefix) }) {
			kept = append(kept, f)
		}
	}
	slices.Sort(kept)
	return kept
}

// knownDigest is the SHA-256 of a file as it was at that size and time.
type knownDigest struct {
	Size   int64     `json:"size"`
	Time   time.Time `json:"time"`
	SHA256 string    `json:"sha256"`
}

// digestOf is the SHA-256 of a file in hexadecimal. A plugin has 200 MB, a quarter
// of a second; so digests are kept in a file in the cache folder, and a file is read
// again only where its size or time of change differs. The file of digests is
// a convenience: one that cannot be read or written costs only that time.
func digestOf(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("device: digest of the plugin: %w", err)
	}
	known := make(map[string]knownDigest)
	dir, cacheErr := cache()
	list := filepath.Join(dir, "digests.json")
	if cacheErr == nil {
		if text, err := os.ReadFile(list); err == nil && json.Unmarshal(text, &known) != nil {
			known = make(map[string]knownDigest) // a damaged list is begun anew
		}
	}
	if k, ok := known[path]; ok && k.Size == info.Size() && k.Time.Equal(info.ModTime()) {
		return k.SHA256, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("device: digest of the plugin: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("device: digest of the plugin: %w", err)
	}
	digest := hex.EncodeToString(h.Sum(nil))
	known[path] = knownDigest{info.Size(), info.ModTime(), digest}
	if cacheErr == nil && os.MkdirAll(dir, 0o755) == nil {
		if text, err := json.MarshalIndent(known, "", "  "); err == nil {
			_ = renameio.WriteFile(list, append(text, '\n'))
		}
	}
	return digest, nil
}
