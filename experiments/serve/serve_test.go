package serve

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/report/reporttest"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// folderOfRuns has a finished run, one that is under way and one that has failed.
type folderOfRuns struct {
	dir              string
	store            *store.Store
	finished, failed *run.Manifest
	live             *run.Run
	claim            *store.Claim // of the stage under way
}

// key is that of the stage under way.
var key = stage.Key{Sum: strings.Repeat("ab", 32), Preimage: []byte(`{}`)}

func newFolder(t *testing.T) *folderOfRuns {
	t.Helper()
	f := &folderOfRuns{dir: t.TempDir()}
	f.store = store.Open(filepath.Join(f.dir, ".cache"), nil)
	var err error
	if f.finished, err = reporttest.Folder(f.dir, 80, fidelity.Config{Trees: 5, FloorSplits: 2}); err != nil {
		t.Fatal(err)
	}
	data := report.Load(f.finished)
	if err := f.finished.Replace("report.html", func(w io.Writer) error { return report.Write(w, data) }); err != nil {
		t.Fatal(err)
	}
	f.live = f.start(t, "http", "1", run.Annotation{Name: "office", Tags: []string{"x"}, Note: "<b>bold</b>"})
	f.live.Working(run.Work{Stage: "vae", Key: key.Sum, Number: 3, Of: 11, Done: 2, Total: 30, Unit: "epochs"})
	if _, f.claim, err = f.store.Claim(t.Context(), "vae", key, nil, nil); err != nil {
		t.Fatal(err)
	}
	f.record(t, 1, 2)
	t.Cleanup(func() { _ = f.claim.Release() })
	other := f.start(t, "http", "2", run.Annotation{})
	if err := other.Finish(errors.New("no room on the disk"), nil); err == nil {
		t.Fatal("it finished")
	}
	f.failed = other.Manifest()
	return f
}

