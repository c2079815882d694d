package kernel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/necstgen/necstgen/datasets/atomicfile"
)

// RunsVariable names the environment variable that tells cells the folder of runs.
const RunsVariable = "NECSTGEN_RUNS"

// atOnce is how many notebooks run at once. Compiling a cell keeps one processor busy and
// training all of them; more at once would hold as many models in memory.
const atOnce = 2

// Store runs every cell of notebooks and stores what they show. A run of the whole
// notebook gives what is stored, normalised: without times, with the number of each cell
// in the notebook. Cells keep their runs in the given folder. A notebook with a cell that
// fails stays as it was, and the others are still run.
func Store(ctx context.Context, o Options, runs string, paths ...string) error {
	return each(ctx, o, runs, paths, func(path string, fresh []byte) (string, error) {
		old, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("kernel: %w", err)
		}
		if bytes.Equal(old, fresh) {
			return "as it is stored", nil
		}
		if err := atomicfile.WriteFile(path, fresh); err != nil {
			return "", fmt.Errorf("kernel: %w", err)
		}
		return "stored", nil
	})
}

// Check runs every cell of notebooks and fails where what is stored is not what they show,
// within what processors may differ by: the kinds of output, the pictures and the words are
// the same, and numbers are close. Nothing is stored.
func Check(ctx context.Context, o Options, runs string, paths ...string) error {
	return each(ctx, o, runs, paths, func(path string, fresh []byte) (string, error) {
		stored, err := readFile(path)
		if err != nil {
			return "", err
		}
		now, err := parse(path, fresh)
		if err != nil {
			return "", err
		}
		if all := differences(stored, now); len(all) > 0 {
			return "", fmt.Errorf("kernel: %s: %s (go run ./experiments notebook --execute %s stores what it shows now)",
				filepath.Base(path), strings.Join(all, "; "), strings.TrimSuffix(filepath.Base(path), ".ipynb"))
		}
		for _, c := range now.Cells {
			if why := skip(c); why != "" {
				return why, nil
			}
		}
		return "what is stored is true", nil
	})
}

// each runs notebooks and hands each with its outputs to done, which says in a few words
// what it found. It says a line for each as it ends.
func each(ctx context.Context, o Options, runs string, paths []string, done func(path string, fresh []byte) (string, error)) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	if missing := Missing(ctx, o); len(missing) > 0 {
		return errors.Join(missing...)
	}
	var (
		wait   sync.WaitGroup
		mutex  sync.Mutex // of what follows, and of Out
		failed []error
	)
	slots := make(chan struct{}, atOnce)
	for _, path := range paths {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			started := time.Now()
			found, err := one(ctx, o, runs, path, done)
			mutex.Lock()
			defer mutex.Unlock()
			if err != nil {
				found, failed = "failed", append(failed, err)
			}
			fmt.Fprintf(o.Out, "%-24s %6.1f s  %s\n", strings.TrimSuffix(filepath.Base(path), ".ipynb"), time.Since(started).Seconds(), found)
		})
	}
	wait.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(failed...)
}

// one runs a notebook and hands it to done.
func one(ctx context.Context, o Options, runs, path string, done func(path string, fresh []byte) (string, error)) (string, error) {
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	fresh, err := execute(ctx, o, path, RunsVariable+"="+runs)
	if err != nil {
		return "", err
	}
	return done(path, fresh)
}

// execute runs every cell of a notebook on the kernel, in the notebook's folder, and
// returns it with its outputs, normalised. It stops at the first cell that fails and returns
// that cell's message.
func execute(ctx context.Context, o Options, path string, env ...string) ([]byte, error) {
	python, err := findPython(ctx, o)
	if err != nil {
		return nil, err
	}
	programs, pythonPath, err := writePython(o)
	if err != nil {
		return nil, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, fmt.Errorf("kernel: %w", err)
	}
	folder, err := os.MkdirTemp("", "notebook-")
	if err != nil {
		return nil, fmt.Errorf("kernel: %w", err)
	}
	defer os.RemoveAll(folder)
	target := filepath.Join(folder, filepath.Base(path))
	cmd := exec.CommandContext(ctx, python, filepath.Join(programs, "execute.py"), path, target)
	cmd.Env = append(append(os.Environ(), "JUPYTER_DATA_DIR="+o.Data, pythonPath), env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second // the kernel ends before its client
	var failure, log bytes.Buffer    // the kernel logs whatever it does
	cmd.Stdout, cmd.Stderr = &failure, &log
	if err := cmd.Run(); err != nil {
		if failure.Len() == 0 {
			failure.WriteString(lastLine(log.Bytes()))
		}
		return nil, fmt.Errorf("kernel: %s: %w: %s", filepath.Base(path), err, bytes.TrimSpace(failure.Bytes()))
	}
	fresh, err := os.ReadFile(target)
	if err != nil {
		return nil, fmt.Errorf("kernel: %w", err)
	}
	return fresh, nil
}
