package pipeline

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// packetParams are the settings that decide which packets there are, and which of
// them belong together.
type packetParams struct {
	Application flow.Application `json:"application"`
	Limit       int              `json:"limit"`
	IdleTimeout config.Duration  `json:"idle_timeout"`
	Port        int              `json:"port"`
	Gateway     string           `json:"gateway"`
}

func packetsOf(d config.Data) packetParams {
	return packetParams{d.Application, d.Limit, d.IdleTimeout, d.Port, d.Gateway}
}

// selection says which packets are asked for.
func (p packetParams) selection() trace.Selection {
	gateway, _ := config.ParseGateway(p.Gateway) // validated
	return trace.Selection{Application: p.Application, Port: p.Port, Gateway: gateway, Limit: p.Limit}
}

// assembler gathers flows of the application alone.
func (p packetParams) assembler() *flow.Assembler {
	return &flow.Assembler{IdleTimeout: time.Duration(p.IdleTimeout), Only: p.Application}
}

// openData opens the trace that the configuration names: the user's own, or a data
// set of the catalog. A pipe is refused, since several stages may read it.
func openData(ctx context.Context, d config.Data) (*trace.Trace, error) {
	if d.Path != "" {
		t, err := trace.OpenFile(ctx, d.Path, nil)
		if err != nil {
			return nil, fmt.Errorf("data.path: %w", err)
		}
		return t, nil
	}
	t, err := trace.Open(ctx, d.Name, nil)
	if err != nil {
		return nil, fmt.Errorf("data.name = %q: %w", d.Name, err)
	}
	return t, nil
}

// digestData reads an experiment's data once, so that what is made of it can be
// named by its content. It also returns the file's stamp from before that.
func digestData(ctx context.Context, d config.Data, o Options) (run.Input, stamp, error) {
	before := stampOf(d)
	t, err := openData(ctx, d)
	if err != nil {
		return run.Input{}, before, err
	}
	defer t.Close()
	bytes, sum, err := o.Store.DigestInput(t, d.Path, o.Progress)
	if err != nil {
		return run.Input{}, before, fmt.Errorf("data: %s: %w", t.Name, err)
	}
	if bytes == 0 {
		return run.Input{}, before, fmt.Errorf("data: %s: the capture is empty", t.Name)
	}
	return run.Input{Name: dataName, Path: d.Path, Bytes: bytes, SHA256: sum}, before, nil
}

// stamp is by what a file is known to be the one that was digested.
type stamp struct {
	bytes    int64
	modified time.Time
}

// stampOf returns the stamp of the configuration's file: the zero stamp for a data
// set of the catalog, which nobody writes to, and for a file that is not there.
func stampOf(d config.Data) stamp {
	if d.Path == "" {
		return stamp{}
	}
	info, err := os.Stat(d.Path)
	if err != nil {
		return stamp{}
	}
	return stamp{info.Size(), info.ModTime()}
}

// input is the data as a stage has it open.
type input struct {
	*trace.Trace

	data     config.Data
	digested stamp
}

// reopen opens the data for a stage, if they are what they were when they were
// digested: others would be stored under a wrong name.
func reopen(ctx context.Context, d config.Data, digested stamp) (*input, error) {
	in := &input{data: d, digested: digested}
	if err := in.unchanged(); err != nil {
		return nil, err
	}
	var err error
	in.Trace, err = openData(ctx, d)
	return in, err
}

// unchanged returns an error when the file is not the one that was digested. A stage
// asks when it has read it, too.
func (in *input) unchanged() error {
	now := stampOf(in.data)
	if now.bytes == in.digested.bytes && now.modified.Equal(in.digested.modified) {
		return nil
	}
	if now == (stamp{}) {
		return fmt.Errorf("data.path: %s was removed after it was digested: put it back and run again", in.data.Path)
	}
	return fmt.Errorf("data.path: %s has changed since it was digested: it had %d bytes of %s, and has %d of %s: run again when nothing writes to it",
		in.data.Path, in.digested.bytes, clockTime(in.digested.modified), now.bytes, clockTime(now.modified))
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
