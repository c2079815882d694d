package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// content is 300,000 bytes that differ everywhere.
func content() []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < 300_000; i++ {
		fmt.Fprintf(&b, "%d,", i*i)
	}
	return b.Bytes()[:300_000]
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// one is a catalog with one data set of one file.
func one(t *testing.T, url string, f File) *Catalog {
	t.Helper()
	f.URL = url
	if f.Path == "" {
		f.Path = "file.bin"
	}
	return &Catalog{Dir: t.TempDir(), Sets: []Info{{Name: "set", Files: []File{f}}}}
}

func fast() FetchOptions {
	return FetchOptions{Stall: 150 * time.Millisecond, Attempts: 4, Pause: time.Millisecond}
}

// leftovers lists what lies in the catalog's folder, by base name.
func leftovers(t *testing.T, c *Catalog) string {
	t.Helper()
	paths, err := walk(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(paths))
	for i, p := range paths {
		names[i] = filepath.Base(p)
	}
	return strings.Join(names, " ")
}

// fetchCase is a way in which a server or a network behaves.
type fetchCase struct {
	name     string
	file     File
	handler  func(w http.ResponseWriter, r *http.Request, try int)
	requests int32  // how many are expected
	want     string // part of the error; "": success
	left     string // in the folder
}

func serve(w http.ResponseWriter, r *http.Request, data []byte) {
	w.Header().Set("ETag", `"v1"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// cut answers as serve does, but ends the connection after n bytes.
func cut(w http.ResponseWriter, r *http.Request, data []byte, n int) {
	w.Header().Set("ETag", `"v1"`)
	http.ServeContent(&cutter{ResponseWriter: w, left: n}, r, "", time.Time{}, bytes.NewReader(data))
}

// cuts are transfers that are interrupted.
func cuts(t *testing.T, data []byte, whole File) []fetchCase {
	return []fetchCase{
		{"plain", whole, func(w http.ResponseWriter, r *http.Request, _ int) { serve(w, r, data) }, 1, "", "file.bin file.bin.sha256"},
		{"cut twice, then continued", whole, func(w http.ResponseWriter, r *http.Request, try int) {
			if try <= 2 {
				cut(w, r, data, 100_000)
				return
			}
			if got := r.Header.Get("Range"); got != "bytes=200000-" {
				t.Errorf("third request asks for %q", got)
			}
			serve(w, r, data)
		}, 3, "", "file.bin file.bin.sha256"},
		{"always cut", whole, func(w http.ResponseWriter, r *http.Request, _ int) { cut(w, r, data, 1000) }, 4, "gave up after 4 tries, 4000 bytes are kept", "file.bin.part file.bin.part.etag"},
		{"stalls, then continued", whole, func(w http.ResponseWriter, r *http.Request, try int) {
			if try == 1 {
				w.Header().Set("Content-Length", "300000")
				w.Write(data[:5000])
				w.(http.Flusher).Flush()
				<-r.Context().Done()
				return
			}
			serve(w, r, data)
		}, 2, "", "file.bin file.bin.sha256"},
		{"does not know ranges", whole, func(w http.ResponseWriter, r *http.Request, try int) {
			r.Header.Del("Range")
			if try == 1 {
				cut(w, r, data, 70_000)
				return
			}
			serve(w, r, data)
		}, 2, "", "file.bin file.bin.sha256"},
		{"another version in between", File{SHA256: digest(data)}, func(w http.ResponseWriter, r *http.Request, try int) {
			if try == 1 {
				w.Header().Set("ETag", `"v0"`)
				http.ServeContent(&cutter{ResponseWriter: w, left: 9}, r, "", time.Time{}, strings.NewReader("an older version"))
				return
			}
			serve(w, r, data)
		}, 2, "", "file.bin file.bin.sha256"},
	}
}

// lies are servers that send something else than they should.
func lies(data []byte, whole File) []fetchCase {
	return []fetchCase{
		{"wrong bytes", whole, func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Write(bytes.ToUpper(append([]byte("x"), data[1:]...)))
		}, 1, "got SHA-256 ", ""},
		{"claims another length", whole, func(w http.ResponseWriter, _ *http.Request, _ int) { w.Write(data[:1234]) }, 1, "server has 1234 bytes, want 300000", ""},
		{"claims more than it sends", File{SHA256: digest(data)}, func(w http.ResponseWriter, r *http.Request, _ int) {
			w.Header().Set("Content-Length", "400000")
			w.Write(data)
		}, 4, "gave up after 4 tries", "file.bin.part"},
		{"endless", whole, func(w http.ResponseWriter, r *http.Request, _ int) {
			w.(http.Flusher).Flush() // no length
			for r.Context().Err() == nil {
				if _, err := w.Write(data); err != nil {
					return
				}
			}
		}, 1, "server sends more than 300000 bytes", ""},
		{"answers from elsewhere", whole, func(w http.ResponseWriter, r *http.Request, try int) {
			if try == 1 {
				cut(w, r, data, 500)
				return
			}
			w.Header().Set("Content-Range", "bytes 7-299999/300000")
			w.WriteHeader(http.StatusPartialContent)
			w.Write(data[7:])
		}, 2, "server answers from byte 7, asked was 500", "file.bin.part file.bin.part.etag"},
		{"senseless range", whole, func(w http.ResponseWriter, r *http.Request, _ int) {
			w.Header().Set("Content-Range", "bytes all")
			w.WriteHeader(http.StatusPartialContent)
		}, 1, `Content-Range "bytes all" is none`, ""},
		{"not found", whole, func(w http.ResponseWriter, r *http.Request, _ int) { http.NotFound(w, r) }, 1, "404 Not Found", ""},
		{"busy, then there", whole, func(w http.ResponseWriter, r *http.Request, try int) {
			if try == 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			serve(w, r, data)
		}, 2, "", "file.bin file.bin.sha256"},
		{"more than any disk has", File{SHA256: digest(data), Size: 1 << 60}, func(w http.ResponseWriter, r *http.Request, _ int) {
			w.Header().Set("Content-Length", fmt.Sprint(1<<60))
			w.Write(data)
		}, 1, " free, needed are", ""},
		{"larger than an unknown file may be", File{SHA256: digest(data)}, func(w http.ResponseWriter, r *http.Request, _ int) {
			w.Header().Set("Content-Length", fmt.Sprint(1<<60))
			w.Write(data)
		}, 1, "more than the limit of", ""},
	}
}

// TestFetch serves one file in all these ways.
func TestFetch(t *testing.T) {
	data := content()
	whole := File{Size: int64(len(data)), SHA256: digest(data)}
	for _, tt := range append(cuts(t, data, whole), lies(data, whole)...) {
		t.Run(tt.name, func(t *testing.T) {
			var tries atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { tt.handler(w, r, int(tries.Add(1))) }))
			defer server.Close()
			c := one(t, server.URL, tt.file)
			err := c.Fetch(context.Background(), "set", fast())
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Fatalf("error %v, want %q", err, tt.want)
			}
			if got := tries.Load(); got != tt.requests {
				t.Errorf("%d requests, want %d", got, tt.requests)
			}
			if got := leftovers(t, c); got != tt.left {
				t.Errorf("left in the folder: %q, want %q", got, tt.left)
			}
			if tt.want == "" {
				checkOpen(t, c, "set", data)
			}
		})
	}
}

// cutter ends the connection after some bytes of the body.
type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(p []byte) (int, error) {
	if len(p) <= c.left {
		c.left -= len(p)
		return c.ResponseWriter.Write(p)
	}
	c.ResponseWriter.Write(p[:c.left])
	c.ResponseWriter.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func checkOpen(t *testing.T, c *Catalog, name string, want []byte) {
	t.Helper()
	r, err := c.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: %d bytes that are not the published %d", name, len(got), len(want))
	}
}

// TestFetchLaterRun: a run that is ended keeps its part and the next continues it; one whose part is of another file starts over.
func TestFetchLaterRun(t *testing.T) {
	data := content()
	var ranges []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}))
	defer server.Close()
	for _, tt := range []struct {
		name string
		part []byte
		want string // ranges asked for
	}{
		{"continued", data[:1000], "bytes=1000-"},
		{"another file's part", bytes.Repeat([]byte{0}, 1000), "bytes=1000-, "},
		{"whole already", data, ""},
		{"too long", append(append([]byte(nil), data...), 0), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ranges = nil
			c := one(t, server.URL, File{Size: int64(len(data)), SHA256: digest(data)})
			part := filepath.Join(c.Dir, "set", "file.bin.part")
			if err := errors.Join(os.MkdirAll(filepath.Dir(part), 0o755), os.WriteFile(part, tt.part, 0o644)); err != nil {
				t.Fatal(err)
			}
			if err := c.Fetch(context.Background(), "set", fast()); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(ranges, ", "); got != tt.want {
				t.Errorf("asked for %q, want %q", got, tt.want)
			}
			checkOpen(t, c, "set", data)
		})
	}
}

func TestFetchCancelled(t *testing.T) {
	data := content()
	ctx, cancel := context.WithCancel(context.Background())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		w.Write(data[:100_000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	c := one(t, server.URL, File{Size: int64(len(data)), SHA256: digest(data)})
	options := FetchOptions{Progress: func(Progress) { cancel() }}
	if err := c.Fetch(ctx, "set", options); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want cancelled", err)
	}
	if size(filepath.Join(c.Dir, "set", "file.bin.part")) == 0 {
		t.Error("no part is kept")
	}
}

func TestFetchUnknownDigest(t *testing.T) {
	data := content()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(data) }))
	defer server.Close()
	c := one(t, server.URL, File{})
	options := fast()
	if err := c.Fetch(context.Background(), "set", options); !errors.Is(err, ErrUnknownDigest) {
		t.Fatalf("error %v, want ErrUnknownDigest", err)
	}
	options.AcceptUnknown = true
	if err := c.Fetch(context.Background(), "set", options); err != nil {
		t.Fatal(err)
	}
	// From now on the digest holds, also without the user's word.
	if err := os.Remove(filepath.Join(c.Dir, "set", "file.bin")); err != nil {
		t.Fatal(err)
	}
	if err := c.Fetch(context.Background(), "set", fast()); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(c.Dir, "set", "file.bin")); err != nil {
		t.Fatal(err)
	}
	data[17] ^= 1
	if err := c.Fetch(context.Background(), "set", options); err == nil || !strings.Contains(err.Error(), "got SHA-256") {
		t.Errorf("changed file: error %v", err)
	}
}

// TestRedirect: the default client follows a redirection, but not for ever, and not out of TLS.
func TestRedirect(t *testing.T) {
	request := func(url string) *http.Request {
		r, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := request("https://a.test/")
	for _, tt := range []struct {
		to   string
		via  int
		want bool
	}{{"https://b.test/", 1, true}, {"http://b.test/", 1, false}, {"https://b.test/", 5, false}} {
		via := make([]*http.Request, tt.via)
		for i := range via {
			via[i] = first
		}
		if err := redirect(request(tt.to), via); (err == nil) != tt.want {
			t.Errorf("to %s after %d: %v", tt.to, tt.via, err)
		}
	}
}

func TestFetchFrom(t *testing.T) {
	data := content()
	dir := t.TempDir()
	write := func(path string, data []byte) {
		t.Helper()
		path = filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	write("stick/deep/file.bin", data)
	write("wrong/file.bin", data[1:])
	write("two/a/file.bin", data)
	write("two/b/file.bin", data)
	for _, tt := range []struct{ from, want string }{
		{"stick", ""},
		{"wrong", "got 299999 bytes, want 300000"},
		{"two", "2 files named file.bin"},
		{"none", "no such file"},
	} {
		c := one(t, "http://127.0.0.1:1/never-asked", File{Size: int64(len(data)), SHA256: digest(data)})
		var last Progress
		err := c.Fetch(context.Background(), "set", FetchOptions{From: filepath.Join(dir, tt.from), Progress: func(p Progress) { last = p }})
		if tt.want == "" {
			if err != nil {
				t.Fatal(err)
			}
			checkOpen(t, c, "set", data)
			if last.Done != 300_000 || last.Total != 300_000 {
				t.Errorf("last progress %+v", last)
			}
		} else if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.from, err, tt.want)
		}
	}
}
