package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/gomlxmodels/device"
)

// finding is one line of the doctor's report.
type finding struct {
	What   string `json:"what"`
	Works  bool   `json:"works"`
	Needed bool   `json:"needed"` // by run; the rest is for notebooks and for looking at captures
	Detail string `json:"detail"`
	Mend   string `json:"mend,omitempty"`
}

func (c *command) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "What works here - backends, disk, notebook kernel, tools - and how to mend what does not",
		Args:  arguments(0, 0, "no argument"),
		RunE:  func(cmd *cobra.Command, _ []string) error { return c.doctor(cmd.Context()) },
	}
}

// doctor prints its findings and fails where a run would.
func (c *command) doctor(ctx context.Context) error {
	findings := append(backends(ctx), disk(c.runs))
	findings = append(findings, notebooks()...)
	findings = append(findings, tools()...)
	var failed error
	var rows [][]string
	for _, f := range findings {
		state := "ok"
		if !f.Works {
			state = "-"
		}
		if !f.Works && f.Needed {
			state = "missing"
			failed = fmt.Errorf("doctor: %s: %s", f.What, f.Detail)
		}
		if f.Mend != "" {
			f.Detail += "; to mend it: " + f.Mend
		}
		rows = append(rows, []string{state, f.What, f.Detail})
	}
	if c.json {
		if err := printJSON(c.out, findings); err != nil {
			return err
		}
		return failed
	}
	if err := printTable(c.out, []string{"STATE", "WHAT", "DETAIL"}, rows); err != nil {
		return err
	}
	return failed
}

// backends are what computes; the one that runs would take is said.
func backends(ctx context.Context) []finding {
	var all []finding
	for _, f := range device.Doctor(ctx, device.Options{}) {
		detail := f.Detail
		if f.Path != "" {
			detail += " (" + f.Path + ")"
		}
		if f.Default {
			detail += "; runs take this one"
		}
		all = append(all, finding{What: "backend " + f.Name, Works: f.Works, Needed: f.Name == "go", Detail: detail, Mend: f.Mend})
	}
	return all
}

// disk tells whether runs can be written.
func disk(runs string) finding {
	f := finding{What: "run folder", Needed: true}
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
		f.Detail, f.Mend = err.Error(), "choose another folder with --runs"
		return f
	}
	f.Works, f.Detail = true, path+freeSpace(parent)
	if err := os.Remove(probe); err != nil {
		f.Detail += "; " + err.Error()
	}
	return f
}

// notebooks tells what the notebooks need.
func notebooks() []finding {
	return []finding{
		program("jupyter", "notebooks", "pip install jupyterlab"),
		program("gonb", "the notebooks' Go kernel", "in the repository: go install github.com/janpfeifer/gonb && gonb --install"),
		program("gopls", "completion in notebooks", "go install golang.org/x/tools/gopls@v0.23.0"),
	}
}

// tools are other programs that read what is generated; the tests ask them.
func tools() []finding {
	var all []finding
	for _, t := range [][2]string{
		{"tshark", "tshark"}, {"tcptrace", "tcptrace"}, {"ra", "argus-client"}, {"ndpiReader", "libndpi-bin"}, {"tcpreplay", "tcpreplay"},
	} {
		all = append(all, program(t[0], "tests of generated captures", "install the package "+t[1]))
	}
	return all
}

// program looks a program up.
func program(name, purpose, mend string) finding {
	path, err := exec.LookPath(name)
	if err != nil {
		return finding{What: name, Detail: "not found; only needed for " + purpose, Mend: mend}
	}
	return finding{What: name, Works: true, Detail: path}
}
