package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/run"
)

// The files of a run folder that a report is made from, beside the manifest and
// the metrics. Each may be missing; the report then says so.
const (
	ScoresName    = "scores.json"
	LatentName    = "latent.json"
	TrainingName  = "training.parquet"
	HeldOutName   = "heldout.parquet"
	GeneratedName = "generated.parquet"
	RepairsName   = "repairs.json" // {"what was changed": how often}
)

// Data is all that a report is made from.
type Data struct {
	Manifest  *run.Manifest
	Metrics   []run.Metric
	Scores    []fidelity.Score
	Latent    *Latent
	Repairs   map[string]int
	Training  *Traffic // never nil, but empty if there is no table
	HeldOut   *Traffic
	Generated *Traffic
	Missing   []string // what could not be read or drawn, and why

	figures []*Figure // drawn when first asked for
	drawn   bool
}

// Load reads a run folder. What is missing, broken or not as the manifest has it
// is named in Missing, and the rest is used.
func Load(m *run.Manifest) *Data {
	a := &Data{Manifest: m}
	var err error
	a.Metrics, err = m.Metrics()
	a.miss(run.MetricsName, err)
	a.miss(ScoresName, readJSON(m, ScoresName, &a.Scores))
	latent := new(Latent)
	err = readJSON(m, LatentName, latent)
	if err == nil {
		err = latent.check()
	}
	if err == nil {
		a.Latent = latent
	} else if !errors.Is(err, fs.ErrNotExist) { // not every generator has one
		a.miss(LatentName, err)
	}
	if err := readJSON(m, RepairsName, &a.Repairs); !errors.Is(err, fs.ErrNotExist) {
		a.miss(RepairsName, err)
	}
	names := []string{TrainingName, HeldOutName, GeneratedName}
	tables := []**Traffic{&a.Training, &a.HeldOut, &a.Generated}
	errs := make([]error, len(names))
	var wait sync.WaitGroup
	for i, name := range names {
		wait.Go(func() {
			if errs[i] = m.Check(name); errs[i] == nil {
				*tables[i], errs[i] = readTraffic(m.Path(name), maxPackets)
			}
			if errs[i] != nil {
				*tables[i] = new(Traffic)
			}
		})
	}
	wait.Wait()
	for i, name := range names {
		a.miss(name, errs[i])
	}
	return a
}

// miss notes why a file is not used.
func (a *Data) miss(name string, err error) {
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist):
		a.Missing = append(a.Missing, name+" is not in the run folder")
	default:
		a.Missing = append(a.Missing, fmt.Sprintf("%s: %v", name, strings.TrimPrefix(err.Error(), "report: ")))
	}
}

