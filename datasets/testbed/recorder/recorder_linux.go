// Package recorder makes a capture on the testbed: it builds the lab, starts servers, wires and tcpdump, runs the load, and takes all down.
package recorder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/testbed/recorder/gateway"
	"github.com/necstgen/necstgen/datasets/testbed/recorder/lab"
	"github.com/necstgen/necstgen/datasets/testbed/recorder/link"
	"github.com/necstgen/necstgen/datasets/testbed/recorder/load"
)

// Config of a recording.
type Config struct {
	Out      string
	Load     string
	Duration time.Duration
	Seed     uint64
	Role     string // of the recorder's own parts, which it starts in their namespaces: wire-near, wire-far, network, gateway-N; "": record
	Start    int64  // Unix seconds, of the gateways' schedules
}

// Run records. Progress goes to out.
func Run(ctx context.Context, cfg Config, out io.Writer) (err error) {
	if cfg.Role != "" {
		return play(ctx, cfg, out)
	}
	scene, ok := scenarios()[cfg.Load]
	if !ok {
		return fmt.Errorf("recorder: load %q: want office or services", cfg.Load)
	}
	if os.Geteuid() != 0 {
		return errors.New("recorder: network namespaces need root")
	}
	dir, err := os.MkdirTemp("", "testbed-")
	if err != nil {
		return fmt.Errorf("recorder: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return fmt.Errorf("recorder: %w", err)
	}
	source := rand.New(rand.NewPCG(cfg.Seed, 1<<32))
	sites, err := load.WriteSites(filepath.Join(dir, "sites"), source)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "testbed in %s\n", dir)
	l, err := lab.Build(ctx, dir, scene.trees, scene.hosts...)
	defer func() {
		if closing := l.Close(); err == nil {
			err = closing
		}
		if err == nil {
			err = os.RemoveAll(dir)
		}
	}()
	if err != nil {
		return err
	}
	plan := &load.Plan{Duration: cfg.Duration, Seed: cfg.Seed, Dir: filepath.Join(dir, "clients"), Sites: sites, Root: dir}
	servers, err := scene.prepare(ctx, l, plan, source)
	if err != nil {
		return err
	}
	for _, server := range servers {
		if err := l.Serve(ctx, server); err != nil {
			return err
		}
	}
	if err := startWires(ctx, l, cfg.Seed); err != nil {
		return err
	}
	if err := startCapture(ctx, l, cfg.Out); err != nil {
		return err
	}
	fmt.Fprintf(out, "recording for %v and the last sessions\n", cfg.Duration)
	if scene.start != nil {
		if err := scene.start(ctx, l, cfg.Seed); err != nil {
			return err
		}
	}
	counts, err := load.Run(ctx, plan, scene.persons())
	if err != nil {
		return fmt.Errorf("recorder: %w", err)
	}
	if err := l.Alive(); err != nil {
		return err
	}
	time.Sleep(3 * time.Second) // the last closing handshakes, also those that are sent again
	l.Stop("tcpdump", os.Interrupt)
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(out, "%s: %d sessions, %d refused or failed\n", kind, counts[kind].Sessions, counts[kind].Failures)
	}
	return nil
}

// startWires runs this program again, twice, in the namespace of the wires.
func startWires(ctx context.Context, l *lab.Lab, seed uint64) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("recorder: %w", err)
	}
	for _, end := range []string{"near", "far"} {
		cmd := lab.Command(ctx, lab.Host{Name: "wire"}, self, "-role", "wire-"+end, "-seed", fmt.Sprint(seed))
		if err := l.Start("wire-"+end, cmd); err != nil {
			return err
		}
	}
	return nil
}

// play is one of the recorder's own parts.
func play(ctx context.Context, cfg Config, out io.Writer) error {
	var number int
	if _, err := fmt.Sscanf(cfg.Role, "gateway-%d", &number); err == nil {
		return gateway.Run(ctx, gateway.Config{Server: lab.Network.IPv4, Number: number, Start: time.Unix(cfg.Start, 0), Seed: cfg.Seed})
	}
	switch cfg.Role {
	case "wire-near", "wire-far":
		return wire(ctx, cfg, out)
	case "network":
		return gateway.Serve(ctx, "")
	}
	return fmt.Errorf("recorder: role %q: want wire-near, wire-far, network or gateway-N", cfg.Role)
}

// wire is the near wire (the clients' access networks, losing frames towards the clients) or the far one (the servers' hall, losing
// frames towards the servers). The tap between them sees every frame before it can be lost.
func wire(ctx context.Context, cfg Config, out io.Writer) error {
	c := link.Config{Near: "access1", Far: "tap0", Lossy: link.ToNear, Paths: lab.Paths(), Seed: cfg.Seed}
	if cfg.Role == "wire-far" {
		c.Near, c.Far, c.Lossy, c.Seed = "tap1", "hall1", link.ToFar, cfg.Seed+1
		for mac, path := range c.Paths {
			c.Paths[mac] = link.Path{Delay: 150 * time.Microsecond, Jitter: 40 * time.Microsecond, Down: 1e9, Up: 1e9, Loss: path.Loss / 3}
		}
	}
	counts, err := link.Run(ctx, c)
	fmt.Fprintf(out, "%s: %d frames passed, %d lost\n", cfg.Role, counts.Passed, counts.Lost)
	return err
}

// startCapture starts tcpdump on the tap and waits until it listens.
func startCapture(ctx context.Context, l *lab.Lab, path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("recorder: %w", err)
	}
	cmd := lab.Command(ctx, lab.Host{Name: "wire"}, "tcpdump", "-i", "tap1", "-n", "-s", "0", "-B", "65536", "-U", "--immediate-mode", "-Z", "root", "-w", path)
	if err := l.Start("tcpdump", cmd); err != nil {
		return err
	}
	for range 100 {
		time.Sleep(100 * time.Millisecond)
		text, err := os.ReadFile(filepath.Join(l.Dir, "tcpdump.out"))
		if err == nil && strings.Contains(string(text), "listening on") {
			return nil
		}
		if err := l.Alive(); err != nil {
			return err
		}
	}
	return fmt.Errorf("recorder: tcpdump does not start: see %s", filepath.Join(l.Dir, "tcpdump.out"))
}
