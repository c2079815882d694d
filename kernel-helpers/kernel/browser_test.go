package kernel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// The notebooks that are run in JupyterLab, and the one that is opened there without being run.
var (
	runInLab  = []string{"02_capture", "11_sweep", "12_cuda"} // these need no training first
	openInLab = "01_quickstart"
)

// TestInJupyterLab opens a notebook in JupyterLab in a browser without running it, where
// its figures must be seen, and runs notebooks there: after saving each must be as it is
// stored.
func TestInJupyterLab(t *testing.T) {
	if testing.Short() {
		t.Skip("runs notebooks in a browser")
	}
	if missing := Missing(t.Context(), Options{}); len(missing) > 0 {
		t.Skip(errors.Join(missing...))
	}
	if os.Getenv(RunsVariable) == "" {
		t.Setenv(RunsVariable, t.TempDir())
	}
	b := startBrowser(t)
	folder := copyNotebooks(t)
	address := startLab(t, folder)

	b.openNotebook(address, openInLab)
	stored, err := readFile(filepath.Join(folder, openInLab+".ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	for _, c := range stored.Cells {
		for _, o := range c.Outputs {
			if o.Data["image/png"] != "" {
				want++
			}
		}
	}
	// JupyterLab draws the cells that are in sight; all of them are once they have been.
	shown := 0
	if err := b.eval(`(async () => {
		const content = jupyterapp.shell.currentWidget.content, seen = new Set();
		for (let i = 0; i < content.widgets.length; i++) {
			content.activeCellIndex = i;
			await content.scrollToItem(i);
			await new Promise(done => setTimeout(done, 200));
			content.widgets[i].node.querySelectorAll('.jp-OutputArea img').forEach((image, j) => {
				if (image.naturalWidth > 100) seen.add(i + '/' + j);
			});
		}
		await content.scrollToItem(0);
		return seen.size;
	})()`, &shown); err != nil {
		t.Fatal(err)
	}
	b.screenshot(openInLab + "_opened")
	if shown != want || want == 0 {
		t.Errorf("%s, opened and not run: %d figures are seen, %d are stored", openInLab, shown, want)
	}

	for _, name := range runInLab {
		b.openNotebook(address, name)
		b.runAndSave()
		b.screenshot(name + "_run")
		checkSaved(t, name, folder)
	}
}

// copyNotebooks copies the notebooks into a folder beside the originals, for the kernel
// must find the checkout. It is removed after the test.
func copyNotebooks(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("../../notebooks", "cells-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	if folder, err = filepath.Abs(folder); err != nil {
		t.Fatal(err)
	}
	for path := range read(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(path)), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// startLab starts JupyterLab in a folder and returns its address with the token. It ends
// with the test.
func startLab(t *testing.T, folder string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	log := &safeBuffer{}
	done := make(chan error, 1)
	go func() {
		done <- Lab(ctx, Options{Out: log}, folder, false, "--allow-root", "--port=0", "--LabApp.expose_app_in_browser=True")
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	address := regexp.MustCompile(`http://\S+`)
	for range 300 {
		if found := address.FindString(log.String()); found != "" {
			return found
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("JupyterLab says no address in 30 s: %s", log)
	return ""
}

// safeBuffer is a buffer that is read while it is written.
type safeBuffer struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.Write(p)
}

func (b *safeBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.String()
}

// openNotebook opens a notebook and waits until its kernel is there.
func (b *browser) openNotebook(address, name string) {
	b.t.Helper()
	b.name = name
	b.call("Page.navigate", map[string]any{"url": strings.Replace(address, "/lab?", "/lab/tree/"+name+".ipynb?reset&", 1)}, nil)
	b.wait(name+" is open", `window.jupyterapp && jupyterapp.shell.currentWidget && jupyterapp.shell.currentWidget.context && jupyterapp.shell.currentWidget.context.isReady`, time.Minute)
	if err := b.eval(`jupyterapp.shell.currentWidget.sessionContext.ready.then(() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.info).then(() => true)`, nil); err != nil {
		b.t.Fatalf("%s: the kernel: %v", name, err)
	}
}

// runAndSave runs all cells and saves.
func (b *browser) runAndSave() {
	b.t.Helper()
	for _, command := range []string{"notebook:run-all-cells", "docmanager:save"} {
		if err := b.eval(`jupyterapp.commands.execute('`+command+`').then(() => true)`, nil); err != nil {
			b.t.Fatalf("%s: %v", command, err)
		}
	}
}

// checkSaved compares a notebook that JupyterLab has saved with the original. Where
// the outputs were made on such a processor as this, all bytes are equal.
func checkSaved(t *testing.T, name, folder string) {
	t.Helper()
	file := name + ".ipynb"
	saved, err := os.ReadFile(filepath.Join(folder, file))
	if err != nil {
		t.Fatal(err)
	}
	original, err := os.ReadFile(filepath.Join("../../notebooks", file))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(saved, original) {
		return
	}
	now, err := parse(file, saved)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := parse(file, original)
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range differences(stored, now) {
		t.Errorf("%s: %s", name, what)
	}
	if a, b := withoutData(t, original), withoutData(t, saved); a != b {
		t.Errorf("%s: saved otherwise than it is stored:\n%s\nstored:\n%s", name, b, a)
	}
}

// withoutData is a notebook as JSON without what its cells have shown.
func withoutData(t *testing.T, notebook []byte) string {
	t.Helper()
	var f map[string]any
	if err := json.Unmarshal(notebook, &f); err != nil {
		t.Fatal(err)
	}
	for _, c := range f["cells"].([]any) {
		outputs, _ := c.(map[string]any)["outputs"].([]any)
		for _, o := range outputs {
			delete(o.(map[string]any), "data")
			delete(o.(map[string]any), "text")
		}
	}
	text, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
