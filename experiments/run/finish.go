package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Finish ends the run. With a nil error the folder takes its final name,
// replacing an earlier run of the same id, and latest points to it. A cancelled
// run stays as <id>.partial and can be resumed, any other leaves nothing. Finish
// returns err, joined with what went wrong in finishing.
func (r *Run) Finish(err error) error {
	switch {
	case err == nil:
		return r.finish()
	case errors.Is(err, context.Canceled) && len(r.manifest.Stages) > 0:
		r.Log("interrupted: %v", err)
		r.manifest.Status = Interrupted
		return errors.Join(err, r.save(), r.release())
	}
	return errors.Join(err, r.discard())
}

func (r *Run) finish() error {
	r.manifest.Status = Finished
	r.manifest.Finished = r.now().UTC()
	r.manifest.Seconds = r.manifest.Finished.Sub(r.manifest.Started).Seconds()
	r.Log("finished")
	err := r.release()
	if err == nil {
		err = settleMetrics(filepath.Join(r.partial, MetricsName))
	}
	for i := range r.manifest.Stages {
		r.manifest.Stages[i].Metrics = [2]int64{}
	}
	if err == nil {
		err = r.sweep()
	}
	if err == nil {
		err = r.save()
	}
	if err == nil {
		err = r.publish()
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(r.partial))
	}
	return nil
}

// publish gives the folder its name and moves the link.
func (r *Run) publish() error {
	old := r.final + ".old"
	if err := os.RemoveAll(old); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	if err := os.Rename(r.final, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("run: %w", err)
	}
	if err := os.Rename(r.partial, r.final); err != nil {
		return fmt.Errorf("run: %w", errors.Join(err, os.Rename(old, r.final)))
	}
	if err := os.RemoveAll(old); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	link := filepath.Join(filepath.Dir(r.final), "latest")
	temporary := link + ".new"
	_ = os.Remove(temporary) // left by a killed process, if by any
	if err := errors.Join(os.Symlink(filepath.Base(r.final), temporary), os.Rename(temporary, link)); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return nil
}

// release closes what is open.
func (r *Run) release() error {
	return errors.Join(r.metrics.Close(), r.log.Close(), r.lock.Close())
}

// discard removes the folder, and its parents where they are empty.
func (r *Run) discard() error {
	_ = r.release() // what it would complain of is removed next
	if err := os.RemoveAll(r.partial); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	experiment := filepath.Dir(r.partial)
	if os.Remove(experiment) == nil { // fails where another run stands
		_ = os.Remove(filepath.Dir(experiment))
	}
	return nil
}
