package catalog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
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
		{"necstgen", "name one of them, such as necstgen/http, or one file, such as necstgen/data/df_week1_monday.csv"},
		{"necstgen/htp", `unknown data set "necstgen/htp": want one of`},
		{"necstgen/http", "necstgen/http is not here: fetch it with: data fetch necstgen/http (add --from FOLDER to copy it from a folder that has it)"},
		{"necstgen/smtp", "fetch it with: data fetch necstgen/smtp --accept-unknown (add"},
		{"necstgen/data/raw/df_raw_SNMP.csv", "fetch it with: data fetch necstgen/data/raw/df_raw_SNMP.csv (add"},
		{"loed/day.csv", "fetch it with: data fetch loed --accept-unknown (add"},
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
		part := strings.HasPrefix(info.Name, "necstgen/") // of the files of necstgen
		for _, f := range info.Files {
			place := cmp.Or(info.folder, info.Name) + "/" + f.Path
			if places[place] != part || !filepath.IsLocal(place) || !strings.HasPrefix(f.URL, "https://") {
				t.Errorf("%s: twice, outside, or not https", place)
			}
			places[place] = true
			if (f.SHA256 == "") != (f.Size == 0) || f.SHA256 != "" && len(f.SHA256) != 64 {
				t.Errorf("%s: size %d, digest %q", place, f.Size, f.SHA256)
			}
		}
	}
	if len(names) != 2+1+7+10+2 {
		t.Errorf("%d data sets, want two embedded, NeCSTGen and its seven applications, ten days of DARPA, two of LoED", len(names))
	}
}

// Every published file but the ten days is of exactly one application.
func TestApplicationsOfNecstgen(t *testing.T) {
	owners := make(map[string]string)
	for _, info := range necstgen()[1:] {
		if len(info.Files) < 2 || info.data == "" {
			t.Errorf("%s: %d files, data %q", info.Name, len(info.Files), info.data)
		}
		for _, f := range info.Files {
			if owners[f.Path] != "" {
				t.Errorf("%s is of %s and of %s", f.Path, owners[f.Path], info.Name)
			}
			owners[f.Path] = info.Name
		}
	}
	for _, f := range necstgen()[0].Files {
		if strings.HasPrefix(f.Path, "data/df_week") == (owners[f.Path] != "") {
			t.Errorf("%s is of %q", f.Path, owners[f.Path])
		}
	}
}

// A folder that has some of the published files gives those whose digests are known; an application's name is that of its packets.
func TestNecstgen(t *testing.T) {
	shared := sharedtest.Path(t, "necstgen")
	c := &Catalog{Dir: t.TempDir()}
	if err := c.Fetch(context.Background(), "necstgen", FetchOptions{From: shared}); err != nil {
		t.Fatal(err)
	}
	info, err := c.Get("necstgen")
	if paths, perr := c.Paths("necstgen"); err != nil || perr != nil || len(paths) != 20 || c.Here(info) != 20 || info.Known() != 20 {
		t.Errorf("%d files, %v, %v", len(paths), err, perr)
	}
	for _, name := range []string{"necstgen/data/raw/df_raw_HTTP.csv", "necstgen/http"} {
		r, err := c.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		if paths, err := c.Data(name); err != nil || len(paths) != 1 || filepath.Base(paths[0]) != "df_raw_HTTP.csv" {
			t.Errorf("%s: %v, %v", name, paths, err)
		}
	}
	if _, err := c.Open("necstgen/lora-10"); err == nil || !strings.Contains(err.Error(), "data fetch necstgen/lora-10 --accept-unknown") {
		t.Errorf("%v", err)
	}
	p, err := c.Published("necstgen/udp-google-home")
	for path, want := range map[string]string{p.Raw: "df_raw_UDP_GOOGLE_HOME.csv", p.RawFlows: "df_raw_flows_UDP_GOOGLE_HOME.csv",
		p.Processed: "df_process_UDP_GOOGLE_HOME.csv", p.ProcessedFlows: "df_process_flows_UDP_GOOGLE_HOME.csv",
		p.Generated: "DF_GEN_PACKET_UDP_GOOGLE_HOME_FLOW_NO_CONNECT_FINAL.csv"} {
		if err != nil || filepath.Base(path) != want {
			t.Errorf("%q, %v, want %s", path, err, want)
		}
	}
	if p.GeneratedFlows != "" || p.Application != "UDP_GOOGLE_HOME" {
		t.Errorf("%+v", p)
	}
	if _, err := c.Published("necstgen/dns"); err == nil || !strings.Contains(err.Error(), "want one of necstgen/http, ") {
		t.Errorf("%v", err)
	}
}

// One application is fetched by itself; where its packets' digest is not known, its user's word is needed.
func TestFetchApplication(t *testing.T) {
	dir := t.TempDir()
	for _, f := range necstgen()[0].Files {
		if f.SHA256 == "" {
			path := filepath.Join(dir, filepath.Base(f.Path))
			if err := os.WriteFile(path, []byte(f.Path), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	c := &Catalog{Dir: t.TempDir()}
	if err := c.Fetch(t.Context(), "necstgen/smtp", FetchOptions{From: dir}); !errors.Is(err, ErrUnknownDigest) || !strings.Contains(err.Error(), "df_raw_SMTP.csv") {
		t.Errorf("%v", err)
	}
	if err := c.Fetch(t.Context(), "necstgen/smtp", FetchOptions{From: dir, AcceptUnknown: true}); err != nil {
		t.Fatal(err)
	}
	paths, err := c.Paths("necstgen/smtp")
	if err != nil || len(paths) != 5 {
		t.Errorf("%v, %v", paths, err)
	}
	if p, err := c.Published("necstgen/smtp"); err != nil || p.GeneratedFlows != filepath.Join(c.Dir, "necstgen", "data", "output", "DF_GEN_FLOW_SMTP_FINAL.csv") || p.Generated != "" {
		t.Errorf("%+v, %v", p, err)
	}
	if got, err := c.Data("necstgen/smtp"); err != nil || filepath.Base(got[0]) != "df_raw_SMTP.csv" {
		t.Errorf("%v, %v", got, err)
	}
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
