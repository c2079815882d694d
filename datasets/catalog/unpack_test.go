package catalog

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// member of a zip file.
type member struct {
	name string
	mode os.FileMode
	data string
}

func archive(t *testing.T, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		header := &zip.FileHeader{Name: m.name, Method: zip.Deflate}
		header.SetMode(m.mode)
		out, err := w.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(out, m.data)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestUnpack(t *testing.T) {
	lying := archive(t, member{"a.csv", 0o644, strings.Repeat("x", 5000)})
	// The central directory's claim of the uncompressed size, 24 bytes into its record.
	at := bytes.LastIndex(lying, []byte("PK\x01\x02")) + 24
	copy(lying[at:], []byte{10, 0, 0, 0})
	for _, tt := range []struct {
		name string
		zip  []byte
		want string
	}{
		{"plain", archive(t, member{"days/01_04_2020.csv", 0o644, "a"}, member{"02_04_2020.csv", 0o600, "b"}, member{"days/", os.ModeDir | 0o755, ""},
			member{"__MACOSX/._x", 0o644, "resource"}, member{"days/.DS_Store", 0o644, "x"}), ""},
		{"leaves the folder", archive(t, member{"../evil", 0o644, "x"}), "leaves the folder"},
		{"leaves the folder deep", archive(t, member{"a/../../evil", 0o644, "x"}), "leaves the folder"},
		{"absolute", archive(t, member{"/etc/evil", 0o644, "x"}), "leaves the folder"},
		{"backslash", archive(t, member{`..\evil`, 0o644, "x"}), "leaves the folder"},
		{"link", archive(t, member{"link", os.ModeSymlink | 0o777, "/etc/passwd"}), "is no plain file"},
		{"name twice", archive(t, member{"a", 0o644, "x"}, member{"a", 0o644, "y"}), "file exists"},
		{"too large", archive(t, member{"a", 0o644, strings.Repeat("x", 3000)}), "more than 2000 bytes"},
		{"too large and lies", lying, "member \"a.csv\""},
		{"cut", archive(t, member{"a", 0o644, "x"})[:40], "not a valid zip file"},
		{"no zip", []byte("<html>moved</html>"), `is no .zip file: it begins with "<html>moved</htm"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(tt.zip) }))
			defer server.Close()
			c := one(t, server.URL, File{Path: "days.zip", SHA256: digest(tt.zip), Unpack: true})
			options := fast()
			options.MaxSize = 2000
			err := c.Fetch(context.Background(), "set", options)
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("error %v, want %q", err, tt.want)
				}
				if _, err := os.Stat(filepath.Join(c.Dir, "set", "days")); !errors.Is(err, os.ErrNotExist) {
					t.Error("a folder is left")
				}
				if c.Here(c.Sets[0]) != 0 {
					t.Error("the data set passes as fetched")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			checkOpen(t, c, "set/days/days/01_04_2020.csv", []byte("a"))
			checkOpen(t, c, "set/days/02_04_2020.csv", []byte("b"))
			if paths, err := c.Paths("set"); err != nil || len(paths) != 2 {
				t.Errorf("paths %v, %v", paths, err)
			}
			if _, err := c.Open("set"); err == nil || !strings.Contains(err.Error(), "set has 2 files") {
				t.Errorf("error %v", err)
			}
		})
	}
}
