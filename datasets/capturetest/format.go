package capturetest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Opens wants capinfos, tshark and tcpreplay to read the whole capture, which may be
// compressed. Tcpreplay reads no compressed files: it gets what gzip or zstd makes of them.
func Opens(t *testing.T, capture string, want Expect) {
	t.Helper()
	t.Run("capinfos", func(t *testing.T) { Capinfos(t, capture, want) })
	t.Run("tshark", func(t *testing.T) {
		tool(t, "tshark")
		said := output(t, "tshark", "-n", "-r", capture, "-T", "fields", "-e", "frame.number")
		if n := int64(strings.Count(said, "\n")); n != want.Packets {
			t.Errorf("tshark reads %d packets of %s, want %d", n, filepath.Base(capture), want.Packets)
		}
	})
	t.Run("tcpreplay", func(t *testing.T) {
		if os.Geteuid() != 0 {
			t.Skip("needs root: network namespaces")
		}
		tool(t, "ip")
		tool(t, "tcpreplay")
		plain := decompressed(t, capture)
		near, _ := Namespaces(t, 1)
		said := output(t, "ip", "netns", "exec", near, "tcpreplay", "--topspeed", "--intf1=wire0", plain)
		if m := regexp.MustCompile(`Successful packets: +(\d+)`).FindStringSubmatch(said); m == nil || m[1] != strconv.FormatInt(want.Packets, 10) {
			t.Errorf("tcpreplay sends %v, want %d packets: %s", m, want.Packets, said)
		}
	})
}

// decompressed returns the capture, or what the program for its compression makes of it.
func decompressed(t *testing.T, capture string) string {
	t.Helper()
	program, ok := map[string]string{".gz": "gzip", ".zst": "zstd"}[filepath.Ext(capture)]
	if !ok {
		return capture
	}
	tool(t, program)
	var plain, said bytes.Buffer
	cmd := exec.Command(program, "-dc", capture)
	cmd.Stdout, cmd.Stderr = &plain, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v: %s", program, err, &said)
	}
	path := filepath.Join(t.TempDir(), "plain.cap")
	if err := os.WriteFile(path, plain.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}