// start starts a run with the seed.
func (f *folderOfRuns) start(t *testing.T, experiment, seed string, a run.Annotation) *run.Run {
	t.Helper()
	e, err := config.Default().Override("seed=" + seed)
	if err != nil {
		t.Fatal(err)
	}
	r, err := run.Start(f.dir, run.Spec{Experiment: experiment, Config: e, Keys: []string{seed}}, run.Options{Annotation: a})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// record records a loss of these epochs of the stage under way.
func (f *folderOfRuns) record(t *testing.T, epochs ...int) {
	t.Helper()
	for _, epoch := range epochs {
		if err := f.claim.Record("vae/loss", epoch, 10/float64(epoch)); err != nil {
			t.Fatal(err)
		}
	}
}

func (f *folderOfRuns) server() *Server { return New(f.dir, f.store) }

// get returns the answer to a request without a body.
func get(h http.Handler, method, target, host string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost"+target, nil)
	r.Host = host
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAnswers(t *testing.T) {
	f := newFolder(t)
	secret := filepath.Join(t.TempDir(), "secret")
	done := "/runs/" + folder(f.finished)
	linked := f.finished.Path("latent.json")
	for _, err := range []error{os.WriteFile(secret, []byte("secret"), 0o666), os.Remove(linked), os.Symlink(secret, linked)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	const local = "127.0.0.1:8080"
	tests := []struct {
		name, method, target, host string
		status                     int
		want                       string // is in the body
	}{
		{"table", "GET", "/", local, 200, "3 of 3 runs"},
		{"head", "HEAD", "/", local, 200, ""},
		{"localhost", "GET", "/", "localhost:9000", 200, "3 of 3 runs"},
		{"LOCALHOST without a port", "GET", "/", "LOCALHOST", 200, "3 of 3 runs"},
		{"IPv6", "GET", "/", "[::1]:8080", 200, "3 of 3 runs"},
		{"IPv6 without a port", "GET", "/", "[::1]", 200, "3 of 3 runs"},
		{"another name", "GET", "/", "evil.example:8080", 421, "want localhost"},
		{"a name that ends in localhost", "GET", "/", "evil-localhost", 421, "want localhost"},
		{"another address", "GET", "/", "192.0.2.1:8080", 421, "want localhost"},
		{"no name", "GET", "/", "", 421, "want localhost"},
		{"POST", "POST", "/", local, 405, "want GET or HEAD"},
		{"DELETE", "DELETE", done, local, 405, "want GET or HEAD"},
		{"OPTIONS", "OPTIONS", "/", local, 405, "want GET or HEAD"},
		{"no page", "GET", "/nothing", local, 404, "no such page"},
		{"filter", "GET", "/?status=failed", local, 200, "1 of 3 runs"},
		{"filter by setting and text", "GET", "/?setting=seed%3D2&text=HTTP", local, 200, "1 of 3 runs"},
		{"filter that nobody passes", "GET", "/?tag=x+y", local, 200, "No run is like that."},
		{"filter by score", "GET", "/?score=C2ST+window%3C%3D1,packet/length+KS%3C%3D1", local, 200, ">length KS</a>"},
		{"wrong filters", "GET", "/?score=AUC%3C1&setting=lstm.unit%3D3&status=done", local, 200, "did you mean &#34;lstm.units&#34;"},
		{"wrong order", "GET", "/?sort=size", local, 200, "there is no order size"},
		{"order", "GET", "/?sort=privacy%2Fcopied+flows", local, 200, `aria-sort="ascending"`},
		{"run", "GET", done, local, 200, "<h2>Scores</h2>"},
		{"run that failed", "GET", "/runs/" + folder(f.failed), local, 200, "no room on the disk"},
		{"no run", "GET", "/runs/http/ffff", local, 404, "there is no run http/ffff"},
		{"the link to the latest run", "GET", "/runs/quickstart/latest", local, 404, "there is no run"},
		{"the store", "GET", "/runs/.cache/vae", local, 404, "there is no run"},
		{"up", "GET", "/runs/http/..", local, 307, ""},
		{"up, encoded", "GET", "/runs/http/%2e%2e", local, 404, "there is no run"},
		{"up with an encoded slash", "GET", "/runs/http/..%2F..%2Fetc", local, 404, "there is no run"},
		{"report", "GET", done + "/report.html", local, 200, "real and synthetic traffic"},
		{"scores", "GET", done + "/scores.json", local, 200, "C2ST"},
		{"log of a run under way", "GET", "/runs/" + folder(f.live.Manifest()) + "/log.txt", local, 200, "run "},
		{"manifest", "GET", done + "/manifest.json", local, 200, `"schema"`},
		{"a file that the manifest lacks", "GET", done + "/work.json", local, 404, "no file work.json"},
		{"up from a run", "GET", done + "/..%2F..%2F.cache", local, 404, "no file"},
		{"a link that leads out", "GET", done + "/latent.json", local, 404, "cannot be read"},
		{"compare", "GET", "/compare?run=" + folder(f.finished) + "&run=" + folder(f.failed), local, 200, "Settings that differ"},
		{"compare one", "GET", "/compare?run=" + folder(f.finished) + "&run=" + folder(f.finished), local, 400, "1 runs are selected"},
		{"compare with none", "GET", "/compare?run=" + folder(f.finished) + "&run=a/../b", local, 404, "there is no run a/../b"},
		{"style", "GET", "/style.css", local, 200, "prefers-color-scheme: dark"},
		{"script", "GET", "/script.js", local, 200, "use strict"},
		{"icon", "GET", "/icon.svg", local, 200, "<svg"},
	}
	h := f.server().Handler()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := get(h, tt.method, tt.target, tt.host)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("status %d, want %d; body wants %q:\n%s", w.Code, tt.status, tt.want, w.Body)
			}
			if tt.method == "HEAD" && w.Body.Len() > 0 {
				t.Errorf("HEAD has a body of %d bytes", w.Body.Len())
			}
			if strings.Contains(w.Body.String(), "secret") {
				t.Error("it has what stands outside the folder")
			}
			if p := w.Header().Get("Content-Security-Policy"); !strings.Contains(p, "default-src 'none'") || strings.Contains(p, "http") || strings.Contains(p, "*") {
				t.Errorf("policy %q", p)
			}
		})
	}
}

