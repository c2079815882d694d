package aggregate

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/gomlxmodels/generator/artifact"
	"github.com/necstgen/necstgen/gomlxmodels/generator/training"
	"github.com/necstgen/necstgen/gomlxmodels/gmm"
	"github.com/necstgen/necstgen/gomlxmodels/markov"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// Name is the artifact, a folder for Load.
const Name = "model/aggregate/"

// Its files.
const (
	aboutName   = "aggregate.json"
	mixtureName = "mixture.json"
	chainName   = "chain.json"
	arrivalName = "arrivals.json" // the chain of Arrivals, if there are any
)

type params struct {
	Columns     Columns `json:"columns"`
	OneProtocol bool    `json:"one_protocol"`
}

// Stage learns the aggregate level. With oneProtocol only flows of the most frequent
// IP protocol are learnt.
func Stage(c Columns, oneProtocol bool) stage.Stage {
	return stage.Stage{
		Name: "flows", Version: 4, Params: params{c, oneProtocol},
		Deps: training.Deps, Outs: []string{Name}, Seeds: []string{"flows"},
		Run: func(ctx context.Context, env *stage.Env) error {
			seed, err := env.Seed("flows")
			if err != nil {
				return err
			}
			set, err := training.Read(env, oneProtocol)
			if err != nil {
				return err
			}
			m, err := Fit(ctx, c, set.Flows, set.Traffic.Part, seed)
			if err != nil {
				return err
			}
			env.Warn(m.Warnings...)
			return artifact.WriteFolder(env, Name, m.Save)
		},
	}
}

// file is aggregate.json.
type file struct {
	Columns    []string       `json:"columns"`
	Scales     []scale        `json:"scales"`
	Weights    []float64      `json:"weights"` // of the chain's labels
	Arrivals   *arrivals      `json:"arrivals,omitempty"`
	Repeated   *repeatedFlows `json:"repeated,omitempty"`
	LongLived  *longLived     `json:"long_lived,omitempty"`
	Resolution int64          `json:"resolution"`
	Between    float64        `json:"between"`        // mean seconds between starts
	Part       float64        `json:"part,omitempty"` // of each flow's packets that was learnt
}

// Save writes the model into dir.
func (m *Model) Save(dir string) error {
	about := file{m.Names, m.Scales, m.Rows.Weights, m.Rows.Arrivals, m.Repeated, m.LongLived, m.Resolution, m.Between, m.Part}
	files := map[string]func(io.Writer) error{
		aboutName:   func(w io.Writer) error { return json.NewEncoder(w).Encode(about) },
		mixtureName: m.Rows.Mixture.Save,
		chainName:   m.Rows.Chain.Save,
	}
	if m.Rows.Arrivals != nil {
		files[arrivalName] = m.Rows.Arrivals.Chain.Save
	}
	for name, write := range files {
		if err := atomicfile.Write(filepath.Join(dir, name), write); err != nil {
			return fmt.Errorf("generator: save %s: %w", filepath.Join(dir, name), err)
		}
	}
	return nil
}

// Load reads what Save wrote.
func Load(dir string) (*Model, error) {
	paths := func(name string) (string, error) { return filepath.Join(dir, name), nil }
	var about file
	if err := artifact.ReadJSON(paths, aboutName, &about); err != nil {
		return nil, err
	}
	m := &Model{Names: about.Columns, Scales: about.Scales, Repeated: about.Repeated, LongLived: about.LongLived,
		Resolution: about.Resolution, Between: about.Between, Part: about.Part, Rows: &mixtureChain{Weights: about.Weights, Arrivals: about.Arrivals}}
	var err error
	if m.Rows.Mixture, err = artifact.Read(paths, mixtureName, gmm.Load); err != nil {
		return nil, err
	}
	if m.Rows.Chain, err = artifact.Read(paths, chainName, markov.Load); err != nil {
		return nil, err
	}
	if m.Rows.Arrivals != nil {
		if m.Rows.Arrivals.Chain, err = artifact.Read(paths, arrivalName, markov.Load); err != nil {
			return nil, err
		}
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("generator: load %s: %w", filepath.Join(dir, aboutName), err)
	}
	if m.Repeated != nil {
		m.Repeated.index()
	}
	if m.Rows.Arrivals != nil {
		m.Rows.given, err = m.Rows.givenLast()
	}
	return m, err
}

// LoadArtifact reads what the stage made.
func LoadArtifact(paths artifact.Paths) (*Model, error) {
	dir, err := paths(Name)
	if err != nil {
		return nil, err
	}
	return Load(dir)
}

// check refuses parts that do not belong together.
func (m *Model) check() error {
	two := []string{summaryNames[logPackets], summaryNames[logArrival]}
	if !slices.Equal(m.Names, summaryNames[:]) && !slices.Equal(m.Names, two) || len(m.Scales) != len(m.Names) || m.Resolution < 1 || !(m.Between > 0) {
		return fmt.Errorf("%d scales of the columns %q at a resolution of %d ns: not of this version", len(m.Scales), m.Names, m.Resolution)
	}
	for _, s := range m.Scales {
		if err := s.check(); err != nil {
			return err
		}
	}
	if err := m.Rows.check(); err != nil {
		return err
	}
	if got := m.Rows.Mixture.Columns(); got != len(m.Scales) {
		return fmt.Errorf("a mixture over %d columns: want %d", got, len(m.Scales))
	}
	if m.Repeated != nil && (len(m.Names) != summaryWidth || !m.Repeated.valid(len(m.Rows.Weights))) {
		return fmt.Errorf("the repeated flows do not fit the %d labels: not of this version", len(m.Rows.Weights))
	}
	if l := m.LongLived; l != nil && (l.Span < 1 || !(l.Flows > 0)) {
		return fmt.Errorf("%v long-lived flows in %d ns", l.Flows, l.Span)
	}
	return nil
}
