package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/disk"
)

// finalError ends the tries: another one would fail as well.
type finalError struct{ error }

// Unwrap returns the error itself.
func (e finalError) Unwrap() error { return e.error }

// download brings the whole file into the part, in as many tries as the options allow.
func (t *transfer) download(ctx context.Context) error {
	pause := t.options.Pause
	var err error
	for attempt := range t.options.Attempts {
		if attempt > 0 {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(pause):
			}
			pause *= 2
		}
		if err = t.attempt(ctx); err == nil {
			return nil
		}
		var final finalError
		if errors.As(err, &final) || ctx.Err() != nil {
			return err
		}
	}
	return fmt.Errorf("gave up after %d tries, %d bytes are kept for the next: %w", t.options.Attempts, size(t.part), err)
}

// attempt asks for what is missing and appends it to the part.
func (t *transfer) attempt(ctx context.Context) error {
	have := size(t.part)
	if t.file.Size != 0 && have == t.file.Size {
		return nil
	}
	if t.file.Size != 0 && have > t.file.Size {
		if err := t.discard(); err != nil {
			return finalError{err}
		}
		have = 0
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.file.URL, nil)
	if err != nil {
		return finalError{err}
	}
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		if tag, err := os.ReadFile(t.part + ".etag"); err == nil {
			request.Header.Set("If-Range", string(tag)) // another version starts over
		}
	}
	// The client's own limits cover connecting; this one covers each wait for bytes.
	watch := time.AfterFunc(t.options.Stall+30*time.Second, func() { cancel(errStalled) })
	defer watch.Stop()
	response, err := t.options.Client.Do(request)
	if err != nil {
		return cause(ctx, err)
	}
	defer response.Body.Close()
	start, total, err := t.begin(response, have)
	if err != nil || response.StatusCode == http.StatusRequestedRangeNotSatisfiable {
		return err
	}
	return t.receive(ctx, response, start, total, func() { watch.Reset(t.options.Stall) })
}

// cause returns why a request failed: a stall where the watch ended it.
func cause(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errStalled) {
		return fmt.Errorf("%w for the time limit", errStalled)
	}
	return err
}

// begin reads the response's head: where its bytes belong and how many the file has, 0 for unknown. It makes sure that they fit.
func (t *transfer) begin(response *http.Response, have int64) (start, total int64, err error) {
	switch response.StatusCode {
	case http.StatusOK:
		total = max(response.ContentLength, 0)
	case http.StatusPartialContent:
		var end int64
		text := response.Header.Get("Content-Range")
		if _, err := fmt.Sscanf(text, "bytes %d-%d/%d", &start, &end, &total); err != nil {
			if _, err := fmt.Sscanf(text, "bytes %d-%d/*", &start, &end); err != nil {
				return 0, 0, finalError{fmt.Errorf("server's Content-Range %q is none", text)}
			}
		}
		if start != have {
			return 0, 0, finalError{fmt.Errorf("server answers from byte %d, asked was %d", start, have)}
		}
	case http.StatusRequestedRangeNotSatisfiable:
		// The part may be whole, which only its digest can tell; else the next try starts over.
		if t.file.Size == 0 && t.file.SHA256 != "" || strings.HasSuffix(response.Header.Get("Content-Range"), fmt.Sprintf("/%d", have)) {
			return have, have, nil
		}
		return 0, 0, errors.Join(errors.New("server has fewer bytes than the part"), t.discard())
	default:
		err := fmt.Errorf("server answers %s for %s", response.Status, t.file.URL)
		if response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusRequestTimeout {
			return 0, 0, err
		}
		return 0, 0, finalError{err}
	}
	if t.file.Size != 0 && total != 0 && total != t.file.Size {
		return 0, 0, finalError{fmt.Errorf("server has %d bytes, want %d", total, t.file.Size)}
	}
	if t.file.Size != 0 {
		total = t.file.Size
	}
	if total > t.options.MaxSize && t.file.Size == 0 {
		return 0, 0, finalError{fmt.Errorf("server has %d bytes, more than the limit of %d", total, t.options.MaxSize)}
	}
	if err := disk.Room(filepath.Dir(t.part), total-start); err != nil {
		return 0, 0, finalError{err}
	}
	return start, total, nil
}

// receive appends the response's bytes to the part from start on.
func (t *transfer) receive(ctx context.Context, response *http.Response, start, total int64, alive func()) error {
	flags := os.O_WRONLY | os.O_CREATE
	if start == 0 {
		flags |= os.O_TRUNC
		if err := keepTag(t.part, response.Header.Get("ETag")); err != nil {
			return finalError{err}
		}
	}
	out, err := os.OpenFile(t.part, flags, 0o644)
	if err != nil {
		return finalError{err}
	}
	defer out.Close()
	if _, err := out.Seek(start, io.SeekStart); err != nil {
		return finalError{err}
	}
	limit := total
	if total == 0 {
		limit = t.options.MaxSize
	}
	body := &aliveReader{r: io.LimitReader(response.Body, limit-start+1), alive: alive}
	alive()
	report := &reporter{t: t, w: out, done: start, total: total}
	written, err := io.Copy(report, body)
	if err != nil {
		return errors.Join(cause(ctx, err), out.Sync())
	}
	switch got := start + written; {
	case got > limit:
		return finalError{errors.Join(fmt.Errorf("server sends more than %d bytes", limit), t.discard())}
	case total != 0 && got < total:
		return fmt.Errorf("cut after %d of %d bytes: %w", got, total, io.ErrUnexpectedEOF)
	}
	if err := out.Sync(); err != nil {
		return finalError{err}
	}
	return out.Close()
}

// keepTag remembers which version of the file a part belongs to. A weak tag cannot be used to continue.
func keepTag(part, tag string) error {
	if tag == "" || strings.HasPrefix(tag, "W/") {
		os.Remove(part + ".etag") // it may not be there
		return nil
	}
	return os.WriteFile(part+".etag", []byte(tag), 0o644)
}

// aliveReader says whenever bytes come.
type aliveReader struct {
	r     io.Reader
	alive func()
}

// Read implements io.Reader.
func (a *aliveReader) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	if n > 0 {
		a.alive()
	}
	return n, err
}

// size returns a file's size, 0 where there is none.
func size(path string) int64 {
	stat, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return stat.Size()
}
