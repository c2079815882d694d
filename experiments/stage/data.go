package stage

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/catalog"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// OpenData opens the capture that the configuration names: a file, or a data set
// of the catalog. name is for messages.
func OpenData(d config.Data) (r io.ReadCloser, name string, err error) {
	if d.Path != "" {
		f, err := os.Open(d.Path)
		if err != nil {
			return nil, "", fmt.Errorf("data.path: %w", err)
		}
		info, err := f.Stat()
		if err == nil && info.IsDir() {
			err = fmt.Errorf("%s is a folder: want a capture file", d.Path)
		}
		if err != nil {
			f.Close()
			return nil, "", fmt.Errorf("data.path: %w", err)
		}
		return f, d.Path, nil
	}
	if d.Name == "" {
		return nil, "", fmt.Errorf("data.path is not set: give the capture to learn from, as in data.path=my.pcap, or a data set as data.name=testbed")
	}
	r, err = catalog.Open(d.Name)
	if err != nil {
		return nil, "", fmt.Errorf("data.name = %q: %w", d.Name, err)
	}
	return r, d.Name, nil
}

// traffic is what was learnt of a capture before any model: the flows of the
// application, in start order, split into training and held-out.
type traffic struct {
	training, heldOut []*flow.Flow
	before            []int64 // for each training flow, the start of the one before it in the capture
	packets           int64   // of the application
	others            int64   // of other applications
	damaged           []error
}

func (t *traffic) flows() int { return len(t.training) + len(t.heldOut) }

// readTraffic reads the capture, keeps the application's flows and splits them.
func readTraffic(ctx context.Context, e config.Experiment, src rand.Source) (*traffic, error) {
	r, name, err := OpenData(e.Data)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	assembler := assembler(e.Data)
	all, damaged, err := flow.Collect(assembler.Flows(limited(ctx, pcap.Packets(r, name), e.Data.Limit)))
	if err != nil {
		return nil, err
	}
	t := &traffic{damaged: damaged}
	packets := make(map[flow.Application]int64)
	var wanted []*flow.Flow
	for _, f := range all {
		packets[f.Application] += int64(len(f.Packets))
		if f.Application == e.Data.Application {
			wanted = append(wanted, f)
			t.packets += int64(len(f.Packets))
		} else {
			t.others += int64(len(f.Packets))
		}
	}
	if len(wanted) == 0 {
		return nil, fmt.Errorf("%s: no packet of %s; it holds %s: set data.application to one of them", name, e.Data.Application, inventory(packets))
	}
	t.split(wanted, e.Data.TestShare, rand.New(src))
	if len(t.training) < generator.MinFlows || len(t.heldOut) < generator.MinFlows {
		return nil, fmt.Errorf("%s: %d flows of %s, of which %d to learn from and %d held out: want at least %d of each; give a longer capture, or change data.test_share (%g) or data.application",
			name, len(wanted), e.Data.Application, len(t.training), len(t.heldOut), generator.MinFlows, e.Data.TestShare)
	}
	return t, nil
}

// assembler gathers flows as the configuration says.
func assembler(d config.Data) *flow.Assembler {
	return &flow.Assembler{IdleTimeout: time.Duration(d.IdleTimeout)}
}

// limited ends the stream after limit packets (0: none) or when ctx ends.
func limited(ctx context.Context, packets iter.Seq2[flow.Packet, error], limit int) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		n := 0
		for p, err := range packets {
			if limit > 0 && n >= limit {
				return
			}
			if n%4096 == 0 && ctx.Err() != nil {
				yield(flow.Packet{}, ctx.Err())
				return
			}
			n++
			if !yield(p, err) {
				return
			}
		}
	}
}

// split holds out a random share of the flows.
func (t *traffic) split(flows []*flow.Flow, share float64, random *rand.Rand) {
	held := make([]bool, len(flows))
	for _, i := range random.Perm(len(flows))[:int(share*float64(len(flows))+0.5)] {
		held[i] = true
	}
	for i, f := range flows {
		if held[i] {
			t.heldOut = append(t.heldOut, f)
			continue
		}
		t.training = append(t.training, f)
		t.before = append(t.before, flows[max(0, i-1)].Start())
	}
}

// inventory lists applications by packets, most first: "HTTP (812 packets), DNS (90)".
func inventory(packets map[flow.Application]int64) string {
	type entry struct {
		app flow.Application
		n   int64
	}
	var entries []entry
	for app, n := range packets {
		entries = append(entries, entry{app, n})
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.app, b.app)) })
	var parts []string
	for _, e := range entries {
		name := e.app.String()
		if e.app == flow.Unknown {
			name = "unrecognised traffic"
		}
		parts = append(parts, fmt.Sprintf("%s (%d packets)", name, e.n))
	}
	if len(parts) == 0 {
		return "no packet at all"
	}
	return strings.Join(parts, ", ")
}
