package catalog

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/sharedtest"
)

func TestOpen(t *testing.T) {
	c := &Catalog{Dir: t.TempDir()}
	for _, tt := range []struct{ name, want string }{
		{"no-such-set", `unknown data set "no-such-set": want one of testbed, testbed-services, necstgen`},
		{"no-such.pcap", "unknown data set"},
		{t.TempDir(), "unknown data set"},
		{"darpa1999/week1/monday", "fetch it with: data fetch darpa1999/week1/monday"},
		{"necstgen/../../etc/passwd", "unknown data set"},
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
	shared := sharedtest.Path(t, "necstgen")
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
