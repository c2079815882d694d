package device

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The texts below are what programs print: /proc/driver/nvidia/version of the open and
// of the proprietary kernel module, the head of nvidia-smi's table, and its list.
const (
	procOpen = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (dvs-builder@U22)\nGCC version:  gcc version 12.2.0\n"
	procOld  = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024\nGCC version:  gcc version 12.3.0\n"
	table580 = "| NVIDIA-SMI 580.95.05              Driver Version: 580.95.05      CUDA Version: 13.0     |\n"
	table535 = "| NVIDIA-SMI 535.183.01             Driver Version: 535.183.01   CUDA Version: 12.2     |\n"
	listH100 = "0, NVIDIA H100 80GB HBM3, 81559, 1024, 9.0\n"
)

// fakeDriver puts a text in place of /proc/driver/nvidia/version and a script in place
// of nvidia-smi: table is what it prints without arguments, list what it prints of the
// cards, and code the exit status of both.
func fakeDriver(t *testing.T, proc, table, list string, code int) {
	dir := t.TempDir()
	oldProc, oldDevice := procDriver, deviceFile
	t.Cleanup(func() { procDriver, deviceFile = oldProc, oldDevice })
	procDriver, deviceFile = filepath.Join(dir, "version"), filepath.Join(dir, "nvidia[0-9]*")
	write := func(name, text string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	if proc != "" {
		write("version", proc, 0o644)
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	if table == "" {
		t.Setenv("PATH", dir)
		return
	}
	write("table", table, 0o644)
	write("list", list, 0o644)
	write("nvidia-smi", fmt.Sprintf("#!/bin/sh\ncase \"$1\" in\n'') cat %s/table ;;\n*) cat %s/list ;;\nesac\nexit %d\n", dir, dir, code), 0o755)
}

func TestDriver(t *testing.T) {
	for _, test := range []struct {
		name, proc, table, list, visible string
		code                             int
		cuda                             int      // that it runs
		says                             []string // parts of String and of Advice
	}{
		{name: "none", says: []string{"none found", `"jax[cuda13]"`, "jax[cuda12] where the driver is older than R580"}},
		{name: "H100", proc: procOpen, table: table580, list: listH100, cuda: 13,
			says: []string{"580.95.05; runs CUDA up to 13.0; GPU 0: NVIDIA H100 80GB HBM3, 78.6 of 79.6 GiB free", `pip install "jax[cuda13]"`}},
		{name: "older driver", proc: procOld, table: table535, list: "0, NVIDIA A100-SXM4-40GB, 40960, 0, 8.0\n", cuda: 12,
			says: []string{"runs CUDA up to 12.2", `"jax[cuda12]"`, "older than R580"}},
		{name: "older card", proc: procOpen, table: table580, list: "0, Tesla V100-SXM2-16GB, 16384, 0, 7.0\n", cuda: 12,
			says: []string{`"jax[cuda12]"`, "compute capability 7.0"}},
		{name: "driver without list of capabilities", proc: procOld, table: table535, list: "0, NVIDIA A100-SXM4-40GB, 40960, 512\n", cuda: 12,
			says: []string{"39.5 of 40.0 GiB free"}},
		{name: "too old", proc: "NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.256.02  Thu May  2 14:37:44 UTC 2024\n", cuda: 0,
			says: []string{"driver 470.256.02", "older than R525", "install a newer driver"}},
		{name: "without nvidia-smi", proc: procOpen, cuda: 13, says: []string{"580.95.05; nvidia-smi: "}},
		{name: "without proc", table: table580, list: listH100, cuda: 13, says: []string{"driver 580.95.05"}},
		{name: "smi fails", proc: procOpen, table: "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 580.95\n", code: 18, cuda: 13,
			says: []string{"580.95.05; nvidia-smi: Failed to initialize NVML: Driver/library version mismatch"}},
		{name: "two cards", proc: procOpen, table: table580, list: listH100 + "1, NVIDIA H100 80GB HBM3, 81559, 80000, 9.0\n", cuda: 13,
			says: []string{"GPU 1: NVIDIA H100 80GB HBM3, 1.5 of 79.6 GiB free", "CUDA_VISIBLE_DEVICES=N chooses another"}},
		{name: "one of two made visible", proc: procOpen, table: table580, list: listH100 + "1, NVIDIA H100 80GB HBM3, 81559, 0, 9.0\n", visible: "1", cuda: 13,
			says: []string{"CUDA_VISIBLE_DEVICES=1 says which are used"}},
		{name: "unknown memory", proc: procOpen, table: table580, list: "0, NVIDIA GB10, [N/A], [N/A], 12.1\n", cuda: 13, says: []string{"NVIDIA GB10"}},
		{name: "short list", proc: procOpen, table: table580, list: "No devices were found\n", cuda: 13, says: []string{`"No devices were found": want index, name`}},
		{name: "index", proc: procOpen, table: table580, list: "GPU-1, x, 1, 1\n", cuda: 13, says: []string{`index "GPU-1": want a number`}},
		{name: "text in proc", proc: "NVRM version: none\n", says: []string{"none found"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			fakeDriver(t, test.proc, test.table, test.list, test.code)
			t.Setenv("CUDA_VISIBLE_DEVICES", test.visible)
			d := FindDriver(context.Background())
			cuda, why := d.Runs()
			if cuda != test.cuda || why == "" {
				t.Errorf("%+v runs CUDA %d (%s), want %d", d, cuda, why, test.cuda)
			}
			for _, part := range test.says {
				if got := d.String() + "\n" + d.Advice(); !strings.Contains(got, part) {
					t.Errorf("says\n%s\nwant in it: %s", got, part)
				}
			}
		})
	}
}

// jax makes the files of a JAX set for a version of CUDA, and returns its plugin.
func jax(t *testing.T, packages string, cuda int) (path string) {
	libraries := "nvidia/cu13"
	if cuda == 12 {
		libraries = "nvidia/cuda_nvcc"
	}
	plugin := fmt.Sprintf("jax_plugins/xla_cuda%d", cuda)
	for _, dir := range []string{plugin, libraries, fmt.Sprintf("jax_cuda%d_pjrt-0.11.2.dist-info", cuda)} {
		if err := os.MkdirAll(filepath.Join(packages, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	path = filepath.Join(packages, plugin, "xla_cuda_plugin.so")
	if err := os.WriteFile(path, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// The plugin that the driver runs comes first, whatever the order of the folders, and
// its wheel is named.
func TestPluginFitsDriver(t *testing.T) {
	dir := alone(t)
	t.Setenv("VIRTUAL_ENV", dir)
	packages := filepath.Join(dir, "lib", "python3.11", "site-packages")
	both := map[int]string{12: jax(t, packages, 12), 13: jax(t, packages, 13)}
	for _, test := range []struct {
		proc string
		want int
		says string
	}{
		{procOpen, 13, ""},
		{procOld, 12, both[13] + " is for CUDA 13: driver 535.183.01 is older than R580"},
		{"", 13, ""}, // nothing is known of the driver: the newest
	} {
		fakeDriver(t, test.proc, "", "", 0)
		var out strings.Builder
		found := Options{Out: &out}.find(context.Background(), "cuda")
		if len(found) != 2 || found[0].path != both[test.want] {
			t.Fatalf("driver %q: found %+v, want %s first", test.proc, found, both[test.want])
		}
		if want := fmt.Sprintf("jax-cuda%d-pjrt 0.11.2 in %s", test.want, packages); found[0].source != want {
			t.Errorf("source %q, want %q", found[0].source, want)
		}
		if !strings.Contains(out.String(), test.says) || test.says == "" && out.Len() > 0 {
			t.Errorf("driver %q: said %q, want %q", test.proc, out.String(), test.says)
		}
	}
}

func TestPrepareCUDA(t *testing.T) {
	packages := filepath.Join(t.TempDir(), "site-packages")
	both := map[int]string{12: jax(t, packages, 12), 13: jax(t, packages, 13)}
	const repeatable = "--xla_gpu_deterministic_ops=true"
	for _, test := range []struct {
		name, path, flags, want string
	}{
		{"CUDA 13", both[13], "", repeatable + " --xla_gpu_cuda_data_dir=" + packages + "/nvidia/cu13"},
		{"CUDA 12", both[12], "", repeatable + " --xla_gpu_cuda_data_dir=" + packages + "/nvidia/cuda_nvcc"},
		{"other flags", both[13], "--xla_a=1", "--xla_a=1 " + repeatable + " --xla_gpu_cuda_data_dir=" + packages + "/nvidia/cu13"},
		{"user's folder", both[13], "--xla_gpu_cuda_data_dir=/opt/cuda", "--xla_gpu_cuda_data_dir=/opt/cuda " + repeatable},
		{"user's choice", both[13], "--xla_gpu_deterministic_ops=false", "--xla_gpu_deterministic_ops=false --xla_gpu_cuda_data_dir=" + packages + "/nvidia/cu13"},
		{"no JAX set", "/usr/local/lib/go-xla/nvidia/pjrt_c_api_cuda_plugin.so", "", repeatable},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("XLA_FLAGS", test.flags)
			t.Setenv(cudaChecks, "1")
			if err := prepareCUDA(test.path); err != nil {
				t.Fatal(err)
			}
			if got := os.Getenv("XLA_FLAGS"); got != test.want {
				t.Errorf("XLA_FLAGS is %q, want %q", got, test.want)
			}
			if got := os.Getenv(cudaChecks); got != "1" {
				t.Errorf("%s is %q, want what the user set", cudaChecks, got)
			}
		})
	}
}

func TestCUDAOptions(t *testing.T) {
	for _, test := range []struct {
		options string
		cards   int
		want    string
	}{
		{"", 1, "preallocate=false,tf32=false"},
		{"tf32", 1, "tf32,preallocate=false"},
		{"notf32,preallocate=true", 1, "notf32,preallocate=true"},
		{"preallocate=true,memory_fraction=0.5", 1, "preallocate=true,memory_fraction=0.5,tf32=false"},
		{"", 4, "preallocate=false,tf32=false,visible_devices=0"},
		{"visible_devices=2", 4, "visible_devices=2,preallocate=false,tf32=false"},
	} {
		if got := cudaOptions(test.options, test.cards); got != test.want {
			t.Errorf("options %q on %d cards: %q, want %q", test.options, test.cards, got, test.want)
		}
	}
}

func TestExplainCUDA(t *testing.T) {
	for _, test := range []struct{ err, visible, want string }{
		{"RESOURCE_EXHAUSTED: Out of memory while trying to allocate 8 bytes", "", "the card's memory is taken"},
		{"INTERNAL: CUDA_ERROR_OUT_OF_MEMORY: out of memory", "", "choose another card with CUDA_VISIBLE_DEVICES=N"},
		{"CUDA_ERROR_DEVICE_UNAVAILABLE: CUDA-capable device(s) is/are busy or unavailable", "", "has the card for itself"},
		{"CUDA driver version is insufficient for CUDA runtime version", "", `pip install "jax[cuda12]" (driver 535.183.01 is older than R580`},
		{"CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected", "7", `CUDA_VISIBLE_DEVICES is "7"`},
		{"Could not dlopen libcuda.so.1", "", "a library of CUDA is not found"},
		{"something else", "", "something else"},
	} {
		fakeDriver(t, procOld, "", "", 0)
		t.Setenv("CUDA_VISIBLE_DEVICES", test.visible)
		cause := errors.New(test.err)
		got := explainCUDA(context.Background(), cause)
		if !strings.Contains(got.Error(), test.want) || !errors.Is(got, cause) {
			t.Errorf("%q: %q, want the cause and %q", test.err, got, test.want)
		}
	}
	if explainCUDA(context.Background(), nil) != nil {
		t.Error("no error became one")
	}
}

// A card whose plugin does not load is passed over with a message; asked for by name, it
// is an error that names the plugin.
func TestGPUFallsBack(t *testing.T) {
	if !haveXLA {
		t.Skip("built without XLA")
	}
	dir := alone(t)
	t.Setenv("VIRTUAL_ENV", dir)
	t.Setenv("XLA_FLAGS", "")
	t.Setenv(cudaChecks, "0")
	fakeDriver(t, procOpen, "", "", 0)
	if err := os.WriteFile(strings.Replace(deviceFile, "[0-9]*", "0", 1), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	path := jax(t, filepath.Join(dir, "lib", "python3.11", "site-packages"), 13)
	var out strings.Builder
	d, err := Open(context.Background(), Options{Out: &out})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if d.Name != "go" || !strings.Contains(out.String(), "xla:cuda does not work with "+path) {
		t.Errorf("opened %q, said %q: want go, and the plugin named", d.Name, out.String())
	}
	if _, err := Open(context.Background(), Options{Backend: "xla:cuda"}); err == nil || !strings.Contains(err.Error(), `backend "xla:cuda" (`+path+"): ") {
		t.Errorf("error %v, want the plugin named", err)
	}
}
