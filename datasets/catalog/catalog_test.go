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
		}, 1, "MB free, needed are", ""},
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

func TestOpen(t *testing.T) {
	own := filepath.Join(t.TempDir(), "my.pcap")
	if err := os.WriteFile(own, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := &Catalog{Dir: t.TempDir()}
	checkOpen(t, c, own, []byte("mine"))
	for _, tt := range []struct{ name, want string }{
		{"no-such-set", `unknown data set "no-such-set": want one of testbed, testbed-services, necstgen`},
		{"no-such.pcap", "no file and no data set no-such.pcap"},
		{filepath.Dir(own), "is a folder"},
		{"darpa1999/week1/monday", "fetch it with: data fetch darpa1999/week1/monday"},
		{"necstgen/../../etc/passwd", "no file and no data set"},
	} {
		if _, err := c.Open(tt.name); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Open(%q): error %v, want %q", tt.name, err, tt.want)
		}
	}
	r, err := c.Open("testbed")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var magic [4]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil || magic != [4]byte{0xd4, 0xc3, 0xb2, 0xa1} {
		t.Errorf("the embedded capture begins with %x, %v", magic, err)
	}
}

func TestImport(t *testing.T) {
	own := filepath.Join(t.TempDir(), "my.pcap")
	if err := os.WriteFile(own, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := &Catalog{Dir: t.TempDir()}
	info, err := c.Import(context.Background(), own, "lab-1")
	if err != nil {
		t.Fatal(err)
	}
	checkOpen(t, c, info.Name, []byte("mine"))
	list := c.List()
	if last := list[len(list)-1]; last.Name != "own/lab-1" || last.Size() != 4 || !last.Known() {
		t.Errorf("the list ends with %+v", last)
	}
	for _, tt := range []struct{ path, name, want string }{
		{own, "lab-1", "is there already"},
		{own, "../lab", "want up to 64 letters"},
		{own + "x", "lab-2", "no such file"},
		{filepath.Dir(own), "lab-2", "want a file"},
	} {
		if _, err := c.Import(context.Background(), tt.path, tt.name); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Import(%q, %q): error %v, want %q", tt.path, tt.name, err, tt.want)
		}
	}
}

// TestAll: every published data set can be fetched into its own place, and says where it comes from.
func TestAll(t *testing.T) {
	names, places := map[string]bool{}, map[string]bool{}
	for _, info := range All() {
		if names[info.Name] || info.Title == "" || info.License == "" || info.Citation == "" {
			t.Errorf("%s: name twice, or no title, licence or citation", info.Name)
		}
		names[info.Name] = true
		if info.Embedded() == (len(info.Files) > 0) {
			t.Errorf("%s: embedded and files", info.Name)
		}
		for _, f := range info.Files {
			place := info.Name + "/" + f.Path
			if places[place] || !filepath.IsLocal(place) || !strings.HasPrefix(f.URL, "https://") {
				t.Errorf("%s: twice, outside, or not https", place)
			}
			places[place] = true
			if (f.SHA256 == "") != (f.Size == 0) || f.SHA256 != "" && len(f.SHA256) != 64 {
				t.Errorf("%s: size %d, digest %q", place, f.Size, f.SHA256)
			}
		}
	}
	if len(names) != 2+2+10+2 {
		t.Errorf("%d data sets, want two embedded, two of NeCSTGen, ten days of DARPA, two of LoED", len(names))
	}
}

// TestNecstgen: the digests are those of the published files.
func TestNecstgen(t *testing.T) {
	shared := besideRepository(t, "shared", "necstgen")
	c := &Catalog{Dir: t.TempDir()}
	if err := c.Fetch(context.Background(), "necstgen", FetchOptions{From: shared}); err != nil {
		t.Fatal(err)
	}
	paths, err := c.Paths("necstgen")
	if err != nil || len(paths) != 20 {
		t.Errorf("%d files, %v", len(paths), err)
	}
	r, err := c.Open("necstgen/data/raw/df_raw_HTTP.csv")
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
}

// besideRepository is a folder beside the repository's root; the test is skipped where it is missing.
func besideRepository(t *testing.T, elements ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		t.Skip("no go.mod above the working folder")
	}
	path := filepath.Join(append([]string{dir, ".."}, elements...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("needs the folder %s beside the repository", filepath.Join(elements...))
	}
	return path
}

func ExampleOpen() {
	r, err := Open("testbed")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	n, err := io.Copy(io.Discard, r)
	fmt.Println(n > 1<<20, err)
	// Output: true <nil>
}
