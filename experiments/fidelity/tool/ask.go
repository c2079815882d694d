package tool

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/trace"
)

// Options say which programs are asked, and how.
type Options struct {
	Versions map[string]string                                            // of the programs that are asked, "": it is not installed
	Open     func(ctx context.Context, file string) (*trace.Trace, error) // opens the file of a Side
	Sample   func(flows []*flow.Flow) []*flow.Flow                        // the flows that are looked at
	Splits   int                                                          // random halvings behind a floor
	Seed     uint64                                                       // of every random choice
	Limit    time.Duration                                                // that a program may take for a capture; 0: DefaultLimit
	Progress func(done, total int)                                        // is told how many runs of programs have ended; nil: nobody is
}

// DefaultLimit is how long a program may look at a capture. tshark, the slowest, takes
// 1.5 seconds for 74,600 packets, and it is given 200,000 at most.
const DefaultLimit = 2 * time.Minute

// Findings are the results of all views. The zero value is that no program was asked.
type Findings struct {
	absent  string            // why there are none at all
	results map[string]Result // by the name of the score
}

// Absent returns findings without a result, for that reason.
func Absent(format string, args ...any) Findings {
	return Findings{absent: fmt.Sprintf(format, args...)}
}

// Of returns the result of a view; false: no program was asked, or not this one.
func (f Findings) Of(v View) (Result, bool) {
	if f.absent != "" {
		return Result{Absent: f.absent}, true
	}
	r, asked := f.results[v.Score()]
	return r, asked
}

// Ask runs the programs on the flows of the three sides and compares what they say of the
// held-out and the synthetic ones; the floors are of the training and held-out ones
// together. The same flows, files, versions and seed give the same results, unless a program
// is stopped at its limit. What goes wrong is in the results; the error is that of ctx.
func Ask(ctx context.Context, o Options, training, heldOut, synthetic Side) (Findings, error) {
	if len(o.Versions) == 0 {
		return Findings{}, nil
	}
	dir, err := os.MkdirTemp("", "necstgen-tools-")
	if err != nil {
		return Absent("no folder for captures: %v", err), nil
	}
	defer os.RemoveAll(dir)
	captures, note, err := cut(ctx, o, dir, training, heldOut, synthetic)
	switch {
	case ctx.Err() != nil:
		return Findings{}, ctx.Err()
	case err != nil:
		return Absent("%s", strings.ReplaceAll(err.Error(), dir, "")), nil
	}
	looks := lookAll(ctx, o, dir, captures)
	if ctx.Err() != nil {
		return Findings{}, ctx.Err()
	}
	found := Findings{results: make(map[string]Result)}
	for _, p := range programs {
		if _, asked := o.Versions[p.name]; !asked {
			continue
		}
		for _, v := range p.views {
			v.Tool = p.name
			found.results[v.Score()] = looks[p.name].score(v, o, note)
		}
	}
	return found, nil
}

// cut writes the captures of the sides, reading a file of two sides once. The note says
// what part of the traffic they are.
func cut(ctx context.Context, o Options, dir string, sides ...Side) (captures []*capture, note string, err error) {
	all := slices.Clone(sides)
	for i := range sides {
		sides[i].Flows = o.Sample(sides[i].Flows)
		captures = append(captures, newCapture([]string{"training", "held-out", "synthetic"}[i], dir, sides[i].Flows))
	}
	snap := snapLength(sides...)
	for i, s := range sides {
		if slices.ContainsFunc(sides[:i], func(before Side) bool { return before.File == s.File }) {
			continue
		}
		var wanted []*capture
		for j := i; j < len(sides); j++ {
			if sides[j].File == s.File {
				wanted = append(wanted, captures[j])
			}
		}
		data, err := o.Open(ctx, s.File)
		if err == nil {
			err = errors.Join(write(ctx, data, snap, wanted...), data.Close())
		}
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", s.File, err)
		}
	}
	return captures, partNote(snap, all[1:], sides[1:]), nil
}

// partNote says where the captures are not all of the traffic.
func partNote(snap int, all, sampled []Side) (note string) {
	if snap > 0 {
		note = fmt.Sprintf("; frames are cut to %d bytes on both sides, as one was captured", snap)
	}
	a, b := len(all[0].Flows), len(all[1].Flows)
	if m, n := len(sampled[0].Flows), len(sampled[1].Flows); m < a || n < b {
		note += fmt.Sprintf("; on a random part, %d of %d held-out and %d of %d synthetic flows", m, a, n, b)
	}
	return note
}

// look is what a program has said of the three captures.
type look struct {
	version string
	answers [3]answers
	errs    [3]error
}

// lookAll runs the programs on the captures, as many at a time as there are processors.
func lookAll(ctx context.Context, o Options, dir string, captures []*capture) map[string]*look {
	looks := make(map[string]*look)
	var wait sync.WaitGroup
	var mutex sync.Mutex
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	done, total := 0, len(o.Versions)*len(captures)
	for _, p := range programs {
		version, asked := o.Versions[p.name]
		if !asked {
			continue
		}
		l := &look{version: version}
		looks[p.name] = l
		if version == "" {
			l.errs[0] = fmt.Errorf("%s is not installed", p.name)
			continue
		}
		for i, c := range captures {
			wait.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				var err error
				if l.answers[i], err = lookOne(ctx, p, &job{capture: c, shared: dir, limit: o.limit()}); err != nil {
					l.errs[i] = fmt.Errorf("on the %s capture: %w", c.what, err)
				}
				mutex.Lock()
				defer mutex.Unlock()
				if done++; o.Progress != nil {
					o.Progress(done, total)
				}
			})
		}
	}
	wait.Wait()
	return looks
}

// limit is the limit of a program's time.
func (o *Options) limit() time.Duration {
	if o.Limit == 0 {
		return DefaultLimit
	}
	return o.Limit
}

// lookOne runs a program on a capture, in a folder of its own.
func lookOne(ctx context.Context, p *program, j *job) (answers, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var err error
	if j.dir, err = os.MkdirTemp(j.shared, p.name+"-"); err != nil {
		return nil, err
	}
	return p.look(ctx, j)
}

// score is the result of a view.
func (l *look) score(v View, o Options, part string) Result {
	for _, err := range l.errs {
		if err != nil {
			return Result{Absent: err.Error()}
		}
	}
	hash := fnv.New64a()
	hash.Write([]byte(v.Score()))
	rng := rand.New(rand.NewPCG(o.Seed, hash.Sum64()))
	r := resultOf(v, l.answers[0][v.Name], l.answers[1][v.Name], l.answers[2][v.Name], o.Splits, rng)
	if r.Note != "" {
		r.Note = "; " + r.Note
	}
	r.Note = v.Tool + " " + l.version + r.Note + part
	return r
}
