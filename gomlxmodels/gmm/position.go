package gmm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/gomlx/compute"
	"gonum.org/v1/gonum/mat"
)

// ByPosition is a mixture per place in a flow, as connected flows have it
// (algorithm.md section 6): one for each of the first packets of all flows, one for
// each of the last, one for all between. Labels are numbered through all of them:
// First[0], First[1], ..., Body, Last[0], Last[1], ...
type ByPosition struct {
	First    []*Model // First[i]: the (i+1)-th packet
	Body     *Model   // nil if no flow is long enough to have one
	Last     []*Model // Last[i]: the (i+1)-th packet from the end
	Warnings []error  // of all models, with their place
}

// PositionConfig is what FitByPosition fits.
type PositionConfig struct {
	Places int    `toml:"places"` // packets at each end with a mixture of their own, >= 0 [4]
	End    Config `toml:"end"`    // for those [up to 8 components by BIC]
	Body   Config `toml:"body"`   // for the packets between [up to 25 components by BIC]
}

// DefaultPositionConfig is NeCSTGen's four places at each end.
func DefaultPositionConfig() PositionConfig {
	c := PositionConfig{Places: 4, End: DefaultConfig(), Body: DefaultConfig()}
	c.End.MaxComponents = 8
	return c
}

// Validate reports every key that is out of its range.
func (c PositionConfig) Validate() error {
	var errs []error
	if c.Places < 0 {
		errs = append(errs, fmt.Errorf("gmm: places = %d: must be >= 0", c.Places))
	}
	for name, part := range map[string]Config{"end": c.End, "body": c.Body} {
		if err := part.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// FitByPosition fits the mixtures to the rows x [packets, columns] of flows that
// stand one after the other; lengths are their packets. A place with fewer rows
// than components gets as many components as rows.
func FitByPosition(ctx context.Context, b compute.Backend, x mat.Matrix, lengths []int, cfg PositionConfig, src rand.Source) (*ByPosition, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	first, last, body, err := places(x, lengths, cfg.Places)
	if err != nil {
		return nil, err
	}
	_, d := x.Dims()
	p := &ByPosition{}
	engines := make(map[Covariance]*engine) // shared, so that places of one shape share their programs
	fit := func(name string, rows []int, cfg Config) (*Model, error) {
		if engines[cfg.Covariance] == nil {
			if engines[cfg.Covariance], err = newEngine(b, cfg.Covariance, d); err != nil {
				return nil, err
			}
		}
		if cfg.Components > len(rows) {
			p.Warnings = append(p.Warnings, fmt.Errorf("%s: gmm: %d rows for %d components: as many components as rows are fitted", name, len(rows), cfg.Components))
		}
		cfg.Components = min(cfg.Components, len(rows))
		cfg.MinComponents = min(cfg.MinComponents, len(rows))
		m, err := engines[cfg.Covariance].model(ctx, pickRows(x, rows), cfg, src)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, w := range m.Warnings {
			p.Warnings = append(p.Warnings, fmt.Errorf("%s: %w", name, w))
		}
		return m, nil
	}
	for i := range first {
		m, err := fit(fmt.Sprintf("packet %d of the flows", i+1), first[i], cfg.End)
		if err != nil {
			return nil, err
		}
		p.First = append(p.First, m)
	}
	if len(body) > 0 {
		if p.Body, err = fit("body of the flows", body, cfg.Body); err != nil {
			return nil, err
		}
	}
	for i := range last {
		m, err := fit(fmt.Sprintf("packet %d from the end of the flows", i+1), last[i], cfg.End)
		if err != nil {
			return nil, err
		}
		p.Last = append(p.Last, m)
	}
	return p, nil
}

// places sorts rows by their place in their flow. A place that no flow reaches is
// left out, and those beyond it.
func places(x mat.Matrix, lengths []int, n int) (first, last [][]int, body []int, err error) {
	rows, _ := x.Dims()
	first, last = make([][]int, n), make([][]int, n)
	begin := 0
	for f, length := range lengths {
		if length < 1 {
			return nil, nil, nil, fmt.Errorf("gmm: flow %d has %d packets: want at least one", f, length)
		}
		for i := range min(n, length) {
			first[i] = append(first[i], begin+i)
			last[i] = append(last[i], begin+length-1-i)
		}
		for i := n; i < length-n; i++ {
			body = append(body, begin+i)
		}
		begin += length
	}
	if begin != rows || rows == 0 {
		return nil, nil, nil, fmt.Errorf("gmm: flows of %d packets in all for %d rows: want as many, at least one", begin, rows)
	}
	for i := range n {
		if len(first[i]) == 0 {
			return first[:i], last[:i], body, nil
		}
	}
	return first, last, body, nil
}

// pickRows copies the given rows.
func pickRows(x mat.Matrix, rows []int) *mat.Dense {
	_, d := x.Dims()
	out := mat.NewDense(len(rows), d, nil)
	for i, r := range rows {
		for j := range d {
			out.Set(i, j, x.At(r, j))
		}
	}
	return out
}

// models are all mixtures in the order of their labels.
func (p *ByPosition) models() []*Model {
	all := append([]*Model(nil), p.First...)
	if p.Body != nil {
		all = append(all, p.Body)
	}
	return append(all, p.Last...)
}

// LabelCount is the number of labels: components of all mixtures.
func (p *ByPosition) LabelCount() int {
	n := 0
	for _, m := range p.models() {
		n += m.Components()
	}
	return n
}

// Component returns the mixture and the component in it that a label stands for.
func (p *ByPosition) Component(label int) (*Model, int, error) {
	k := label
	for _, m := range p.models() {
		if k >= 0 && k < m.Components() {
			return m, k, nil
		}
		k -= m.Components()
	}
	return nil, 0, fmt.Errorf("gmm: label %d: want 0 to %d", label, p.LabelCount()-1)
}

// Sample draws one point of a label into dst [columns]; nil allocates.
func (p *ByPosition) Sample(dst []float64, label int, src rand.Source) ([]float64, error) {
	m, k, err := p.Component(label)
	if err != nil {
		return nil, err
	}
	return m.SampleComponent(dst, k, src), nil
}

// at returns the place, as an index into models, of a packet of a flow. Where a flow is
// so short that a packet is among the first and the last, it counts as a last one.
func (p *ByPosition) at(position, length int) int {
	body := 0
	if p.Body != nil {
		body = 1
	}
	switch after := length - 1 - position; {
	case after < len(p.Last):
		return len(p.First) + body + after
	case position < len(p.First):
		return position
	case body == 1:
		return len(p.First)
	}
	return max(0, len(p.First)-1) // longer than any flow of the training: as the last place known
}

// Labels are the labels of the rows of one flow x [packets, columns].
func (p *ByPosition) Labels(x mat.Matrix) ([]int, error) {
	n, d := x.Dims()
	all := p.models()
	offsets := make([]int, len(all))
	for i := 1; i < len(all); i++ {
		offsets[i] = offsets[i-1] + all[i-1].Components()
	}
	if d != all[0].Columns() {
		return nil, fmt.Errorf("gmm: rows of %d columns for mixtures of %d", d, all[0].Columns())
	}
	labels := make([]int, n)
	for i := range n {
		place := p.at(i, n)
		labels[i] = offsets[place] + all[place].Label(mat.Row(nil, i, x))
	}
	return labels, nil
}

// Places are the labels that may stand at each place: first[i] at position i, and
// last[i] at position i from the end.
func (p *ByPosition) Places() (first, last [][]int) {
	label := 0
	take := func(m *Model) (labels []int) {
		for range m.Components() {
			labels = append(labels, label)
			label++
		}
		return labels
	}
	for _, m := range p.First {
		first = append(first, take(m))
	}
	if p.Body != nil {
		take(p.Body)
	}
	for _, m := range p.Last {
		last = append(last, take(m))
	}
	return first, last
}

// positionFile is a saved ByPosition.
type positionFile struct {
	Format int     `json:"format"`
	First  []*file `json:"first"`
	Body   *file   `json:"body,omitempty"`
	Last   []*file `json:"last"`
}

// Save writes the mixtures as JSON.
func (p *ByPosition) Save(w io.Writer) error {
	f := positionFile{Format: format}
	for _, m := range p.First {
		f.First = append(f.First, m.file())
	}
	if p.Body != nil {
		f.Body = p.Body.file()
	}
	for _, m := range p.Last {
		f.Last = append(f.Last, m.file())
	}
	if err := json.NewEncoder(w).Encode(f); err != nil {
		return fmt.Errorf("gmm: save: %w", err)
	}
	return nil
}

// LoadByPosition reads what ByPosition's Save wrote. The name is for messages.
func LoadByPosition(r io.Reader, name string) (*ByPosition, error) {
	var f positionFile
	if err := json.NewDecoder(r).Decode(&f); err != nil {
		return nil, fmt.Errorf("gmm: %s: %w", name, err)
	}
	if f.Format != format || len(f.First) != len(f.Last) || len(f.First) == 0 && f.Body == nil {
		return nil, fmt.Errorf("gmm: %s: format %d with %d first and %d last places: this program reads format %d, with as many first as last", name, f.Format, len(f.First), len(f.Last), format)
	}
	p := &ByPosition{}
	var errs []error
	load := func(place string, f *file) *Model {
		if f == nil {
			errs = append(errs, fmt.Errorf("gmm: %s: %s is missing", name, place))
			return nil
		}
		m, err := f.model()
		if err != nil {
			errs = append(errs, fmt.Errorf("gmm: %s: %s: %w", name, place, err))
			return nil
		}
		return m
	}
	for i := range f.First {
		p.First = append(p.First, load(fmt.Sprintf("first place %d", i), f.First[i]))
		p.Last = append(p.Last, load(fmt.Sprintf("last place %d", i), f.Last[i]))
	}
	if f.Body != nil {
		p.Body = load("body", f.Body)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	all := p.models()
	for _, m := range all {
		if m.Columns() != all[0].Columns() {
			return nil, fmt.Errorf("gmm: %s: mixtures of %d and of %d columns", name, all[0].Columns(), m.Columns())
		}
	}
	return p, nil
}
