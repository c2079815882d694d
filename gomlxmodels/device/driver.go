package device

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// GPU is one card as nvidia-smi lists it.
type GPU struct {
	Index      int     `json:"index"` // among all cards, as CUDA_VISIBLE_DEVICES counts them
	Name       string  `json:"name"`
	MiB        int     `json:"mib"`        // memory, 0 where unknown
	UsedMiB    int     `json:"used_mib"`   // of it, by all programs
	Capability float64 `json:"capability"` // of its instructions, 9 for an H100; 0 where unknown
}

// Driver is what a machine says of its NVIDIA driver and cards, without loading
// anything of CUDA.
type Driver struct {
	Version string `json:"version,omitempty"` // "580.95.05"; empty where none is found
	CUDA    string `json:"cuda,omitempty"`    // the newest CUDA it runs, "13.0"; empty where nvidia-smi does not say
	GPUs    []GPU  `json:"gpus,omitempty"`    // empty where nvidia-smi is missing or fails
	Visible string `json:"visible,omitempty"` // CUDA_VISIBLE_DEVICES, where it is set
	Problem string `json:"problem,omitempty"` // why nvidia-smi does not answer
}

// sources of FindDriver; tests put recorded files in their place.
var (
	procDriver = "/proc/driver/nvidia/version"
	deviceFile = "/dev/nvidia[0-9]*"
)

// gpu reports whether the driver of an NVIDIA GPU shows a card.
func gpu() bool {
	found, _ := filepath.Glob(deviceFile)
	return len(found) > 0
}

// smiLimit bounds one call of nvidia-smi, which waits long for a card that hangs.
const smiLimit = 10 * time.Second

// FindDriver asks /proc/driver/nvidia/version and nvidia-smi. Neither is needed: what
// is not known stays empty.
func FindDriver(ctx context.Context) Driver {
	d := Driver{Visible: os.Getenv("CUDA_VISIBLE_DEVICES")}
	if text, err := os.ReadFile(procDriver); err == nil {
		d.Version = driverOfProc(string(text))
	}
	table, err := smi(ctx)
	if err != nil {
		d.Problem = err.Error()
		return d
	}
	d.readTable(table)
	list, err := smi(ctx, "--query-gpu=index,name,memory.total,memory.used,compute_cap", "--format=csv,noheader,nounits")
	if err != nil { // before R510 there was no compute_cap
		list, err = smi(ctx, "--query-gpu=index,name,memory.total,memory.used", "--format=csv,noheader,nounits")
	}
	if err == nil {
		d.GPUs, err = readGPUs(list)
	}
	if err != nil {
		d.Problem = err.Error()
	}
	return d
}

// smi runs nvidia-smi.
func smi(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, smiLimit)
	defer cancel()
	command := exec.CommandContext(ctx, "nvidia-smi", args...)
	command.WaitDelay = time.Second
	out, err := command.Output()
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("nvidia-smi gives no answer in %v", smiLimit)
	case err != nil && strings.TrimSpace(string(out)) != "": // it says why on its standard output
		line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		return "", fmt.Errorf("nvidia-smi: %s", line)
	case err != nil:
		return "", fmt.Errorf("nvidia-smi: %w", err)
	}
	return string(out), nil
}

var (
	procVersion  = regexp.MustCompile(`(?m)^NVRM version:.*\s(\d{3,4}(?:\.\d+)+)\s`)
	tableVersion = regexp.MustCompile(`Driver Version:\s*(\d+(?:\.\d+)+)`)
	tableCUDA    = regexp.MustCompile(`CUDA Version:\s*(\d+\.\d+)`)
)

// driverOfProc returns the version in the text of /proc/driver/nvidia/version, or "".
func driverOfProc(text string) string {
	if found := procVersion.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}

// readTable takes the versions from the head of nvidia-smi's table.
func (d *Driver) readTable(table string) {
	if found := tableVersion.FindStringSubmatch(table); found != nil {
		d.Version = found[1]
	}
	if found := tableCUDA.FindStringSubmatch(table); found != nil {
		d.CUDA = found[1]
	}
}