// Files of runs may come from elsewhere: they are documents of no site that run no
// script, and what a browser does not show it saves.
func TestFiles(t *testing.T) {
	f := newFolder(t)
	h := f.server().Handler()
	for name, want := range map[string]struct{ kind, disposition string }{
		"report.html":      {"text/html; charset=utf-8", ""},
		"scores.json":      {"application/json", ""},
		"metrics.jsonl":    {"text/plain; charset=utf-8", ""},
		"training.parquet": {"application/octet-stream", "attachment; filename=training.parquet"},
	} {
		w := get(h, "GET", "/runs/"+folder(f.finished)+"/"+name, "localhost")
		if w.Header().Get("Content-Type") != want.kind || w.Header().Get("Content-Disposition") != want.disposition || !strings.HasPrefix(w.Header().Get("Content-Security-Policy"), "sandbox;") {
			t.Errorf("%s: %v", name, w.Header())
		}
		text, err := os.ReadFile(f.finished.Path(name))
		if err != nil || w.Body.String() != string(text) {
			t.Errorf("%s: %d bytes, want %d, %v", name, w.Body.Len(), len(text), err)
		}
	}
	if w := get(h, "GET", "/runs/"+folder(f.finished)+"/scores.json", "localhost", "Range", "bytes=0-9"); w.Code != http.StatusPartialContent || w.Body.Len() != 10 {
		t.Errorf("a part: status %d, %d bytes", w.Code, w.Body.Len())
	}
}

