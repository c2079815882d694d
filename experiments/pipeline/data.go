package pipeline

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/catalog"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// packetParams are the settings that decide which packets there are, and which of
// them belong together.
type packetParams struct {
	Application flow.Applications `json:"application"`
	From        flow.Moment       `json:"from,omitzero"`
	To          flow.Moment       `json:"to,omitzero"`
	Limit       int               `json:"limit"`
	IdleTimeout config.Duration   `json:"idle_timeout"`
	Port        int               `json:"port"`
	Gateway     string            `json:"gateway"`
	Decapsulate bool              `json:"decapsulate"`
}

func packetsOf(d config.Data) packetParams {
	return packetParams{d.Application, d.From, d.To, d.Limit, d.IdleTimeout, d.Port, d.Gateway, d.Decapsulate}
}

// selection says which packets are asked for.
func (p packetParams) selection() trace.Selection {
	gateway, _ := config.ParseGateway(p.Gateway) // validated
	return trace.Selection{Applications: p.Application, Port: p.Port, Gateway: gateway, Period: flow.Period{From: p.From, To: p.To}, Limit: p.Limit, Outer: !p.Decapsulate}
}

// assembler gathers flows of the applications alone.
func (p packetParams) assembler() *flow.Assembler {
	return &flow.Assembler{IdleTimeout: time.Duration(p.IdleTimeout), Only: p.Application}
}

// dataset is the data of an experiment: the user's own files, or a data set of the
// catalog.
type dataset struct {
	key      string // of the configuration, for messages
	embedded string // the name of an embedded capture; "": the files
	paths    []string
	stamps   []stamp // of the files when they were digested
}

// findData finds what the configuration names, with the stamps that it has now.
func findData(d config.Data) (*dataset, error) {
	data := &dataset{key: fmt.Sprintf("data.name = %q", d.Name)}
	var err error
	if len(d.Path) > 0 {
		data.key = "data.path"
		data.paths, err = trace.Files(d.Path)
	} else {
		sets := new(catalog.Catalog)
		if info, unknown := sets.Get(d.Name); unknown == nil && info.Embedded() {
			data.embedded = d.Name
		} else {
			data.paths, err = sets.Data(d.Name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", data.key, err)
	}
	for _, path := range data.paths {
		data.stamps = append(data.stamps, stampOf(path))
	}
	return data, nil
}

// open opens the data as one trace. A pipe is refused, since several stages may read
// it.
func (d *dataset) open(ctx context.Context, paths []string) (t *trace.Trace, err error) {
	if d.embedded != "" {
		t, err = trace.Open(ctx, []string{d.embedded}, nil)
	} else {
		t, err = trace.OpenFiles(ctx, paths, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.key, err)
	}
	return t, nil
}

// digest reads the data once, so that what is made of them can be named by their
// content. The sum stands for all files in their order.
func (d *dataset) digest(ctx context.Context, o Options) (inputs []run.Input, sum string, err error) {
	paths := d.paths
	if d.embedded != "" {
		paths = []string{""}
	}
	var sums []string
	for _, path := range paths {
		input, err := d.digestFile(ctx, path, o)
		if err != nil {
			return nil, "", err
		}
		inputs, sums = append(inputs, input), append(sums, input.SHA256)
	}
	if len(sums) == 1 {
		return inputs, sums[0], nil
	}
	_, sum, err = store.Digest(strings.NewReader(strings.Join(sums, "\n")))
	return inputs, sum, err
}

// digestFile reads one file, or the embedded capture.
func (d *dataset) digestFile(ctx context.Context, path string, o Options) (run.Input, error) {
	t, err := d.open(ctx, []string{path})
	if err != nil {
		return run.Input{}, err
	}
	defer t.Close()
	bytes, sum, err := o.Store.DigestInput(t, path, o.Progress)
	if err != nil {
		return run.Input{}, fmt.Errorf("data: %s: %w", t.Name, err)
	}
	if bytes == 0 {
		return run.Input{}, fmt.Errorf("data: %s: the capture is empty", t.Name)
	}
	return run.Input{Name: dataName, Path: path, Bytes: bytes, SHA256: sum}, nil
}

// stamp is by what a file is known to be the one that was digested.
type stamp struct {
	bytes    int64
	modified time.Time
}

// stampOf returns the stamp of a file: the zero stamp for one that is not there.
func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{info.Size(), info.ModTime()}
}

// input is the data as a stage has them open.
type input struct {
	*trace.Trace
	*dataset
}

// reopen opens the data for a stage, if they are what they were when they were
// digested: others would be stored under a wrong name.
func (d *dataset) reopen(ctx context.Context) (*input, error) {
	if err := d.unchanged(); err != nil {
		return nil, err
	}
	t, err := d.open(ctx, d.paths)
	return &input{t, d}, err
}

// unchanged returns an error when a file is not the one that was digested. A stage
// asks when it has read it, too.
func (d *dataset) unchanged() error {
	for i, path := range d.paths {
		was, now := d.stamps[i], stampOf(path)
		switch {
		case now.bytes == was.bytes && now.modified.Equal(was.modified):
		case now == stamp{}:
			return fmt.Errorf("%s: %s was removed after it was digested: put it back and run again", d.key, path)
		default:
			return fmt.Errorf("%s: %s has changed since it was digested: it had %d bytes of %s, and has %d of %s: run again when nothing writes to it",
				d.key, path, was.bytes, clockTime(was.modified), now.bytes, clockTime(now.modified))
		}
	}
	return nil
}

func clockTime(t time.Time) string { return t.Format("2006-01-02 15:04:05.000") }

// openEnv opens the data of a stage.
func openEnv(env *stage.Env) (*input, error) {
	in, err := env.Open(dataName)
	if err != nil {
		return nil, err
	}
	return in.(*input), nil // as Prepare has it
}