// readGPUs reads nvidia-smi's list of cards: index, name, memory, used memory and, of
// newer drivers, capability. A number that nvidia-smi does not know ("[N/A]") is 0.
func readGPUs(list string) ([]GPU, error) {
	r := csv.NewReader(strings.NewReader(list))
	r.TrimLeadingSpace, r.FieldsPerRecord, r.LazyQuotes = true, -1, true
	records, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("nvidia-smi: list of cards: %w", err)
	}
	var all []GPU
	for _, fields := range records {
		if len(fields) < 4 {
			return nil, fmt.Errorf("nvidia-smi: list of cards: %q: want index, name, memory and used memory", strings.Join(fields, ", "))
		}
		g := GPU{Name: fields[1]}
		if g.Index, err = strconv.Atoi(fields[0]); err != nil {
			return nil, fmt.Errorf("nvidia-smi: list of cards: index %q: want a number", fields[0])
		}
		g.MiB, _ = strconv.Atoi(fields[2])
		g.UsedMiB, _ = strconv.Atoi(fields[3])
		if len(fields) > 4 {
			g.Capability, _ = strconv.ParseFloat(fields[4], 64)
		}
		all = append(all, g)
	}
	return all, nil
}

// major is the first number of a version, or 0.
func major(version string) int {
	head, _, _ := strings.Cut(version, ".")
	n, _ := strconv.Atoi(head)
	return n
}

// What JAX's wheels need (https://docs.jax.dev/en/latest/installation.html and the
// release notes of CUDA 13, which drops cards before Turing).
const (
	driverOfCUDA13     = 580
	driverOfCUDA12     = 525
	capabilityOfCUDA13 = 7.5
)

// Runs returns the newest major version of CUDA whose plugins the driver and its cards
// run, 13 or 12, with the reason; 0 where the driver is too old, and where there is
// none.
func (d Driver) Runs() (cuda int, why string) {
	version, named := major(d.Version), "driver "+d.Version
	for _, g := range d.GPUs {
		if g.Capability > 0 && g.Capability < capabilityOfCUDA13 && version >= driverOfCUDA12 {
			return 12, fmt.Sprintf("%s has compute capability %.1f, and CUDA 13 begins at %.1f", g.Name, g.Capability, capabilityOfCUDA13)
		}
	}
	switch {
	case version == 0:
		return 0, "no NVIDIA driver is found"
	case version >= driverOfCUDA13:
		return 13, fmt.Sprintf("%s is R%d or newer", named, driverOfCUDA13)
	case version >= driverOfCUDA12:
		return 12, fmt.Sprintf("%s is older than R%d, which CUDA 13 needs", named, driverOfCUDA13)
	}
	return 0, fmt.Sprintf("%s is older than R%d, which CUDA 12 needs", named, driverOfCUDA12)
}

// Advice says how to get the CUDA plugin that fits the driver.
func (d Driver) Advice() string {
	cuda, why := d.Runs()
	if cuda == 0 && d.Version != "" {
		return why + ": install a newer driver"
	}
	line := `python3 -m venv .venv && . .venv/bin/activate && pip install "jax[cuda%d]"`
	if cuda == 0 {
		return fmt.Sprintf(line+` (jax[cuda12] where the driver is older than R%d)`, 13, driverOfCUDA13)
	}
	return fmt.Sprintf(line+" (%s), or set PJRT_PLUGIN_LIBRARY_PATH to the folder of pjrt_c_api_cuda_plugin.so", cuda, why)
}

// String describes driver and cards in a line that begins with the version.
func (d Driver) String() string {
	if d.Version == "" && len(d.GPUs) == 0 {
		return "none found"
	}
	var parts []string
	if d.Version != "" {
		parts = append(parts, d.Version)
	}
	if d.CUDA != "" {
		parts = append(parts, "runs CUDA up to "+d.CUDA)
	}
	for _, g := range d.GPUs {
		parts = append(parts, fmt.Sprintf("GPU %d: %s, %.1f of %.1f GiB free", g.Index, g.Name, float64(g.MiB-g.UsedMiB)/1024, float64(g.MiB)/1024))
	}
	switch {
	case d.Visible != "":
		parts = append(parts, "CUDA_VISIBLE_DEVICES="+d.Visible+" says which are used, and runs take the first of them")
	case len(d.GPUs) > 1:
		parts = append(parts, "runs take the first; CUDA_VISIBLE_DEVICES=N chooses another")
	}
	if d.Problem != "" {
		parts = append(parts, d.Problem)
	}
	return strings.Join(parts, "; ")
}
