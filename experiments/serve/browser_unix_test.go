//go:build unix

package serve

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/experiments/run"
)

// browser is a headless Chromium that is driven through its DevTools protocol, of which
// each message is JSON with a zero byte behind it, over two pipes: that needs neither a
// port nor a library.
type browser struct {
	t       *testing.T
	in      *os.File
	out     *bufio.Reader
	calls   int
	session string
	events  []message
}

// message is what the browser sends: the result of a call, or an event.
type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Result json.RawMessage `json:"result"`
	Params json.RawMessage `json:"params"`
	Error  json.RawMessage `json:"error"`
}

// openBrowser starts Chromium with an empty page, or skips the test where there is none.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("neither chromium, chromium-browser nor google-chrome is installed")
	}
	theirs, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	profile, err := os.MkdirTemp("", "chromium-") // t.TempDir would fail the test where a child of Chromium writes a moment longer
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(ctx, path, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe", "--user-data-dir="+profile, "about:blank")
	c.ExtraFiles = []*os.File{theirs, theirOut} // 3 and 4 of the browser
	c.WaitDelay = time.Second
	if err := c.Start(); err != nil {
		t.Skipf("%s: %v", path, err)
	}
	theirs.Close()
	theirOut.Close()
	b := &browser{t: t, in: in, out: bufio.NewReader(out)}
	t.Cleanup(func() {
		b.call("Browser.close", nil, nil)
		_ = c.Wait()
		for range 50 {
			if os.RemoveAll(profile) == nil {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		cancel()
		in.Close()
		out.Close()
	})
	var target struct{ TargetID, SessionID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &target)
	b.session = target.SessionID
	for _, domain := range []string{"Page", "Network", "Log", "Runtime"} {
		b.call(domain+".enable", nil, nil)
	}
	return b
}

// call calls a method of the protocol and keeps the events that come before its result.
func (b *browser) call(method string, params, result any) {
	b.t.Helper()
	b.calls++
	call := map[string]any{"id": b.calls, "method": method}
	if params != nil {
		call["params"] = params
	}
	if b.session != "" && method != "Browser.close" {
		call["sessionId"] = b.session
	}
	text, err := json.Marshal(call)
	if err == nil {
		_, err = b.in.Write(append(text, 0))
	}
	for err == nil {
		if text, err = b.out.ReadBytes(0); err != nil {
			break
		}
		var m message
		if err = json.Unmarshal(text[:len(text)-1], &m); err != nil {
			break
		}
		if m.ID == b.calls {
			if m.Error != nil {
				b.t.Fatalf("%s: %s", method, m.Error)
			}
			if result != nil {
				err = json.Unmarshal(m.Result, result)
			}
			break
		}
		b.events = append(b.events, m)
	}
	if err != nil && method != "Browser.close" {
		b.t.Fatalf("%s: %v", method, err)
	}
}

// value returns what an expression is in the page.
func (b *browser) value(expression string) any {
	b.t.Helper()
	var answer struct {
		Result           struct{ Value any }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true}, &answer)
	if answer.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, answer.ExceptionDetails)
	}
	return answer.Result.Value
}

// until waits until an expression is true.
func (b *browser) until(expression string) {
	b.t.Helper()
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if b.value("document.body != null && "+expression) == true { // while a page loads it has none
			return
		}
	}
	b.t.Fatalf("it never is that %s; the page is\n%v", expression, b.value("document.body.innerText"))
}

// open opens a page.
func (b *browser) open(url string) {
	b.t.Helper()
	b.call("Page.navigate", map[string]any{"url": url}, nil)
	b.until(fmt.Sprintf("location.href == %q && document.readyState == 'complete'", url))
}

// screen sets how wide the screen is and which colours the system asks for.
func (b *browser) screen(width int, scheme string) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// quiet demands that nothing was asked of anybody but the server, and that the console
// has no error.
func (b *browser) quiet(origin string) {
	b.t.Helper()
	requests := 0
	for _, e := range b.events {
		switch e.Method {
		case "Network.requestWillBeSent":
			var p struct{ Request struct{ URL string } }
			if err := json.Unmarshal(e.Params, &p); err != nil || !strings.HasPrefix(p.Request.URL, origin) {
				b.t.Errorf("it asks for %s, %v", p.Request.URL, err)
			}
			requests++
		case "Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled":
			b.t.Errorf("%s: %s", e.Method, e.Params)
		}
	}
	if requests == 0 {
		b.t.Error("it asks for nothing")
	}
}

