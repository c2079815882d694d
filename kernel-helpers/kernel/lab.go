package kernel

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// Lab starts JupyterLab in a folder of notebooks, says under which address it is once
// it listens, and waits until it ends or ctx does. Without a browser it says how
// another machine reaches it. What JupyterLab writes to its log below a warning is left out.
// Notebooks of the kernel are saved without what differs from run to run (see Store).
func Lab(ctx context.Context, o Options, folder string, browser bool, args ...string) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	python, err := findPython(ctx, o)
	if err != nil {
		return err
	}
	_, pythonPath, err := writePython(o)
	if err != nil {
		return err
	}
	all := []string{"-m", "jupyterlab", "--notebook-dir=" + folder, "--ContentsManager.pre_save_hook=necstgen_notebook.before_save"}
	if !browser {
		all = append(all, "--no-browser")
	}
	cmd := exec.CommandContext(ctx, python, append(all, args...)...)
	cmd.Dir = o.Module
	cmd.Env = append(os.Environ(), "JUPYTER_DATA_DIR="+o.Data, pythonPath)
	cmd.Stdin, cmd.Stdout = os.Stdin, o.Out
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	log, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("kernel: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("kernel: %w", err)
	}
	logged := follow(log, o.Out, browser)
	if err := errors.Join(logged, cmd.Wait()); err != nil && ctx.Err() == nil {
		return fmt.Errorf("kernel: JupyterLab: %w (what stands behind -- on the command line is handed to it)", err)
	}
	return nil
}

var (
	// logLevel is the beginning of an entry of JupyterLab's log, with its level.
	logLevel = regexp.MustCompile(`^\[([DIWCE]) [^]]*\] ?`)
	// labAddress is where JupyterLab is, on a line of its log.
	labAddress = regexp.MustCompile(`https?://\S+/lab\S*`)
)

// follow reads the log of JupyterLab until it ends: it writes the address once, warnings and errors,
// and leaves the rest out.
func follow(log io.Reader, out io.Writer, browser bool) error {
	said, loud := false, true
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		line := lines.Text()
		if level := logLevel.FindStringSubmatch(line); level != nil {
			// A critical entry after the address repeats it.
			loud = strings.Contains("WE", level[1]) || level[1] == "C" && !said
		}
		address := labAddress.FindString(line)
		if address != "" && !said {
			said = true
			fmt.Fprint(out, welcome(address, browser))
		}
		if loud && address == "" && strings.TrimSpace(line) != "" {
			fmt.Fprintln(out, line)
		}
	}
	return lines.Err()
}

// welcome says how JupyterLab at an address is opened, and ended.
func welcome(address string, browser bool) string {
	text := "JupyterLab is at " + address + "\n"
	if u, err := url.Parse(address); err == nil && !browser {
		port := u.Port()
		if port == "" {
			port = "80"
		}
		host, err := os.Hostname()
		if err != nil {
			host = "HOST"
		}
		text += fmt.Sprintf("from another machine: ssh -L %s:localhost:%s %s there, and the same address\n", port, port, host)
	}
	return text + "Ctrl-C here ends it\n"
}
