package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/necstgen/necstgen/experiments/store"
)

// Finish ends the run. With a nil error it has finished: report writes its last
// files, files that do not belong to it are removed, and latest points to it. Any
// other run stays with its status, its log and what its stages have made, and goes
// on from there when it is started again. Finish returns err, joined with what went
// wrong in finishing.
func (r *Run) Finish(err error, report func() error) error {
	if err == nil {
		r.manifest.Finished = r.now().UTC()
		r.manifest.Seconds = max(0, r.manifest.Finished.Sub(r.manifest.Started).Seconds())
		err = r.finish(report)
	}
	if err == nil {
		return nil
	}
	r.manifest.Status, r.manifest.Finished, r.manifest.Error = Failed, time.Time{}, err.Error()
	if errors.Is(err, context.Canceled) {
		r.manifest.Status, r.manifest.Error = Interrupted, ""
	}
	r.Log("%s: %v", r.manifest.Status, err)
	failed := r.Intact()
	if failed == nil {
		_ = os.Remove(r.Path(WorkName)) // if a stage was under way; the log has its name
		failed = r.save()
	}
	if failed != nil { // what has ended the run may prevent this, too: the manifest still says that it is running
		r.Log("%v", failed)
	}
	return errors.Join(err, r.close())
}

// finish brings a run to its end.
func (r *Run) finish(report func() error) error {
	if err := r.Intact(); err != nil {
		return err
	}
	bytes, sum, err := store.DigestFile(r.Path(MetricsName))
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	r.added[MetricsName] = Artifact{Name: MetricsName, Bytes: bytes, SHA256: sum}
	r.manifest.Status = Finished
	if report != nil {
		if err := report(); err != nil {
			return err
		}
	}
	r.Log("finished")
	if err := r.removeUnclaimed(); err != nil {
		return err
	}
	if err := r.save(); err != nil {
		return err
	}
	if err := latest(r.Dir()); err != nil {
		return err
	}
	return r.close()
}

// removeUnclaimed removes files that no stage of this run has made.
func (r *Run) removeUnclaimed() error {
	err := filepath.WalkDir(r.Dir(), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		relative, err := filepath.Rel(r.Dir(), path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(relative)
		if _, known := r.added[name]; known || name == ManifestName || name == LogName {
			return nil
		}
		return os.Remove(path)
	})
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return nil
}

// close releases the folder.
func (r *Run) close() error {
	return errors.Join(r.log.Close(), r.lock.Close())
}
