package load

import (
	"context"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// TestThink: pauses have the wanted mean, less what the cut takes, and a heavy tail.
func TestThink(t *testing.T) {
	p := &Person{Think: 10 * time.Second, Source: source(1)}
	const n = 200_000
	var sum, long float64
	for range n {
		x := p.think().Seconds()
		if x < 10*0.4/1.4-1e-9 || x > 120 {
			t.Fatalf("a pause of %v s", x)
		}
		sum += x
		if x > 50 {
			long++
		}
	}
	// The mean of a Pareto variable cut at c: m a/(a-1) - (m/c)^a c/(a-1).
	const a, m, c = 1.4, 10 * 0.4 / 1.4, 120.0
	if want := m*a/(a-1) - math.Pow(m/c, a)*c/(a-1); math.Abs(sum/n-want) > 0.15 {
		t.Errorf("mean pause %.3f s, want %.3f", sum/n, want)
	}
	if want := math.Pow(m/50, a); math.Abs(long/n-want) > 0.002 {
		t.Errorf("%.4f of the pauses exceed 50 s, want %.4f", long/n, want)
	}
}

func TestPick(t *testing.T) {
	p := &Person{Source: source(2)}
	counts := make([]float64, 3)
	for range 60_000 {
		counts[p.pick(1, 0, 5)]++
	}
	if counts[1] != 0 || math.Abs(counts[0]/60_000-1.0/6) > 0.01 {
		t.Errorf("counts %v for weights 1, 0, 5", counts)
	}
}

func TestLogNormal(t *testing.T) {
	s := source(3)
	below := 0
	for range 20_000 {
		x := LogNormal(s, 1000, 1.2, 50, 9000)
		if x < 50 || x > 9000 {
			t.Fatalf("%d is outside 50..9000", x)
		}
		if x < 1000 {
			below++
		}
	}
	if math.Abs(float64(below)/20_000-0.5) > 0.02 {
		t.Errorf("%d of 20000 are below the median", below)
	}
}

// TestWriteSites: what pages embed is there, the same seed writes the same files, and they compress as the capture needs.
func TestWriteSites(t *testing.T) {
	dir, again := t.TempDir(), t.TempDir()
	sites, err := WriteSites(dir, source(4))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := WriteSites(again, source(4)); err != nil {
		t.Fatal(err)
	}
	embedded := regexp.MustCompile(`(?:href|src)="([^"]+)"`)
	for _, site := range sites {
		for _, page := range site.Pages {
			text, err := os.ReadFile(filepath.Join(dir, site.Host, page.Path))
			if err != nil {
				t.Fatal(err)
			}
			links := embedded.FindAllStringSubmatch(string(text), -1)
			if len(links) != len(page.Objects) {
				t.Errorf("%s%s embeds %d objects, want %d", site.Host, page.Path, len(links), len(page.Objects))
			}
			for _, l := range links {
				if _, err := os.Stat(filepath.Join(dir, site.Host, l[1])); err != nil {
					t.Error(err)
				}
			}
		}
		for _, f := range site.Files {
			if _, err := os.Stat(filepath.Join(dir, site.Host, f)); err != nil {
				t.Error(err)
			}
		}
	}
	err = fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		a, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			return err
		}
		if b, err := os.ReadFile(filepath.Join(again, path)); err != nil || string(a) != string(b) {
			t.Errorf("%s differs between two runs of one seed: %v", path, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestMessage: a header, a blank line, lines that mail may have, about the wanted size.
func TestMessage(t *testing.T) {
	s := source(5)
	for _, size := range []int{1, 60, 3000, 7000, 50_000, 250_000} {
		for range 5 {
			text := message(s, "a@b.test", "c@d.test", 7, size)
			head, body, ok := strings.Cut(text, "\n\n")
			if !ok || !strings.HasPrefix(head, "From: <a@b.test>\nTo: <c@d.test>\n") || !strings.Contains(head, "@b.test>") {
				t.Fatalf("size %d: head %q", size, head)
			}
			for _, l := range strings.Split(body, "\n") {
				if len(l) > 100 { // RFC 5321 allows 998
					t.Fatalf("size %d: a line of %d bytes", size, len(l))
				}
			}
			if len(body) < size*9/10 || len(body) > size*11/10+6000 {
				t.Errorf("size %d: %d bytes", size, len(body))
			}
		}
	}
}

func TestZones(t *testing.T) {
	zones := Zones(source(6))
	if len(zones) != len(zoneNames)+1 {
		t.Errorf("%d zones, want %d and the reverse one", len(zones), len(zoneNames))
	}
	for name, text := range zones {
		if strings.Count(text, " SOA ") != 1 || strings.Count(text, "@ IN NS ") != 2 {
			t.Errorf("%s: %q...", name, text[:100])
		}
	}
	for _, part := range strings.Split(zones["example.test"], `"`) {
		if len(part) > 255 && !strings.Contains(part, "\n") {
			t.Errorf("a TXT string of %d bytes: 255 are allowed", len(part))
		}
	}
}

// TestPersons: names are unique (they name scratch files), every kind has a session, everybody pauses.
func TestPersons(t *testing.T) {
	for name, persons := range map[string][]*Person{"office": Office(), "services": Services()} {
		seen := map[string]bool{}
		for _, p := range persons {
			if seen[p.Name] || p.Act == nil || p.Think < time.Second || p.Kind == "" {
				t.Errorf("%s: person %+v", name, p)
			}
			seen[p.Name] = true
		}
	}
}

// TestRun: sessions begin within the plan's time, failures are counted, and the end of the context ends the run.
func TestRun(t *testing.T) {
	act := func(err error) func(*Person) error { return func(*Person) error { return err } }
	persons := []*Person{{Kind: "good", Name: "a", Think: 20 * time.Millisecond, Act: act(nil)}, {Kind: "bad", Name: "b", Think: 20 * time.Millisecond, Act: act(context.DeadlineExceeded)}}
	plan := &Plan{Duration: 500 * time.Millisecond, Seed: 1, Dir: filepath.Join(t.TempDir(), "clients")}
	begin := time.Now()
	counts, err := Run(context.Background(), plan, persons)
	if err != nil || time.Since(begin) > 5*time.Second {
		t.Fatalf("%v after %v", err, time.Since(begin))
	}
	good, bad := counts["good"], counts["bad"]
	if good.Sessions < 3 || good.Failures != 0 || bad.Sessions < 3 || bad.Failures != bad.Sessions {
		t.Errorf("counts %+v", counts)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	plan.Duration = time.Hour
	if _, err := Run(ctx, plan, persons); err != context.Canceled {
		t.Errorf("error %v, want cancelled", err)
	}
}
