package kernel

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// browser is a page in a headless Chromium that is driven by the DevTools protocol over pipes
// (chromedevtools.github.io/devtools-protocol; messages are JSON with a NUL after each).
type browser struct {
	t       *testing.T
	in      *os.File
	out     *bufio.Reader
	session string
	last    int
	name    string // of what is open, for messages
}

// startBrowser starts Chromium with an empty page. It ends with the test.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	toRead, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, toWrite, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	profile, err := os.MkdirTemp("", "chromium-") // t.TempDir would fail the test where a child of Chromium writes a moment longer
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
		"--no-first-run", "--remote-debugging-pipe", "--user-data-dir="+profile, "--window-size=1280,2400")
	cmd.ExtraFiles = []*os.File{toRead, toWrite} // Chromium's descriptors 3 and 4
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	toRead.Close()
	toWrite.Close()
	t.Cleanup(func() {
		in.Close() // ends Chromium
		if err := cmd.Wait(); err != nil {
			t.Logf("chromium: %v", err)
		}
		for range 50 {
			if os.RemoveAll(profile) == nil {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		out.Close()
	})
	b := &browser{t: t, in: in, out: bufio.NewReaderSize(out, 1<<20)}
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	return b
}

// call calls a method of the protocol and reads its result into one, unless it is nil.
// Events are passed over.
func (b *browser) call(method string, params map[string]any, result any) {
	b.t.Helper()
	b.last++
	message := map[string]any{"id": b.last, "method": method, "params": params}
	if b.session != "" {
		message["sessionId"] = b.session
	}
	data, err := json.Marshal(message)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.in.Write(append(data, 0)); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	for {
		data, err := b.out.ReadBytes(0)
		if err != nil {
			b.t.Fatalf("%s: chromium ended: %v", method, err)
		}
		var reply struct {
			ID     int
			Result json.RawMessage
			Error  json.RawMessage
		}
		if err := json.Unmarshal(data[:len(data)-1], &reply); err != nil {
			b.t.Fatalf("%s: %v", method, err)
		}
		if reply.ID != b.last {
			continue
		}
		if reply.Error != nil {
			b.t.Fatalf("%s: %s", method, reply.Error)
		}
		if result != nil {
			if err := json.Unmarshal(reply.Result, result); err != nil {
				b.t.Fatalf("%s: %v", method, err)
			}
		}
		return
	}
}

// eval evaluates JavaScript in the page, waits for a promise, and reads the value into one,
// unless it is nil. It returns what the script throws.
func (b *browser) eval(script string, value any) error {
	b.t.Helper()
	var reply struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	b.call("Runtime.evaluate", map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true}, &reply)
	if e := reply.ExceptionDetails; e != nil {
		return fmt.Errorf("%s %s", e.Text, e.Exception.Description)
	}
	if value != nil && len(reply.Result.Value) > 0 {
		return json.Unmarshal(reply.Result.Value, value)
	}
	return nil
}

// wait waits until a condition holds in the page.
func (b *browser) wait(what, condition string, limit time.Duration) {
	b.t.Helper()
	for started := time.Now(); time.Since(started) < limit; time.Sleep(200 * time.Millisecond) {
		holds := false
		if b.eval("Boolean("+condition+")", &holds) == nil && holds {
			return
		}
	}
	b.screenshot(b.name + "_stuck")
	b.t.Fatalf("%s: not after %v", what, limit)
}

// screenshot stores a picture of the page in the folder that NECSTGEN_SCREENSHOTS names, if
// it does.
func (b *browser) screenshot(name string) {
	b.t.Helper()
	dir := os.Getenv("NECSTGEN_SCREENSHOTS")
	if dir == "" {
		return
	}
	var shot struct{ Data string }
	b.call("Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), data, 0o666); err != nil {
		b.t.Fatal(err)
	}
}