// The page of a run under way shows how far it is and its curve, of the lines that are
// whole; of an unchanged page nothing is sent again.
func TestUnderWay(t *testing.T) {
	f := newFolder(t)
	h := f.server().Handler()
	target := "/runs/" + folder(f.live.Manifest())
	page := get(h, "GET", target, "localhost").Body.String()
	for _, want := range []string{`<main data-every="2">`, `content="5"></noscript>`, "Stage 3 of 11, vae 2 of 30 epochs, for ", "loss (last 5)", "&lt;b&gt;bold&lt;/b&gt;", `<span class="running">running</span>`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	partial := filepath.Join(f.claim.Dir, ".metrics.jsonl")
	f.record(t, 4)
	appendText(t, partial, `{"metric":"vae/loss","step":5,"va`)
	appendText(t, f.live.Path(run.MetricsName), `{"metric":"read/x`)
	if page := get(h, "GET", target, "localhost").Body.String(); !strings.Contains(page, "loss (last 2.5)") || strings.Contains(page, "Not read") {
		t.Error("the curve does not grow, or half a line is a problem")
	}
	if table := get(h, "GET", "/", "localhost").Body.String(); !strings.Contains(table, `<main data-every="2">`) || !strings.Contains(table, "vae 2 of 30 epochs") {
		t.Error("the table does not show what is under way")
	}
	first := get(h, "GET", "/", "localhost")
	if again := get(h, "GET", "/", "localhost", "If-None-Match", first.Header().Get("ETag")); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("the same page again: status %d, %d bytes", again.Code, again.Body.Len())
	}
	if err := f.live.Finish(context.Canceled, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if page := get(h, "GET", target, "localhost").Body.String(); !strings.Contains(page, `<span class="interrupted">`) || strings.Contains(page, "<h2>Now</h2>") {
		t.Error("the page does not show the end")
	}
	if again := get(h, "GET", "/", "localhost", "If-None-Match", first.Header().Get("ETag")); again.Code != http.StatusOK {
		t.Errorf("a table that has changed: status %d", again.Code)
	}
}

func appendText(t *testing.T, path, text string) {
	t.Helper()
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err == nil {
		_, err = io.WriteString(out, text)
	}
	if err = errors.Join(err, out.Close()); err != nil {
		t.Fatal(err)
	}
}

// What is broken or gone is a line, or a page that says so.
func TestBroken(t *testing.T) {
	f := newFolder(t)
	h := f.server().Handler()
	if err := os.WriteFile(filepath.Join(f.failed.Dir, run.ManifestName), []byte(`{"schema":2,"exper`), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.finished.Path("metrics.jsonl"), []byte("half\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(f.live.Dir(), run.WorkName), []byte(`{"stage`), 0o666); err != nil {
		t.Fatal(err)
	}
	for target, want := range map[string]string{
		"/":                                  "cannot be read: run: ",
		"/runs/" + folder(f.failed):          "unexpected end of JSON input",
		"/runs/" + folder(f.finished):        "metrics.jsonl:1",
		"/runs/" + folder(f.live.Manifest()): `<span class="running">running</span>`,
		"/compare?run=" + folder(f.failed) + "&run=" + folder(f.finished): "unexpected end of JSON input",
	} {
		if page := get(h, "GET", target, "localhost").Body.String(); !strings.Contains(page, want) {
			t.Errorf("%s lacks %q:\n%s", target, want, page)
		}
	}
	if err := os.RemoveAll(f.finished.Dir); err != nil {
		t.Fatal(err)
	}
	if w := get(h, "GET", "/runs/"+folder(f.finished), "localhost"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "any more") {
		t.Errorf("a run that was removed: %d", w.Code)
	}
	if page := get(h, "GET", "/", "localhost").Body.String(); !strings.Contains(page, "1 of 1 runs") {
		t.Error("the table does not shrink")
	}
	if page := get(New(filepath.Join(f.dir, "none"), f.store).Handler(), "GET", "/", "localhost").Body.String(); !strings.Contains(page, "There is no run yet") {
		t.Error("a folder that is not there is no empty one")
	}
}

func TestListen(t *testing.T) {
	taken, err := Listen(t.Context(), "127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, tt := range []struct {
		address string
		exposed bool
		want    string // of the error; "": none
	}{
		{"127.0.0.1:0", false, ""},
		{"localhost:0", false, ""},
		{"0.0.0.0:0", true, ""},
		{"0.0.0.0:0", false, "0.0.0.0 is open to other machines: want 127.0.0.1, [::1] or localhost, or --expose, too"},
		{"[::]:0", false, ":: is open to other machines"},
		{":8080", false, "it is open to other machines"},
		{"192.0.2.1:8080", false, "192.0.2.1 is open"},
		{"8080", false, `address "8080": want host:port, like 127.0.0.1:8080`},
		{taken.Addr().String(), false, "another program listens there: want another port, or port 0"},
		{"127.0.0.1:99999", false, "invalid port"},
	} {
		l, err := Listen(t.Context(), tt.address, tt.exposed)
		if err == nil {
			l.Close()
		}
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s, exposed %t: %v, want %q", tt.address, tt.exposed, err, tt.want)
		}
	}
}

// A server for other machines answers to its own names and to any address, and to no
// other name.
func TestHosts(t *testing.T) {
	s := New(t.TempDir(), nil, "Node1.cluster", "node1")
	for host, want := range map[string]int{"node1:8080": 200, "NODE1.cluster:8080": 200, "192.0.2.1:8080": 200, "[2001:db8::1]:8080": 200, "localhost": 200, "evil.example": 421, "*": 421} {
		if w := get(s.Handler(), "GET", "/", host); w.Code != want {
			t.Errorf("%s: status %d, want %d", host, w.Code, want)
		}
	}
}

// The end of its context ends the server in order.
func TestServe(t *testing.T) {
	l, err := Listen(t.Context(), "127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- New(t.TempDir(), nil).Serve(ctx, l) }()
	answer, err := http.Get("http://" + l.Addr().String() + "/")
	if err != nil || answer.StatusCode != 200 {
		t.Fatal(answer, err)
	}
	answer.Body.Close()
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it does not end")
	}
	if _, err := http.Get("http://" + l.Addr().String() + "/"); err == nil {
		t.Error("it answers after its end")
	}
}
