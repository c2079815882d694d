//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64))

package device

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gomlx/go-xla/installer"
	"github.com/gomlx/go-xla/pjrt"
)

// The Python wheel that carries the same XLA CPU plugin, for where go-xla's
// release page cannot be reached. Pinned: a newer plugin may not fit go-xla.
const (
	wheelPackage = "lammps-jax-pjrt-cpu"
	wheelVersion = "0.11.2"
	wheelDigest  = "1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1"
	wheelMember  = "pjrt_c_api_cpu_plugin.so"
)

// Limits of the network steps.
const (
	lookupLimit   = 20 * time.Second // for asking where a file lies
	stallLimit    = 30 * time.Second // for a download that brings no byte
	downloadLimit = 10 * time.Minute // for a whole download
)

// source is one way to get the plugin: where it lies, and how to unpack it.
type source struct {
	name   string                                      // folder in the cache
	locate func() (url, sha256 string, err error)      // may take long
	unpack func(file, dir string) (so string, e error) // to a plugin in dir
}

// install fetches the CPU plugin into the cache folder from the first source
// that works. Two processes at once do the work twice and keep one result:
// each unpacks in a folder of its own and renames it.
func install(ctx context.Context, o Options) (plugin, error) {
	folder, err := cache()
	if err != nil {
		return plugin{}, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return plugin{}, fmt.Errorf("device: install: %w", err)
	}
	var failed []string
	for _, s := range sources() {
		o.say("installing XLA's CPU plugin from %s", s.name)
		p, err := s.install(ctx, o, folder)
		if err == nil {
			o.say("installed %s", p.path)
			return p, nil
		}
		if ctx.Err() != nil {
			return plugin{}, ctx.Err()
		}
		o.say("%s: %v", s.name, err)
		failed = append(failed, fmt.Sprintf("%s: %v", s.name, err))
	}
	return plugin{}, fmt.Errorf("cannot install the plugin: %s: %s", strings.Join(failed, "; "), advice(ctx, "cpu"))
}

// sources are go-xla's own release first, then the wheel.
func sources() []source {
	release := source{name: "go-xla release " + pjrt.DefaultCPUVersion}
	release.locate = func() (string, string, error) {
		url, err := installer.CPUGetDownloadURL(runtime.GOOS+"_"+runtime.GOARCH, pjrt.DefaultCPUVersion)
		return url, "", err // the release page has no digests
	}
	release.unpack = func(file, dir string) (string, error) {
		if _, err := installer.Untar(file, dir); err != nil {
			return "", err
		}
		found, err := filepath.Glob(filepath.Join(dir, "pjrt_c_api_cpu*_plugin.*"))
		if err == nil && len(found) == 0 {
			err = errors.New("no plugin in the archive")
		}
		if err != nil {
			return "", err
		}
		return filepath.Base(found[0]), nil
	}
	all := []source{release}
	if runtime.GOOS == "linux" && runtime.GOARCH == "amd64" {
		all = append(all, wheel())
	}
	return all
}

func wheel() source {
	s := source{name: "Python wheel " + wheelPackage + " " + wheelVersion}
	s.locate = func() (string, string, error) {
		info, err := installer.GetPipInfo(wheelPackage)
		if err != nil {
			return "", "", err
		}
		release, err := installer.PipSelectRelease(info.Releases[wheelVersion], installer.PipPackageLinuxAMD64(), true)
		if err != nil {
			return "", "", err
		}
		// A mirror may give an address relative to its page of the package.
		page, err := url.Parse(info.Info.ProjectURL)
		if err != nil {
			return "", "", err
		}
		address, err := page.Parse(release.URL)
		if err != nil {
			return "", "", err
		}
		return address.String(), wheelDigest, nil
	}
	s.unpack = func(file, dir string) (string, error) {
		return wheelMember, installer.ExtractFileFromZip(file, wheelMember, filepath.Join(dir, wheelMember))
	}
	return s
}

// install runs one source and moves its result into place.
func (s source) install(ctx context.Context, o Options, cache string) (plugin, error) {
	url, digest, err := s.where(ctx)
	if err != nil {
		return plugin{}, err
	}
	work, err := os.MkdirTemp(cache, ".installing-")
	if err != nil {
		return plugin{}, err
	}
	defer os.RemoveAll(work)
	file := filepath.Join(work, filepath.Base(url))
	got, err := download(ctx, o, url, file)
	if err != nil {
		return plugin{}, err
	}
	if digest == "" {
		digest = got
	} else if got != digest {
		return plugin{}, fmt.Errorf("the file has SHA-256 %s: must be %s", got, digest)
	}
	dir := filepath.Join(work, "unpacked")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return plugin{}, err
	}
	so, err := s.unpack(file, dir)
	if err != nil {
		return plugin{}, err
	}
	if err := os.Chmod(filepath.Join(dir, so), 0o755); err != nil {
		return plugin{}, err
	}
	final := filepath.Join(cache, "cpu-"+digest[:16])
	if err := os.Rename(dir, final); err != nil {
		if _, statErr := os.Stat(filepath.Join(final, so)); statErr != nil {
			return plugin{}, err
		} // else another process was first
	}
	return plugin{kind: "cpu", path: filepath.Join(final, so), source: "installed by this program from " + s.name + ", SHA-256 " + digest}, nil
}

// where runs locate with a time limit. go-xla's functions take no context, so
// a request that hangs is left behind.
func (s source) where(ctx context.Context) (url, digest string, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookupLimit)
	defer cancel()
	type answer struct {
		url, digest string
		err         error
	}
	answers := make(chan answer, 1)
	go func() {
		url, digest, err := s.locate()
		answers <- answer{url, digest, err}
	}()
	select {
	case a := <-answers:
		if a.err != nil {
			a.err = firstLine(a.err)
		}
		return a.url, a.digest, a.err
	case <-ctx.Done():
		return "", "", fmt.Errorf("no answer in %v: %w", lookupLimit, ctx.Err())
	}
}

// download fetches url to a file and returns its SHA-256. (go-xla's
// DownloadURLToTemp draws on standard output and cannot be stopped.)
func download(ctx context.Context, o Options, url, file string) (digest string, err error) {
	ctx, cancel := context.WithTimeout(ctx, downloadLimit)
	defer cancel()
	stalled := time.AfterFunc(stallLimit, cancel)
	defer stalled.Stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", url, response.Status)
	}
	f, err := os.Create(file)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	const mega = 1 << 20
	total, reported := int64(0), int64(0)
	for {
		n, err := io.CopyN(io.MultiWriter(f, h), response.Body, mega)
		stalled.Reset(stallLimit)
		total += n
		if total-reported >= 16*mega {
			reported = total
			o.say("  %d of %d MB", total/mega, response.ContentLength/mega)
		}
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(h.Sum(nil)), nil
		}
		if err != nil {
			return "", fmt.Errorf("download stopped after %d bytes: %w", total, err)
		}
	}
}
