package lab

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Server is a server program on a host.
type Server struct {
	Name    string
	Host    Host
	Files   map[string]string // path below the server's own folder -> text; {{dir}}, {{ipv4}} and {{ipv6}} are filled in
	Folders []string          // below the server's own folder
	Command []string          // the same fields are filled in
	Env     []string
	Port    int // TCP port that answers when the server is up; 0: none
}

// Dir is the server's own folder.
func (l *Lab) dir(s Server) string { return filepath.Join(l.Dir, s.Name) }

// Serve writes a server's configuration and starts it.
func (l *Lab) Serve(ctx context.Context, s Server) error {
	dir := l.dir(s)
	fill := strings.NewReplacer("{{dir}}", dir, "{{ipv4}}", s.Host.IPv4, "{{ipv6}}", s.Host.IPv6)
	for _, folder := range append([]string{"."}, s.Folders...) {
		path := filepath.Join(dir, folder)
		if err := os.MkdirAll(path, 0o777); err != nil {
			return fmt.Errorf("lab: %s: %w", s.Name, err)
		}
		if err := os.Chmod(path, 0o777); err != nil { // servers drop to users of their own
			return fmt.Errorf("lab: %s: %w", s.Name, err)
		}
	}
	for name, text := range s.Files {
		mode := fs.FileMode(0o644)
		if strings.HasPrefix(text, "#!") {
			mode = 0o755
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("lab: %s: %w", s.Name, err)
		}
		if err := os.WriteFile(path, []byte(fill.Replace(text)), mode); err != nil {
			return fmt.Errorf("lab: %s: %w", s.Name, err)
		}
	}
	args := make([]string, len(s.Command))
	for i, a := range s.Command {
		args[i] = fill.Replace(a)
	}
	cmd := Command(ctx, s.Host, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), s.Env...)
	for i, e := range cmd.Env {
		cmd.Env[i] = fill.Replace(e)
	}
	if err := l.Start(s.Name, cmd); err != nil {
		return err
	}
	return l.wait(ctx, s)
}

// wait waits until the server listens.
func (l *Lab) wait(ctx context.Context, s Server) error {
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		if err := l.Alive(); err != nil {
			return err
		}
		out, err := exec.CommandContext(ctx, "ip", "netns", "exec", s.Host.Namespace(), "ss", "-Hlntu").Output()
		if err == nil && (s.Port == 0 || listens(string(out), s.Port)) {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("lab: %s does not listen on port %d: see %s.out", s.Name, s.Port, filepath.Join(l.Dir, s.Name))
}

func listens(table string, port int) bool {
	for _, line := range strings.Split(table, "\n") {
		if fields := strings.Fields(line); len(fields) > 4 {
			if _, p, err := net.SplitHostPort(fields[4]); err == nil && p == fmt.Sprint(port) {
				return true
			}
		}
	}
	return false
}
