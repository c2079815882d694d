package kernel

import (
	"strings"
	"testing"
)

// TestFollow: the address is said once, warnings stay, and the rest of the log is left out.
func TestFollow(t *testing.T) {
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
	if err := follow(strings.NewReader(log), &out, true); err != nil {
		t.Fatal(err)
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
	if err := follow(strings.NewReader("[C 2026-11-28 02:06:27.143 ServerApp] Running as root is not recommended. Use --allow-root to bypass.\n"), &out, true); err != nil || !strings.Contains(out.String(), "--allow-root") {
		t.Errorf("why it does not start: %q, %v", out.String(), err)
	}
	if text := welcome("http://localhost:8971/lab?token=ac1c", false); !strings.Contains(text, "ssh -L 8971:localhost:8971 ") {
		t.Errorf("without a browser: %s", text)
	}
}
