package pipeline

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/executor"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
	"github.com/necstgen/necstgen/gomlxmodels/device"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// Options are what experiments are run with beside their configurations.
type Options struct {
	Store *store.Store
	Out   io.Writer // where a backend says what it does; nil: nowhere

	// Progress stands between the data and its digest; nil: none.
	Progress func(r io.Reader, bytes int64) io.Reader

	// Warn takes what of a whole capture is not learnt; nil: nobody does.
	Warn func(message string)
}

// Session prepares experiments that share what takes time: each data set is digested
// once, and each backend is opened once. Data that change while the session lasts are
// refused by the stages that read them. Its methods may be called from several
// goroutines, and experiments of one session may run at once: they compute on one device,
// whose threads they share, so that their results are those of one after the other.
type Session struct {
	options Options

	mu        sync.Mutex
	data      map[string]*digested         // by what the configuration names
	tables    map[string]*digested         // by path: what generate.flows_from names
	divisions map[string]flow.Applications // by data and settings: what "all" stands for
	devices   map[config.Backend]*device.Device
	abandoned bool // a stage may still use a device
}

// digested is an input of graphs with its digest.
type digested struct {
	files []run.Input
	sum   string
	open  func(ctx context.Context) (io.ReadCloser, error)
}

// NewSession returns a session without data and devices. The caller must close it when
// nothing runs in it any more.
func NewSession(o Options) *Session {
	return &Session{options: o, data: map[string]*digested{}, tables: map[string]*digested{}, divisions: map[string]flow.Applications{}, devices: map[config.Backend]*device.Device{}}
}

// Close releases the backends.
func (s *Session) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.abandoned {
		return
	}
	for _, d := range s.devices {
		d.Close()
	}
	clear(s.devices)
}

// abandon notes that a stage did not stop, so that its backend has to stay open until
// the process ends.
func (s *Session) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.abandoned = true
}

// Prepare digests the data of an experiment and opens its backend, which both decide
// what its stages make.
func (s *Session) Prepare(ctx context.Context, name string, overrides []string, e config.Experiment) (*Prepared, error) {
	graph, err := Graph(e)
	if err != nil {
		return nil, err
	}
	data, err := s.digestData(ctx, e.Data)
	if err != nil {
		return nil, err
	}
	if len(e.Data.Application) == 0 {
		if e.Data.Application, err = s.divide(ctx, e.Data, data); err != nil {
			return nil, err
		}
		if graph, err = Graph(e); err != nil {
			return nil, err
		}
	}
	p := &Prepared{session: s, Spec: run.Spec{Experiment: name, Overrides: overrides, Config: e, Inputs: slices.Clone(data.files), Seeds: map[string]uint64{}}}
	facts := stage.Facts{Seed: e.Seed, Inputs: map[string]string{dataName: data.sum}}
	inputs := map[string]func() (io.ReadCloser, error){dataName: func() (io.ReadCloser, error) { return data.open(ctx) }}
	if from := e.Generate.FlowsFrom; from != "" {
		table, err := s.digestTable(from)
		if err != nil {
			return nil, err
		}
		p.Spec.Inputs = append(p.Spec.Inputs, table.files...)
		facts.Inputs[flowTableName], inputs[flowTableName] = table.sum, func() (io.ReadCloser, error) { return table.open(ctx) }
	}
	backend := func(context.Context) (compute.Backend, error) { return nil, fmt.Errorf("no stage uses a device") }
	if slices.ContainsFunc(graph.Stages, func(s stage.Stage) bool { return s.Device }) {
		d, err := s.device(ctx, e.Backend)
		if err != nil {
			return nil, err
		}
		backend = func(context.Context) (compute.Backend, error) { return d.Backend, nil }
		facts.Device = d.Identity()
		p.Spec.Backend = run.Backend{Name: d.Name, Description: d.Description, PluginPath: d.PluginPath, PluginVersion: d.PluginVersion, Identity: facts.Device, Reason: d.Reason}
	}
	keys, err := graph.Keys(facts)
	if err != nil {
		return nil, err
	}
	for _, st := range graph.Stages {
		p.Spec.Keys = append(p.Spec.Keys, keys[st.Name].Sum)
		for _, seed := range st.Seeds {
			p.Spec.Seeds[seed] = stage.Seed(e.Seed, seed)
		}
	}
	p.Job = &executor.Job{Graph: graph, Keys: keys, Store: s.options.Store, Seed: e.Seed, Inputs: inputs, Backend: backend,
		Check: func(r *run.Run, stage string) error { return room(e, r, stage) }}
	return p, nil
}

// digestData digests the data that a configuration names, or remembers them.
func (s *Session) digestData(ctx context.Context, d config.Data) (*digested, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := fmt.Sprintf("%q %q", d.Name, d.Path)
	if known := s.data[key]; known != nil {
		return known, nil
	}
	data, err := findData(d)
	if err != nil {
		return nil, err
	}
	files, sum, err := data.digest(ctx, s.options)
	if err != nil {
		return nil, err
	}
	s.data[key] = &digested{files, sum, func(ctx context.Context) (io.ReadCloser, error) { return data.reopen(ctx) }}
	return s.data[key], nil
}

// digestTable digests a table of flows, or remembers it.
func (s *Session) digestTable(path string) (*digested, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.tables[path]; known != nil {
		return known, nil
	}
	table, open, err := digestFlowTable(path, s.options)
	if err != nil {
		return nil, err
	}
	s.tables[path] = &digested{[]run.Input{table}, table.SHA256, func(context.Context) (io.ReadCloser, error) { return open() }}
	return s.tables[path], nil
}

// device opens what computes, or returns the device that is open.
func (s *Session) device(ctx context.Context, b config.Backend) (*device.Device, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.devices[b]; d != nil {
		return d, nil
	}
	name := string(b)
	if b == config.Auto {
		name = ""
	}
	d, err := device.Open(ctx, device.Options{Backend: name, Out: s.options.Out})
	if err != nil {
		return nil, err
	}
	s.devices[b] = d
	return d, nil
}
