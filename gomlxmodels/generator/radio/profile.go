package radio

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/device"
	"github.com/necstgen/necstgen/gomlxmodels/generator/draw"
	"github.com/necstgen/necstgen/gomlxmodels/gmm"
)

// profiles draw a device's radio profile: its mean levels, as far as a gateway can
// tell. The network is given it with every uplink, so that a device keeps its
// level. It is drawn given what is drawn for the flow, from a mixture of Gaussians
// over the normal scores of both.
type profiles struct {
	Scores  []draw.NormalScores `json:"scores"`  // of profileNames
	Saved   json.RawMessage     `json:"mixture"` // Mixture as it saves itself
	mixture *gmm.Model          // over the flow's latent and the profile
	parts   []conditional
}

// profileNames are the numbers of a profile.
var profileNames = [...]string{"mean RSSI", "mean SNR", "mean spreading factor", "standard deviation of RSSI", "standard deviation of SNR"}

// The mixture over flows and profiles: components and EM steps at most.
const (
	profileWidth      = len(profileNames)
	maxProfileParts   = 6
	profileIterations = 200
)

// ProfileWidth returns how many numbers a profile has; a segment of a timeline has
// none.
func (m *Uplinks) ProfileWidth() int {
	if m.Senders != nil {
		return 0
	}
	return profileWidth
}

// profileOf describes a device's uplinks. The deviations of a single one are NaN.
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

// The units in which the network is told the mean levels of devices; a device's
// deviation has a floor, as levels are noted in whole steps.
var (
	timelineRSSI = levelStats{Mean: -100, Deviation: 30}
	timelineSNR  = levelStats{Mean: 0, Deviation: 10}
)

const leastDeviation = 0.5 // dB

// before returns what is known of a device before its first uplink.
func before(profile [profileWidth]float64) Past {
	deviation := func(v float64) float64 {
		if !(v > leastDeviation) { // NaN too
			return leastDeviation
		}
		return v
	}
	return Past{levels: levels{levelStats{Mean: profile[0], Deviation: deviation(profile[3])}, levelStats{Mean: profile[1], Deviation: deviation(profile[4])}}, meanFactor: profile[2]}
}

// Begin returns the past before the first uplink of a training flow. Of a timeline it
// is known who sends.
func (m *Uplinks) Begin(f *flow.Flow) Past {
	if m.Senders == nil {
		return before(profileOf(f))
	}
	past := Past{plan: make([]send, len(f.Packets)), heard: make(map[int32]flow.Radio)}
	for i := range f.Packets {
		number := int32(m.Senders.index[f.Packets[i].Radio.Device()])
		past.plan[i] = send{sender: number, device: number}
	}
	return past
}

// BeginDrawn returns the past before the first uplink of a flow that is drawn, whose
// latent ends with the scores of its profile, or of a segment that is planned.
func (m *Uplinks) BeginDrawn(latent []float32, plan *Plan) Past {
	if m.Senders != nil {
		return Past{plan: plan.sends, heard: make(map[int32]flow.Radio)}
	}
	var profile [profileWidth]float64
	for j, score := range latent[len(latent)-profileWidth:] {
		profile[j] = m.Profile.Scores[j].Value(float64(score))
	}
	return before(profile)
}

// AppendProfiles adds the scores of the training flows' profiles to their latents
// and fits the mixture over both. It computes on the Go backend, which fits so small
// a mixture in less time than XLA takes to compile it.
func (m *Uplinks) AppendProfiles(ctx context.Context, flows []*flow.Flow, latents [][]float32, seed uint64) error {
	if m.Senders != nil {
		return nil
	}
	random := rand.New(rand.NewPCG(seed, 0x636f6e73))
	p := &profiles{}
	columns := make([][]float64, profileWidth)
	for _, f := range flows {
		for j, v := range profileOf(f) {
			columns[j] = append(columns[j], v)
		}
	}
	for j, column := range columns {
		p.Scores = append(p.Scores, draw.FitNormalScores(column))
		for i, v := range column {
			latents[i] = append(latents[i], float32(p.Scores[j].Score(v, random)))
		}
	}
	width := len(latents[0])
	x := mat.NewDense(len(latents), width, nil)
	for j := range width {
		column := make([]float64, len(latents))
		for i, latent := range latents {
			column[i] = float64(latent[j])
		}
		if slices.Max(column) == slices.Min(column) { // what no flow has tells nothing, whatever is drawn for it
			for i := range column {
				column[i] = random.NormFloat64()
			}
		}
		x.SetCol(j, column)
	}
	mixture := gmm.DefaultConfig()
	mixture.MaxIterations, mixture.MaxComponents = profileIterations, min(maxProfileParts, max(1, len(latents)/(4*width)))
	d, err := device.Open(ctx, device.Options{Backend: "go"})
	if err != nil {
		return fmt.Errorf("generator: radio profiles: %w", err)
	}
	defer d.Close()
	if p.mixture, err = gmm.Fit(ctx, d.Backend, x, mixture, rand.NewPCG(seed, 0x72616469)); err != nil {
		return fmt.Errorf("generator: radio profiles: %w", err)
	}
	var saved bytes.Buffer
	if err := p.mixture.Save(&saved); err != nil {
		return fmt.Errorf("generator: radio profiles: %w", err)
	}
	p.Saved, m.Profile = saved.Bytes(), p
	return p.prepare()
}

// Profiles returns a function that draws a profile given a flow's latent, and adds
// it to that.
func (m *Uplinks) Profiles(seed uint64) func([]float32) []float32 {
	if m.Senders != nil {
		return None{}.Profiles(seed)
	}
	random := rand.New(rand.NewPCG(seed, 0x70726f66))
	return func(latent []float32) []float32 { return m.Profile.append(latent, random) }
}

// prepare checks what was loaded and makes it ready to draw.
func (m *Uplinks) prepare() error {
	if m.Settings == nil || m.Settings.Len() == 0 || m.Frequency == nil || m.Frequency.Len() == 0 || m.RSSI.Code == nil || m.SNR.Code == nil || m.Counter.Steps == nil || len(m.Counter.First) == 0 {
		return errors.New("generator: radio fields are missing: not of this version")
	}
	if m.Profile == nil {
		return nil
	}
	var err error
	if m.Profile.mixture, err = gmm.Load(bytes.NewReader(m.Profile.Saved), "radio profiles"); err != nil {
		return err
	}
	return m.Profile.prepare()
}
