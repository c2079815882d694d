package generator

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/device"
	"github.com/necstgen/necstgen/gomlxmodels/gmm"
	"github.com/necstgen/necstgen/gomlxmodels/lstm"
)

// profiles draw a device's radio profile: where it stands, as far as a gateway
// can tell. The network is given it with every uplink, so that a device keeps its
// level. It is drawn given the flow's shape, from a mixture of Gaussians over the
// normal scores of both.
type profiles struct {
	Scores  []normalScores `json:"scores"` // of profileNames
	Mixture *gmm.Model     `json:"-"`      // over the flow's latent and the profile; saved beside
	parts   []conditional
}

// profileNames are the numbers of a profile.
var profileNames = [...]string{"mean RSSI", "mean SNR", "mean spreading factor", "standard deviation of RSSI", "standard deviation of SNR"}

const (
	profileWidth    = len(profileNames)
	maxProfileParts = 6
	profilesName    = "profiles.json" // mixture over flow shapes and radio profiles
)

// profileOf describes a device's uplinks; the deviations of a single one are NaN.
func profileOf(f *flow.Flow) [profileWidth]float64 {
	var rssi, snr, factor, squaresRSSI, squaresSNR float64
	n := float64(len(f.Packets))
	for i := range f.Packets {
		r := f.Packets[i].Radio
		rssi += float64(r.RSSI) / n
		snr += float64(r.SNR) / n
		factor += float64(r.SpreadingFactor) / n
	}
	for i := range f.Packets {
		r := f.Packets[i].Radio
		d, e := float64(r.RSSI)-rssi, float64(r.SNR)-snr
		squaresRSSI, squaresSNR = squaresRSSI+d*d, squaresSNR+e*e
	}
	return [profileWidth]float64{rssi, snr, factor, math.Sqrt(squaresRSSI / (n - 1)), math.Sqrt(squaresSNR / (n - 1))}
}

// Levels of a timeline stand for themselves, in units that the network likes; a
// device's deviation has a floor, as levels are noted in whole steps.
var (
	timelineRSSI = standing{-100, 30}
	timelineSNR  = standing{0, 10}
)

const leastDeviation = 0.5 // dB

// stands is what is known of a device before its first uplink.
func (m *radioModel) stands(profile [profileWidth]float64) radioPast {
	deviation := func(v float64) float64 {
		if !(v > leastDeviation) { // NaN too
			return leastDeviation
		}
		return v
	}
	return radioPast{levelRSSI: standing{profile[0], deviation(profile[3])}, levelSNR: standing{profile[1], deviation(profile[4])}, meanFactor: profile[2]}
}

// pastOf is the past before the first uplink of a training flow.
func (m *radioModel) pastOf(f *flow.Flow) radioPast {
	switch {
	case m == nil:
		return radioPast{}
	case m.Devices != nil:
		return radioPast{levelRSSI: timelineRSSI, levelSNR: timelineSNR}
	}
	return m.stands(profileOf(f))
}

// pastFor is the past before the first uplink of a flow that is drawn, whose latent
// ends with the scores of its profile.
func (m *radioModel) pastFor(latent []float32) radioPast {
	switch {
	case m == nil:
		return radioPast{}
	case m.Devices != nil:
		return radioPast{levelRSSI: timelineRSSI, levelSNR: timelineSNR}
	}
	var profile [profileWidth]float64
	for j, score := range latent[len(latent)-profileWidth:] {
		profile[j] = m.Profiles.Scores[j].value(float64(score))
	}
	return m.stands(profile)
}

func fitProfileScores(flows []*flow.Flow) *profiles {
	p := &profiles{}
	columns := make([][]float64, profileWidth)
	for _, f := range flows {
		for j, v := range profileOf(f) {
			columns[j] = append(columns[j], v)
		}
	}
	for _, column := range columns {
		p.Scores = append(p.Scores, fitNormalScores(column))
	}
	return p
}

func (m *radioModel) profileWidth() int {
	if m == nil {
		return 0
	}
	return profileWidth
}

// appendProfile adds the scores of a training flow's profile to dst.
func (m *radioModel) appendProfile(dst []float32, f *flow.Flow, random *rand.Rand) []float32 {
	if m == nil {
		return dst
	}
	for j, v := range profileOf(f) {
		dst = append(dst, float32(m.Profiles.Scores[j].score(v, random)))
	}
	return dst
}

// fitProfiles fits the mixture over the latents of the training flows, of which
// the profile is the last part. It computes on the Go backend, as aggregate.fit does.
func (m *radioModel) fitProfiles(ctx context.Context, cfg Config, latents [][]float32) error {
	if m == nil {
		return nil
	}
	width := len(latents[0])
	x := mat.NewDense(len(latents), width, nil)
	for i, latent := range latents {
		for j, v := range latent {
			x.Set(i, j, float64(v))
		}
	}
	random := rand.New(rand.NewPCG(cfg.Seed, 0x636f6e73))
	for j := range width {
		column := mat.Col(nil, j, x)
		if slices.Max(column) > slices.Min(column) {
			continue
		}
		for i := range column { // what no flow has tells nothing, whatever is drawn for it
			x.Set(i, j, random.NormFloat64())
		}
	}
	mixture := cfg.GMM
	mixture.Components, mixture.MaxComponents = 0, min(maxProfileParts, max(1, len(latents)/(4*width)))
	d, err := device.Open(ctx, device.Options{Backend: "go"})
	if err != nil {
		return fmt.Errorf("generator: radio profiles: %w", err)
	}
	defer d.Close()
	if m.Profiles.Mixture, err = gmm.Fit(ctx, d.Backend, x, mixture, rand.NewPCG(cfg.Seed, 0x72616469)); err != nil {
		return fmt.Errorf("generator: radio profiles: %w", err)
	}
	return m.Profiles.prepare()
}