func readJSON(m *run.Manifest, name string, into any) error {
	if err := m.Check(name); err != nil {
		return err
	}
	data, err := os.ReadFile(m.Path(name))
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// allFigures are every figure that the data allow, in the report's order. They are
// drawn once.
func (a *Data) allFigures() []*Figure {
	if !a.drawn {
		a.figures, a.drawn = a.draw(), true
	}
	return a.figures
}

func (a *Data) draw() []*Figure {
	var figures []*Figure
	add := func(name, caption string, f *Figure, err error) {
		if err != nil {
			if !errors.Is(err, ErrNoValues) {
				a.Missing = append(a.Missing, strings.TrimPrefix(err.Error(), "report: "))
			}
			return
		}
		f.Name, f.Caption = name, caption
		figures = append(figures, f)
	}
	real := together(a.Training, a.HeldOut)
	heldOut, synthetic := a.HeldOut.Sample, a.Generated.Sample
	held, generated := NumbersOf(heldOut), NumbersOf(synthetic)
	f, err := CDF("Packet length", "bytes of a frame", Linear, held.Lengths, generated.Lengths)
	add("length", "Held-out real packets against synthetic ones. Where the lines part, a length is too frequent or too rare.", f, err)
	f, err = CDF("Gap between packets"+a.ofAFlow(), "time since the packet before", LogSeconds, held.Gaps, generated.Gaps)
	add("gap", "Gaps of 0 cannot be shown on this scale and are left out.", f, err)
	if len(uplinks(heldOut)) > 0 && len(uplinks(synthetic)) > 0 {
		f, err = Levels("Signal levels of uplinks", heldOut, synthetic)
		add("levels", "How strong each uplink came in, and how far above the noise.", f, err)
		f, err = Factors("Spreading factors, and the SNR of each", heldOut, synthetic)
		add("factors", "Boxes hold half of the uplinks around the median, whiskers 90 %.", f, err)
	}
	if !a.noFlow() {
		f, err = CDF("Packets per flow", "packets", Log, held.Packets, generated.Packets)
		add("packets", "Flow sizes in packets.", f, err)
		f, err = CDF("Bytes per flow", "bytes", Log, held.Bytes, generated.Bytes)
		add("bytes", "Flow sizes in bytes on the wire.", f, err)
		f, err = Starts("Flows a second", real, a.Generated)
		add("starts", "The flows that start: the whole real capture above, the synthetic one below.", f, err)
	}
	f, err = Rate("Bytes a second", real, a.Generated)
	add("rate", "The whole real capture above, the synthetic one below. Bursts need not fall on the same seconds; their size and spacing should agree.", f, err)
	f, err = Scales("Load at each scale of time", real, a.Generated)
	add("scales", "Haar wavelet energies of the whole captures, cut to equal spans: how much the load changes from one such stretch of time to the next.", f, err)
	if !oneWay(heldOut) || !oneWay(synthetic) {
		f, err = Trigrams("Three packets in a row", heldOut, synthetic)
		add("trigrams", "> is sent by the client, < by the server"+flagLetters(heldOut)+".", f, err)
	}
	if a.Latent != nil {
		f, err = LatentSpace("Latent space of the packets, with its mixture", a.Latent)
		add("latent", "Each dot is a packet as the encoder sees it, coloured by its component; ellipses are two standard deviations.", f, err)
	}
	for _, group := range CurveNames(a.Metrics) {
		model, _, _ := strings.Cut(group[0], "/")
		f, err = Curves("Training of the "+strings.ToUpper(model), a.Metrics, group...)
		add("training_"+model, "Mean over each epoch's batches.", f, err)
	}
	return figures
}

// noFlow reports whether the flows of the run are segments of one timeline.
func (a *Data) noFlow() bool { return a.Manifest.Config.Data.Flows == config.NoFlows }

// ofAFlow is " of a flow", if there are flows.
func (a *Data) ofAFlow() string {
	if a.noFlow() {
		return ""
	}
	return " of a flow"
}

// oneWay reports whether no packet has TCP flags or is sent by the server: then all
// runs of three packets are the same.
func oneWay(flows []*flow.Flow) bool {
	for _, f := range flows {
		for i := range f.Packets {
			if p := &f.Packets[i]; p.Flags != 0 || p.Direction != flow.Forward {
				return false
			}
		}
	}
	return true
}

// flagLetters explains the letters of TCP flags, if there are any.
func flagLetters(flows []*flow.Flow) string {
	for _, f := range flows {
		if f.Tuple.Proto == flow.TCP {
			return "; S SYN, A ACK, P PSH, F FIN, R RST"
		}
	}
	return ""
}

// WriteFigures writes every figure as figures/NAME.svg; write is a run's
// WriteFile, or does the same.
func (a *Data) WriteFigures(write func(name string, content func(io.Writer) error) error) error {
	for _, f := range a.allFigures() {
		if err := write("figures/"+f.Name+".svg", f.WriteSVG); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	return nil
}

// FlowNumbers are the plain numbers of flows that figures show.
type FlowNumbers struct {
	Lengths        []float64 // bytes of each frame
	Gaps           []float64 // seconds before each packet but the first of a flow
	Packets, Bytes []float64 // of each flow
}

// NumbersOf lists the numbers of flows, in the order of the flows.
func NumbersOf(flows []*flow.Flow) FlowNumbers {
	var n FlowNumbers
	for _, f := range flows {
		n.Packets = append(n.Packets, float64(len(f.Packets)))
		n.Bytes = append(n.Bytes, float64(f.Bytes()))
		for i := range f.Packets {
			n.Lengths = append(n.Lengths, float64(f.Packets[i].Length))
			if i > 0 {
				n.Gaps = append(n.Gaps, float64(f.Packets[i].Time-f.Packets[i-1].Time)/1e9)
			}
		}
	}
	return n
}
