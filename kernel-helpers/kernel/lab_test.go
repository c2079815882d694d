package kernel

import (
	"slices"
	"strings"
	"testing"
)

// TestLabLog: the address is said once, warnings stay, and the rest of the log is left out.
func TestLabLog(t *testing.T) {
	const log = `[I 2026-11-28 02:06:26.644 ServerApp] jupyter_lsp | extension was successfully linked.
[W 2026-11-28 02:06:26.700 ServerApp] a warning
    that goes on
[I 2026-11-28 02:06:27.122 ServerApp] http://localhost:8971/lab?token=ac1c
[I 2026-11-28 02:06:27.122 ServerApp]     http://127.0.0.1:8971/lab?token=ac1c
[C 2026-11-28 02:06:27.143 ServerApp]

    To access the server, open this file in a browser:
        http://localhost:8971/lab?token=ac1c
[E 2026-11-28 02:06:28.000 ServerApp] an error
[I 2026-11-28 02:06:32.998 ServerApp] Interrupted...
`
	var out strings.Builder
	filter := &labLog{out: &out, browser: true}
	for part := range slices.Chunk([]byte(log), 7) {
		if n, err := filter.Write(part); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	const want = `[W 2026-11-28 02:06:26.700 ServerApp] a warning
    that goes on
JupyterLab is at http://localhost:8971/lab?token=ac1c
Ctrl-C here ends it
[E 2026-11-28 02:06:28.000 ServerApp] an error
`
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
	}
	out.Reset()
	const refused = "[C 2026-11-28 02:06:27.143 ServerApp] Running as root is not recommended. Use --allow-root to bypass.\n"
	if _, err := (&labLog{out: &out}).Write([]byte(refused)); err != nil || out.String() != refused {
		t.Errorf("why it does not start: %q, %v", out.String(), err)
	}
	if text := welcome("http://localhost:8971/lab?token=ac1c", false); !strings.Contains(text, "ssh -L 8971:localhost:8971 ") {
		t.Errorf("without a browser: %s", text)
	}
}
