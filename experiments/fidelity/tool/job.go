package tool

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// job is one program's look at one capture.
type job struct {
	capture *capture
	shared  string // the folder of the captures
	dir     string // a folder of the job's own, empty at first
	limit   time.Duration
}

// mostComplaint is how many bytes of a failed program's complaint are kept.
const mostComplaint = 200

// run runs a program in the job's folder, with time stamps in UTC and messages in English,
// and reads what it writes to its standard output. It is stopped, with whatever it has
// started, at the job's limit or when ctx ends.
func (j *job) run(ctx context.Context, read func(r io.Reader) error, name string, args ...string) error {
	limited, cancel := context.WithTimeout(ctx, j.limit)
	defer cancel()
	cmd := exec.CommandContext(limited, name, args...)
	cmd.Dir = j.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC", "WIRESHARK_CONFIG_DIR="+j.dir)
	cmd.WaitDelay = 5 * time.Second
	ownGroup(cmd)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	unread := read(out)
	_, drained := io.Copy(io.Discard, out) // so that the program is not stopped by a full pipe
	err = cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		return fmt.Errorf("%s did not end within %v", name, j.limit)
	case err != nil:
		return fmt.Errorf("%s: %w: %s", name, err, j.firstWords(complaint.Bytes()))
	}
	return errors.Join(unread, drained)
}

// asRoot is what tshark says first to whoever runs it as root, which is no complaint.
var asRoot = regexp.MustCompile(`Running as user ".*" and group ".*"\..*\n`)

// firstWords is the beginning of a program's complaint in one line, without the names of
// temporary folders.
func (j *job) firstWords(complaint []byte) string {
	text := strings.ReplaceAll(strings.ReplaceAll(string(complaint), j.dir, ""), j.shared, "")
	text = asRoot.ReplaceAllString(text, "")
	text = strings.Join(strings.Fields(text), " ")
	return text[:min(len(text), mostComplaint)]
}

// nothing reads no output.
func nothing(io.Reader) error { return nil }

// longestLine is the longest line of a program's output that is believed.
const longestLine = 1 << 22

// lines calls visit with each line and its number, from 1.
func lines(r io.Reader, visit func(number int, line string) error) error {
	in := bufio.NewScanner(r)
	in.Buffer(nil, longestLine)
	for number := 1; in.Scan(); number++ {
		if err := visit(number, in.Text()); err != nil {
			return err
		}
	}
	return in.Err()
}

// readLog reads a file that a program writes where it has something to write.
func readLog(path string, read func(r io.Reader) error) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	return read(file)
}
