package kernel

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"
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
	log := &labLog{out: o.Out, browser: browser}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, o.Out, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it ends its kernels, and does not ask
	cmd.WaitDelay = 10 * time.Second                                         // for a kernel that holds the log open
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
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

// labLog is JupyterLab's log as it is written: it hands on the address once, warnings and
// errors, and leaves the rest out.
type labLog struct {
	out     io.Writer
	browser bool   // whether one was opened
	line    []byte // that has not ended yet
	said    bool   // whether the address was
	loud    bool   // whether the entry is handed on
}

// Write takes text of any length, in which lines end anywhere.
func (l *labLog) Write(text []byte) (int, error) {
	l.line = append(l.line, text...)
	for {
		line, rest, whole := bytes.Cut(l.line, []byte("\n"))
		if !whole {
			return len(text), nil
		}
		if err := l.take(string(line)); err != nil {
			return 0, err
		}
		l.line = rest
	}
}

// take takes one line.
func (l *labLog) take(line string) error {
	if level := logLevel.FindStringSubmatch(line); level != nil {
		// A critical entry after the address repeats it.
		l.loud = strings.Contains("WE", level[1]) || level[1] == "C" && !l.said
	}
	address := labAddress.FindString(line)
	if address != "" && !l.said {
		l.said = true
		_, err := io.WriteString(l.out, welcome(address, l.browser))
		return err
	}
	if l.loud && address == "" && strings.TrimSpace(line) != "" {
		_, err := fmt.Fprintln(l.out, line)
		return err
	}
	return nil
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