// profiled adds a profile to each plan's latent.
func (m *radioModel) profiled(plans func() (plan, bool), seed uint64) func() (plan, bool) {
	if m == nil {
		return plans
	}
	random := rand.New(rand.NewPCG(seed, 0x70726f66))
	return func() (plan, bool) {
		p, ok := plans()
		if ok {
			p.latent = m.Profiles.append(p.latent, random)
		}
		return p, ok
	}
}

// conditional is one component of the mixture, as the distribution of the last
// entries b given the first a: mean b + gain (x - mean a), covariance lower lower^T.
type conditional struct {
	logWeight float64 // of the component, without the factor of x
	mean      []float64
	inverse   *mat.SymDense // of the covariance of a
	gain      *mat.Dense    // [b, a]
	lower     *mat.TriDense // [b, b]
}

// prepare splits every component at the last profileWidth entries:
//
//	gain = S_ba S_aa^-1, lower lower^T = S_bb - gain S_ab
func (p *profiles) prepare() error {
	width := p.Mixture.Columns()
	a := width - profileWidth
	if a < 1 || len(p.Scores) != profileWidth {
		return fmt.Errorf("generator: radio profiles of %d scores in a mixture of %d columns: want %d scores and more columns", len(p.Scores), width, profileWidth)
	}
	p.parts = nil
	for k, weight := range p.Mixture.Weights {
		s := p.Mixture.Covariances[k]
		given := mat.NewSymDense(a, nil)
		cross, rest := mat.NewDense(profileWidth, a, nil), mat.NewSymDense(profileWidth, nil)
		for i := range width {
			for j := range width {
				switch v := s.At(i, j); {
				case i < a && j < a:
					given.SetSym(i, j, v)
				case i >= a && j < a:
					cross.Set(i-a, j, v)
				case i >= a && j >= a:
					rest.SetSym(i-a, j-a, v)
				}
			}
		}
		var root, below mat.Cholesky
		c := conditional{mean: p.Mixture.Means[k], inverse: mat.NewSymDense(a, nil), gain: new(mat.Dense), lower: new(mat.TriDense)}
		if !root.Factorize(given) {
			return fmt.Errorf("generator: radio profiles: component %d is singular", k)
		}
		if err := root.InverseTo(c.inverse); err != nil {
			return fmt.Errorf("generator: radio profiles: component %d: %w", k, err)
		}
		c.gain.Mul(cross, c.inverse)
		var explained mat.Dense
		explained.Mul(c.gain, cross.T())
		for i := range profileWidth {
			for j := i; j < profileWidth; j++ {
				rest.SetSym(i, j, rest.At(i, j)-(explained.At(i, j)+explained.At(j, i))/2)
			}
			rest.SetSym(i, i, rest.At(i, i)+1e-9)
		}
		if !below.Factorize(rest) {
			return fmt.Errorf("generator: radio profiles: component %d is singular", k)
		}
		below.LTo(c.lower)
		c.logWeight = math.Log(weight) - root.LogDet()/2
		p.parts = append(p.parts, c)
	}
	return nil
}

// append draws a profile given the flow's latent, and adds it.
func (p *profiles) append(latent []float32, random *rand.Rand) []float32 {
	x := make([]float64, len(latent))
	logs := make([]float32, len(p.parts))
	for k, c := range p.parts {
		for i := range x {
			x[i] = float64(latent[i]) - c.mean[i]
		}
		v := mat.NewVecDense(len(x), x)
		logs[k] = float32(c.logWeight - mat.Inner(v, c.inverse, v)/2)
	}
	top := logs[0]
	for _, l := range logs {
		top = max(top, l)
	}
	for k := range logs {
		logs[k] -= top
	}
	c := &p.parts[drawLog(random, logs)]
	for i := range x {
		x[i] = float64(latent[i]) - c.mean[i]
	}
	var noise [profileWidth]float64
	for i := range noise {
		noise[i] = random.NormFloat64()
	}
	for i := range profileWidth {
		value := c.mean[len(x)+i]
		for j, d := range x {
			value += c.gain.At(i, j) * d
		}
		for j := range i + 1 {
			value += c.lower.At(i, j) * noise[j]
		}
		latent = append(latent, float32(value))
	}
	return latent
}

// save writes what generator.json has not.
func (m *radioModel) save(dir string) error {
	if m == nil {
		return nil
	}
	return writeParts(dir, part{profilesName, m.Profiles.Mixture.Save})
}

func (m *radioModel) load(dir string) error {
	if m == nil {
		return nil
	}
	if m.Settings.Len() == 0 || m.Frequency.Len() == 0 || m.RSSI.Code == nil || m.SNR.Code == nil || m.Counter.Steps == nil || m.Profiles == nil {
		return fmt.Errorf("generator: load %s: radio fields are missing: not of this version", filepath.Join(dir, generatorName))
	}
	var err error
	if m.Profiles.Mixture, err = readWith(dir, profilesName, gmm.Load); err != nil {
		return err
	}
	return m.Profiles.prepare()
}

// latents are the latents of the sequences.
func latents(sequences []lstm.Sequence) [][]float32 {
	all := make([][]float32, len(sequences))
	for i := range sequences {
		all[i] = sequences[i].Latent
	}
	return all
}