// fits opens pages on large and small screens, light and dark: no page is wider than the
// screen, and each has the colours that the system asks for.
func (b *browser) fits(origin string, pages ...string) {
	b.t.Helper()
	for scheme, paper := range map[string]string{"light": "rgb(255, 255, 255)", "dark": "rgb(22, 24, 28)"} {
		for _, width := range []int{1280, 400} {
			b.screen(width, scheme)
			for _, page := range pages {
				b.open(origin + page)
				if wide := b.value("document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide != 0.0 {
					b.t.Errorf("%s is %v pixels wider than a screen of %d", page, wide, width)
				}
				if got := b.value("getComputedStyle(document.body).backgroundColor"); got != paper {
					b.t.Errorf("%s, %s: the background is %v, want %s", page, scheme, got, paper)
				}
			}
		}
	}
}

// The pages in a browser, on small and large screens, light and dark: nothing is loaded
// from elsewhere, the console stays empty, nothing is wider than the screen, and what is
// under way goes on without the reader's doing, with a script and without.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes some seconds to start")
	}
	b := openBrowser(t)
	f := newFolder(t)
	l, err := Listen(t.Context(), "127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	origin := "http://" + l.Addr().String()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.server().Serve(ctx, net.Listener(l)) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	newSweep(t, f)
	live, finished := "/runs/"+folder(f.live.Manifest()), "/runs/"+folder(f.finished)
	b.fits(origin, "/", live, finished, "/compare?run="+folder(f.finished)+"&run="+folder(f.failed), "/sweeps", "/sweeps/aaaabbbbcccc")
	b.quiet(origin + "/")
	b.screen(1280, "light") // a small one has no heads of columns
	b.open(origin + "/")
	b.value("document.querySelectorAll('input[name=run]')[0].click(); document.querySelector('th a').focus()")
	if disabled := b.value("document.getElementById('compare').disabled"); disabled != true {
		t.Error("one run can be compared")
	}
	f.live.Working(run.Work{Stage: "lstm", Number: 7, Of: 11, Done: 3, Total: 30, Unit: "epochs"})
	b.until("document.body.innerText.includes('lstm 3 of 30 epochs')")
	if kept := b.value("document.querySelectorAll('input[name=run]')[0].checked && document.activeElement.tagName == 'A'"); kept != true {
		t.Error("a box that was ticked or the focus is lost when the table is replaced")
	}
	b.value("document.querySelectorAll('input[name=run]')[1].click(); document.getElementById('compare').click()")
	b.until("document.readyState == 'complete' && document.querySelector('h1').innerText == 'Runs side by side'")

	f.live.Working(run.Work{Stage: "vae", Key: key.Sum, Number: 3, Of: 11})
	b.open(origin + live)
	b.until("document.querySelector('#curves').textContent.includes('loss (last 5)')")
	b.value("document.getElementById('all-files').open = true")
	f.record(t, 4, 5)
	b.until("document.querySelector('#curves').textContent.includes('loss (last 2)')")
	if open := b.value("document.getElementById('all-files').open"); open != true {
		t.Error("what was unfolded is folded again")
	}

	b.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": true}, nil)
	b.open(origin + live)
	f.live.Working(run.Work{Stage: "gmm", Number: 4, Of: 11})
	b.until("document.body.innerText.includes('Stage 4 of 11, gmm')") // the page loads itself again
	b.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": false}, nil)
	b.open(origin + live)
	_ = f.live.Finish(context.Canceled, nil)
	b.until("document.querySelector('#head .interrupted') != null && document.querySelector('#work h2') == null")
	b.quiet(origin + "/")

	if err := run.Remove(f.live.Dir()); err != nil { // which the console then says, too
		t.Fatal(err)
	}
	b.until("document.querySelector('h1').innerText == 'That is not to be had' && document.querySelector('main').dataset.every == '0'")
}
