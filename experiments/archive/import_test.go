package archive_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/necstgen/necstgen/experiments/archive"
	"github.com/necstgen/necstgen/experiments/run"
)

// item is one entry of an archive.
type item struct {
	tar.Header
	text string
}

// unpacked reads the entries of an archive.
func unpacked(t testing.TB, file []byte) []item {
	t.Helper()
	plain, err := zstd.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	var items []item
	for archive := tar.NewReader(plain); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return items
		}
		text, other := io.ReadAll(archive)
		if err != nil || other != nil {
			t.Fatal(err, other)
		}
		items = append(items, item{*header, string(text)})
	}
}

// packed writes the entries as an archive.
func packed(t testing.TB, items []item) []byte {
	t.Helper()
	var file bytes.Buffer
	compressed, err := zstd.NewWriter(&file)
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewWriter(compressed)
	for _, it := range items {
		if it.Size = int64(len(it.text)); it.Typeflag != tar.TypeReg {
			it.Size = 0
		}
		if err := archive.WriteHeader(&it.Header); err != nil {
			t.Fatal(err)
		}
		if it.Size > 0 {
			if _, err := io.WriteString(archive, it.text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(archive.Close(), compressed.Close()); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// at returns the place of an entry.
func at(items []item, suffix string) int {
	for i := range items {
		if strings.HasSuffix(items[i].Name, suffix) {
			return i
		}
	}
	return -1
}

// An archive that is not what Export writes is refused, and leaves nothing.
func TestImportRefuses(t *testing.T) {
	m := finished(t, t.TempDir())
	prefix := "tiny/" + m.ID + "/"
	manifest := func(old, new string) func([]item) []item {
		return func(items []item) []item {
			items[0].text = strings.Replace(items[0].text, old, new, 1)
			return items
		}
	}
	add := func(it item) func([]item) []item {
		return func(items []item) []item { return append(items, it) }
	}
	for _, tt := range []struct {
		name   string
		change func([]item) []item
		want   string // behind the name of the file
	}{
		{"empty", func([]item) []item { return nil }, "it is empty: want what export writes"},
		{"no manifest", func(items []item) []item { return items[1:] }, `it begins with "` + prefix + `log.txt": want the manifest.json of a run`},
		{"manifest outside", func(items []item) []item { items[0].Name = "manifest.json"; return items }, `it begins with "manifest.json": want the manifest.json of a run`},
		{"manifest is a link", func(items []item) []item {
			items[0].Typeflag, items[0].Linkname = tar.TypeSymlink, "/etc/passwd"
			return items
		}, `it begins with "` + prefix + `manifest.json": want the manifest.json of a run`},
		{"manifest of another run", func(items []item) []item { items[0].Name = "tiny/000000000000/manifest.json"; return items },
			"its run is tiny/000000000000, its manifest that of tiny/" + m.ID + ": want what export writes"},
		{"no JSON", manifest(`{`, `[`), "archive: a.tar.zst: manifest.json: invalid character ':' after array element"},
		{"another schema", manifest(`"schema": 2`, `"schema": 1`), "manifest.json: schema 1: this program reads 2"},
		{"artifact outside", manifest(`"name": "traffic.json"`, `"name": "../../../traffic.json"`), `manifest.json: artifact "../../../traffic.json": want names inside the run folder, each once`},
		{"absolute artifact", manifest(`"name": "traffic.json"`, `"name": "/etc/passwd"`), `manifest.json: artifact "/etc/passwd": want names inside the run folder, each once`},
		{"artifact that is the manifest", manifest(`"name": "traffic.json"`, `"name": "manifest.json"`), `manifest.json: artifact "manifest.json": want names inside the run folder, each once`},
		{"artifact that is the log", manifest(`"name": "traffic.json"`, `"name": "log.txt"`), `manifest.json: artifact "log.txt": want names inside the run folder, each once`},
		{"artifact twice", manifest(`"name": "traffic.json"`, `"name": "report.html"`), `manifest.json: artifact "report.html": want names inside the run folder, each once`},
		{"artifact of no size", manifest(`"bytes": 2,`, `"bytes": -2,`), `manifest.json: artifact "traffic.json": -2 bytes: that many are none`},
		{"more than there are", manifest(`"bytes": 2,`, `"bytes": 9223372036854775807,`), `manifest.json: artifact "traffic.json": 9223372036854775807 bytes: that many are none`},
		{"more than the disk has", manifest(`"bytes": 2,`, `"bytes": 922337203685477000,`), ` free, needed are 922 PB`},
		{"outside of the run", add(item{tar.Header{Name: "tiny/x", Typeflag: tar.TypeReg}, "x"}), `entry "tiny/x": want files that the manifest names, below ` + prefix},
		{"path that leaves the folder", add(item{tar.Header{Name: prefix + "../../x", Typeflag: tar.TypeReg}, "x"}), `entry "` + prefix + `../../x": want files that the manifest names, below ` + prefix},
		{"absolute path", add(item{tar.Header{Name: "/tmp/x", Typeflag: tar.TypeReg}, "x"}), `entry "/tmp/x": want files that the manifest names`},
		{"file that the manifest does not name", add(item{tar.Header{Name: prefix + "x", Typeflag: tar.TypeReg}, "x"}), `entry "` + prefix + `x": want files that the manifest names`},
		{"a folder", add(item{tar.Header{Name: prefix + "model/", Typeflag: tar.TypeDir}, ""}), `entry "` + prefix + `model/": want files that the manifest names`},
		{"symbolic link", func(items []item) []item {
			i := at(items, "traffic.json")
			items[i].Typeflag, items[i].Linkname = tar.TypeSymlink, "/etc/passwd"
			return items
		}, `traffic.json" is no file, but of type '2': want files alone`},
		{"hard link", func(items []item) []item {
			i := at(items, "traffic.json")
			items[i].Typeflag, items[i].Linkname = tar.TypeLink, prefix+"log.txt"
			return items
		}, `traffic.json" is no file, but of type '1': want files alone`},
		{"an entry twice", func(items []item) []item { return append(items, items[at(items, "traffic.json")]) }, `traffic.json" is there twice`},
		{"a log twice", func(items []item) []item { return append(items, items[1]) }, `log.txt" is there twice`},
		{"another length", func(items []item) []item { items[at(items, "traffic.json")].text = "{ }"; return items }, `traffic.json" has 3 bytes, the manifest says 2`},
		{"other bytes", func(items []item) []item { items[at(items, "traffic.json")].text = "[]"; return items }, "traffic.json is not what the manifest says: export the run again"},
		{"a file too few", func(items []item) []item { return items[:len(items)-1] }, "which the manifest names: export the run again"},
		{"of a run under way", manifest(`"status": "finished"`, `"status": "running"`), `status "running": want a finished run`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			_, _, err := imported(t, packed(t, tt.change(unpacked(t, exported(t, m)))), dir)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
			if children, err := os.ReadDir(dir); err != nil || len(children) > 0 {
				t.Errorf("%v, %v", children, err)
			}
		})
	}
}

// An archive that is cut anywhere, or of which a byte is damaged, never becomes a run with
// other files.
func TestDamaged(t *testing.T) {
	m := finished(t, t.TempDir())
	file := exported(t, m)
	dir := t.TempDir()
	for n := 0; n < len(file); n += 11 {
		if _, _, err := imported(t, file[:n], dir); err == nil {
			t.Errorf("cut after %d of %d bytes: no error", n, len(file))
		}
	}
	if _, _, err := imported(t, file[:len(file)-1], dir); err == nil || err.Error() != "archive: a.tar.zst: it ends too early: copy it again" {
		t.Errorf("without its last byte: %v", err)
	}
	for n := 0; n < len(file); n += 7 {
		damaged := bytes.Clone(file)
		damaged[n] ^= 0x10
		if there, _, err := imported(t, damaged, dir); err == nil && run.Verify(there.Dir) != nil {
			t.Errorf("byte %d damaged: %v", n, run.Verify(there.Dir))
		}
	}
	if _, _, err := imported(t, append(bytes.Clone(file), "more"...), dir); err == nil || !strings.Contains(err.Error(), "no archive of a run, or a damaged one") {
		t.Errorf("with more behind its end: %v", err)
	}
	if _, _, err := imported(t, []byte("no archive at all"), dir); err == nil || !strings.HasPrefix(err.Error(), "archive: a.tar.zst: no archive of a run, or a damaged one: want what export writes (") {
		t.Errorf("no archive: %v", err)
	}
}

// A run that is there with other results is not replaced.
func TestOtherRunThere(t *testing.T) {
	dir := t.TempDir()
	m := finished(t, dir)
	file := exported(t, m)
	if err := os.WriteFile(filepath.Join(m.Dir, "extra"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := imported(t, file, dir); err == nil || err.Error() != "run: "+m.Dir+" is there, and has other results: want it removed first, or another folder with --runs" {
		t.Errorf("%v", err)
	}
}

func FuzzImport(f *testing.F) {
	file := exported(f, finished(f, f.TempDir()))
	f.Add(file)
	f.Add(file[:len(file)/2])
	f.Add(packed(f, unpacked(f, file)[:1]))
	f.Fuzz(func(t *testing.T, file []byte) {
		dir := t.TempDir()
		m, _, err := archive.Import(t.Context(), bytes.NewReader(file), "a", dir, run.Annotation{}, nil)
		if err == nil {
			err = run.Verify(m.Dir)
			if err != nil {
				t.Errorf("imported, but %v", err)
			}
			return
		}
		if children, other := os.ReadDir(dir); other != nil || len(children) > 0 {
			t.Errorf("%v: left behind: %v, %v", err, children, other)
		}
	})
}
