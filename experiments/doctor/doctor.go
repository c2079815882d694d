// Package doctor finds out what works on a machine, and how to mend what does not:
// [Examine] returns a list of [Finding]. [Measure] times each model on each backend, and
// its [Measurement] says which to take.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/necstgen/necstgen/datasets/disk"
	"github.com/necstgen/necstgen/experiments/fidelity/tool"
	"github.com/necstgen/necstgen/experiments/slurm"
	"github.com/necstgen/necstgen/gomlxmodels/device"
)

// Finding is one line of the report.
type Finding struct {
	What   string `json:"what"`
	Works  bool   `json:"works"`
	Needed bool   `json:"needed"` // by run; the rest is for looking at captures
	Detail string `json:"detail"`
	Mend   string `json:"mend,omitempty"`
}

// Examine looks at everything that the program can use: the backends, by
// computing on them, the folder of the runs, and the programs that the tests ask
// about captures. It leaves nothing behind.
func Examine(ctx context.Context, runs string) []Finding {
	all := append(backends(ctx), nvidia(ctx), runFolder(runs), cluster(ctx))
	return append(all, tools()...)
}

// nvidia is the finding on the driver of NVIDIA GPUs, which runs do without.
func nvidia(ctx context.Context) Finding {
	d := device.FindDriver(ctx)
	f := Finding{What: "NVIDIA driver", Detail: d.String()}
	cuda, why := d.Runs()
	f.Works = cuda > 0
	switch {
	case f.Works:
		f.Detail += fmt.Sprintf("; fits jax[cuda%d]: %s", cuda, why)
	case d.Version != "":
		f.Mend = d.Advice()
	}
	return f
}

// backends are the findings on what computes. They name the backend that runs take.
func backends(ctx context.Context) []Finding {
	var all []Finding
	for _, f := range device.Doctor(ctx, device.Options{}) {
		detail := f.Detail
		switch {
		case f.Path != "" && f.Source != "":
			detail += " (" + f.Path + ", " + f.Source + ")"
		case f.Path != "":
			detail += " (" + f.Path + ")"
		}
		if f.Default {
			detail += "; runs take this one"
		}
		all = append(all, Finding{What: "backend " + f.Name, Works: f.Works, Needed: f.Name == "go", Detail: detail, Mend: f.Mend})
	}
	return all
}

// runFolder reports whether runs can be written.
func runFolder(runs string) Finding {
	f := Finding{What: "run folder", Needed: true}
	path, err := filepath.Abs(runs)
	if err != nil {
		path = runs
	}
	parent := path
	for {
		if _, err := os.Stat(parent); err == nil || parent == filepath.Dir(parent) {
			break
		}
		parent = filepath.Dir(parent)
	}
	probe, err := os.MkdirTemp(parent, ".doctor-")
	if err != nil {
		f.Detail, f.Mend = fmt.Sprintf("%s cannot be written: %v", parent, errors.Unwrap(err)), "choose another folder with --runs"
		return f
	}
	f.Works, f.Detail = true, path
	if free, known := disk.Free(parent); known {
		f.Detail += fmt.Sprintf(", %.1f GB free", float64(free)/1e9)
	}
	if err := os.Remove(probe); err != nil {
		f.Detail += "; " + err.Error()
	}
	return f
}

// cluster reports whether this machine submits to a Slurm cluster, and to which
// partitions.
func cluster(ctx context.Context) Finding {
	f := Finding{What: "Slurm"}
	if _, err := exec.LookPath("sbatch"); err != nil {
		f.Detail = "no sbatch here; only needed for --executor slurm"
		return f
	}
	c, err := slurm.Find(ctx)
	if err != nil {
		f.Detail, f.Mend = err.Error(), "ask those who run the cluster, or name its slurm.conf in SLURM_CONF"
		return f
	}
	partitions, err := c.Partitions(ctx)
	if err != nil {
		f.Detail = err.Error()
		return f
	}
	f.Works, f.Detail = true, c.Version
	for i, p := range partitions {
		separator := ", "
		if i == 0 {
			separator = "; partitions "
		}
		f.Detail += fmt.Sprintf("%s%s (%s nodes, %s, %s at most)", separator, p.Name, p.Nodes, p.State, p.Time)
	}
	return f
}

// tools are the other programs that evaluate.tools may ask about captures, with their
// versions, and what tests use beside them.
func tools() []Finding {
	var all []Finding
	for _, s := range tool.Examine() {
		f := Finding{What: s.Name, Works: s.Version != "", Detail: "version " + s.Version}
		if !f.Works {
			f.Detail, f.Mend = s.Reason+"; only needed for evaluate.tools", s.Install
		}
		all = append(all, f)
	}
	f := Finding{What: "tcpreplay", Works: true}
	var err error
	if f.Detail, err = exec.LookPath(f.What); err != nil {
		f = Finding{What: f.What, Detail: "not found; only needed for tests of generated captures", Mend: "install the package tcpreplay"}
	}
	return append(all, f)
}
