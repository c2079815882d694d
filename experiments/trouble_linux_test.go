package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/experiments/run"
)

// smallDisk mounts a file system of so many megabytes below the working folder.
func smallDisk(t *testing.T, name string, megabytes int) {
	t.Helper()
	if err := os.Mkdir(name, 0o777); err != nil {
		t.Fatal(err)
	}
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", path, "tmpfs", 0, fmt.Sprintf("size=%dm", megabytes)); err != nil {
		t.Skipf("no small file system to be had: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(path, syscall.MNT_DETACH) })
}

// said runs the command and checks its exit code and all that it says to the standard
// error, as a regular expression.
func said(t *testing.T, code int, want string, args ...string) {
	t.Helper()
	got, out, stderr := quick(t.Context(), args...)
	if got != code || !regexp.MustCompile("^"+want+"$").MatchString(stderr) {
		t.Errorf("%s: code %d, want %d\nout: %s\nerr:  %s\nwant %s", strings.Join(args, " "), got, code, out, stderr, want)
	}
}

// nothingHalf checks that no file is half-written below a folder.
func nothingHalf(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, atomicfile.Suffix) || strings.HasSuffix(path, ".tmp") || strings.Contains(path, ".import-") {
			t.Errorf("%s is left", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A folder of runs that cannot be written gives what it has, and says which folder to
// choose where something is to be written.
func TestReadOnlyRuns(t *testing.T) {
	folder(t)
	smallDisk(t, "ro", 30)
	said(t, 0, "", "run", "a", "--runs", "ro/runs", "--quiet", "--name", "office")
	said(t, 0, "", "export", "office", "a.tar.zst", "--runs", "ro/runs")
	if err := syscall.Mount("", "ro", "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("cannot be made read-only: %v", err)
	}
	for _, args := range []string{"run a", "plan a seed=2", "runs", "verify office", "generate office --flows 5 --out x.pcap", "export office again.tar.zst", "cache list", "cache prune"} {
		said(t, 0, "", append(strings.Fields(args), "--runs", "ro/runs")...)
	}
	const folder = "ro/runs/a/[0-9a-f]{12}"
	for _, tt := range []struct{ args, want string }{
		{"run a seed=2 --quiet", "error: run: mkdir " + folder + ": read-only file system; choose another folder with --runs\n"},
		{"run a --force --quiet", "error: run: open " + folder + "/log.txt: read-only file system; choose another folder with --runs\n"},
		{"rerun office --quiet", "error: rerun: run: mkdir ro/runs/.rerun-[0-9a-f]{12}: read-only file system; choose another folder with --runs\n"},
		{"import a.tar.zst", "error: run: mkdir ro/runs/.import-[0-9a-f]{16}: read-only file system; choose another folder with --runs\n"},
		{"report office", "error: run: artifact report.html: open " + folder + "/.report.html-[0-9a-f]{8}.unfinished: read-only file system\n"},
		{"tag office --note x", "error: run: manifest: open " + folder + "/.manifest.json-[0-9a-f]{8}.unfinished: read-only file system\n"},
		{"rm office --yes", "error: run: (unlinkat|rename) ro/runs/a/.*: read-only file system\n"},
	} {
		said(t, 1, tt.want, append(strings.Fields(tt.args), "--runs", "ro/runs")...)
	}
	said(t, 0, "", "verify", "office", "--runs", "ro/runs")
}

// A full disk ends run, export and import with one line that says where, and leaves nothing
// that somebody could take for whole.
func TestFullDiskOfRuns(t *testing.T) {
	folder(t)
	said(t, 0, "", "run", "a", "--quiet", "--name", "office")
	said(t, 0, "", "export", "office", "a.tar.zst")
	smallDisk(t, "full", 1)
	const folder = "full/runs/a/[0-9a-f]{12}"
	said(t, 1, `error: output: about 5,500 packets take 5.26 MB, and `+folder+` has [0-9.]+ kB free: ask for less, compress \(.pcap.zst\), or choose another disk\n`, "run", "a", "--runs", "full/runs", "--quiet")
	fillUp(t, "full/ballast")
	said(t, 1, "error: run: manifest: write "+folder+"/.manifest.json-[0-9a-f]{8}.unfinished: no space left on device\n", "run", "a", "seed=2", "--runs", "full/runs", "--quiet")
	said(t, 1, "error: export: full/x.tar.zst: archive: runs/a/[0-9a-f]{12}: write full/.x.tar.zst-[0-9a-f]{8}.unfinished: no space left on device\n", "export", "office", "full/x.tar.zst")
	said(t, 1, "error: archive: a.tar.zst: manifest.json: write full/new/.import-[0-9a-f]{16}/manifest.json: no space left on device\n", "import", "a.tar.zst", "--runs", "full/new")
	if err := os.Remove("full/ballast"); err != nil {
		t.Fatal(err)
	}
	said(t, 1, "error: archive: a.tar.zst: full/new has .* free, needed are .*\n", "import", "a.tar.zst", "--runs", "full/new")
	nothingHalf(t, "full")
	if runs, broken, err := run.List("full/runs"); err != nil || len(runs) != 1 || len(broken) > 0 || runs[0].Status != run.Failed {
		t.Errorf("%+v, %v, %v", runs, broken, err)
	}
	if runs, broken, err := run.List("full/new"); err != nil || len(runs)+len(broken) > 0 {
		t.Errorf("%v, %v, %v", runs, broken, err)
	}
}

// fillUp writes a file until its disk is full.
func fillUp(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 16, 1 << 12} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
	}
}

// A run whose folder is removed while it is written ends with that, and leaves nothing.
func TestRunRemovedUnderWay(t *testing.T) {
	toml, err := filepath.Abs("../experiments.toml")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	cmd, stderr := process(t, "run", "tiny", "--file", toml, "--quiet")
	logged(t, "stage vae\n")
	dir := onlyRun(t, "tiny").Dir
	if err := os.Rename(dir, "elsewhere"); err != nil { // at once, whatever is written meanwhile
		t.Fatal(err)
	}
	if err := os.RemoveAll("elsewhere"); err != nil {
		t.Fatal(err)
	}
	code := exitCode(t, cmd)
	if want := "error: run: " + dir + " was removed or replaced while it was written: run the experiment again\n"; code != 1 || stderr.String() != want {
		t.Errorf("code %d: %s, want %s", code, stderr, want)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Errorf("%s is there again", dir)
	}
	said(t, 0, "", "run", "tiny", "--file", toml, "--quiet")
	if err := run.Verify(onlyRun(t, "tiny").Dir); err != nil {
		t.Error(err)
	}
}

// Runs of several seeds at once on one store, the same run twice, and cache prune beside
// them all: every run is whole, and the second of two that are the same says who writes it.
func TestRunsAndPruneAtOnce(t *testing.T) {
	folder(t)
	text, err := os.ReadFile("experiments.toml")
	if err == nil {
		err = os.WriteFile("experiments.toml", []byte(strings.Replace(string(text), "data.limit = 8000", "data.limit = 20000", 1)), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	first, stderr := process(t, "run", "a", "--quiet")
	logged(t, "stage read\n")
	said(t, 1, "error: run: runs/a/[0-9a-f]{12}: another process is writing this run: wait until it has ended\n", "run", "a", "--quiet")
	others := map[string]func() (int, string){}
	for _, args := range []string{"seed=2", "seed=3", "markov.order=3"} {
		cmd, stderr := process(t, "run", "a", args, "--quiet")
		others[args] = func() (int, string) { return exitCode(t, cmd), stderr.String() }
	}
	ended := make(chan struct{})
	pruned := make(chan int)
	go func() {
		n := 0
		for {
			select {
			case <-ended:
				pruned <- n
				return
			case <-time.After(20 * time.Millisecond):
			}
			if code, _, stderr := quick(t.Context(), "cache", "prune", "--keep", "0"); code != 0 {
				t.Errorf("cache prune: %s", stderr)
			}
			n++
		}
	}()
	if code := exitCode(t, first); code != 0 {
		t.Errorf("code %d: %s", code, stderr)
	}
	for args, wait := range others {
		if code, said := wait(); code != 0 {
			t.Errorf("%s: code %d: %s", args, code, said)
		}
	}
	close(ended)
	t.Logf("pruned %d times", <-pruned)
	runs, broken, err := run.List("runs")
	if len(runs) != 4 || len(broken) > 0 || err != nil {
		t.Errorf("%d runs, %v, %v", len(runs), broken, err)
	}
	for _, m := range runs {
		if err := run.Verify(m.Dir); err != nil {
			t.Errorf("%s: %v", m.Dir, err)
		}
	}
	nothingHalf(t, "runs")
}

// An import that is killed leaves no run, and a folder that is named and pruned; one that is
// interrupted leaves nothing.
func TestImportKilled(t *testing.T) {
	folder(t)
	said(t, 0, "", "run", "a", "--quiet", "--name", "office")
	said(t, 0, "", "export", "office", "a.tar.zst")
	file, err := os.ReadFile("a.tar.zst")
	if err != nil {
		t.Fatal(err)
	}
	for _, signal := range []os.Signal{os.Interrupt, os.Kill} {
		cmd, stderr := program(t, "import", "-", "--runs", "new")
		in, err := cmd.StdinPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err == nil {
			_, err = in.Write(file[:len(file)/2])
		}
		if err != nil {
			t.Fatal(err)
		}
		for try := 0; len(partsOf(t, "new")) == 0; try++ {
			if try == 600 {
				t.Fatal("nothing is unpacked")
			}
			time.Sleep(10 * time.Millisecond)
		}
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		if err := in.Close(); err != nil { // what waits for more of the pipe sees the signal now
			t.Fatal(err)
		}
		if code := exitCode(t, cmd); signal == os.Interrupt && (code != 3 || stderr.String() != "interrupted: run the same command again\n" || len(partsOf(t, "new")) > 0) {
			t.Errorf("interrupted: code %d: %s; left %v", code, stderr, partsOf(t, "new"))
		}
	}
	if code, out, _ := quick(t.Context(), "runs", "--runs", "new"); code != 0 || !matches(`(?m)^new/\.import-[0-9a-f]{16}: left by a command, [0-9.]+ [kM]B: cache prune removes it$`, out) {
		t.Errorf("code %d: %s", code, out)
	}
	if code, out, _ := quick(t.Context(), "cache", "prune", "--runs", "new"); code != 0 || !matches(`(?m)^new/\.import-[0-9a-f]{16} removed, [0-9.]+ [kM]B$`, out) {
		t.Errorf("code %d: %s", code, out)
	}
	said(t, 0, "", "import", "a.tar.zst", "--runs", "new")
	said(t, 0, "", "verify", "office", "--runs", "new")
}

// partsOf lists what an import has unpacked so far.
func partsOf(t *testing.T, runs string) []string {
	t.Helper()
	parts, err := filepath.Glob(filepath.Join(runs, ".import-*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return parts
}
