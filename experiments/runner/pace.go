package runner

import (
	"fmt"
	"path"
	"reflect"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/artifact"
)

// Pace is how long an experiment's models have taken on this machine, as the finished runs
// of a folder say that have learnt with the same settings. A model takes some seconds
// however little it learns from, most of them to compile its programs, and more by the
// packet.
type Pace struct {
	models []model
	shared float64 // seconds a packet of what all models of a run share: reading, generating, scores
}

// model is one model of a run: the packets of its application, and how long its stages took.
type model struct{ packets, seconds float64 }

// Pace returns what the runs say of an experiment; nil: none of them has learnt with its
// settings, or there is no such experiment.
func (r *Runner) Pace(name string) *Pace {
	file, err := r.Read()
	if err != nil {
		return nil
	}
	e, err := file.Experiment(name)
	if err != nil {
		return nil
	}
	kind, err := generator.Find(string(e.Generator))
	if err != nil {
		return nil
	}
	runs, _, _ := run.List(r.Runs)
	var p Pace
	var packets, shared float64
	for _, m := range runs {
		c := m.Config
		if m.Status != run.Finished || c.Generator != e.Generator || c.Level != config.FlowLevel || !reflect.DeepEqual(c.Settings(), e.Settings()) {
			continue
		}
		models, rest, err := timesOf(m, kind)
		if err != nil {
			continue // it was exported without what says how many packets there were
		}
		p.models, shared = append(p.models, models...), shared+rest
		for _, of := range models {
			packets += of.packets
		}
	}
	if packets == 0 {
		return nil
	}
	p.shared = shared / packets
	return &p
}

// timesOf returns the models of a run, and the seconds of its other stages.
func timesOf(m *run.Manifest, kind generator.Kind) (models []model, rest float64, err error) {
	seconds := make(map[string]float64)
	for _, s := range m.Stages {
		seconds[s.Name] = s.Seconds
		rest += s.Seconds
	}
	apps := m.Config.Data.Application
	for _, app := range apps {
		folder := artifact.Folder(app, apps)
		t, err := artifact.Read(func(name string) (string, error) { return m.Path(path.Join(folder, name)), nil }, generator.TrafficName, generator.ReadTraffic)
		if err != nil {
			return nil, 0, fmt.Errorf("runner: %w", err)
		}
		of := model{packets: float64(t.Packets)}
		for _, s := range kind.Stages(m.Config.Settings()) {
			of.seconds += seconds[path.Join(folder, s.Name)]
		}
		models, rest = append(models, of), rest-of.seconds
	}
	return models, rest, nil
}

// Seconds returns about how long learning so many packets of each application takes, and
// generating and scoring as many: at least and at most. The two differ while all that is
// known is of models of one size, since then it is open how much of a model's time goes
// with its packets.
func (p *Pace) Seconds(parts []flow.Count) (least, most float64) {
	each, byPacket, known := p.line()
	for _, n := range parts {
		packets := float64(n.Packets)
		if known {
			least += each + byPacket*packets
			most = least
		} else {
			least += byPacket * packets
			most += max(each, byPacket*packets)
		}
	}
	for _, n := range parts {
		least, most = least+p.shared*float64(n.Packets), most+p.shared*float64(n.Packets)
	}
	return least, most
}

// line fits seconds = each + byPacket*packets to the models, by least squares with neither
// below 0. It is not known where all models have as many packets: then each is the mean of
// their seconds, and byPacket all of them by the packet.
func (p *Pace) line() (each, byPacket float64, known bool) {
	n := float64(len(p.models))
	var packets, seconds float64
	for _, m := range p.models {
		packets, seconds = packets+m.packets, seconds+m.seconds
	}
	var variance, covariance float64
	for _, m := range p.models {
		d := m.packets - packets/n
		variance, covariance = variance+d*d, covariance+d*m.seconds
	}
	if variance == 0 {
		return seconds / n, seconds / packets, false
	}
	byPacket = max(0, covariance/variance)
	if each = seconds/n - byPacket*packets/n; each < 0 {
		return 0, seconds / packets, true
	}
	return each, byPacket, true
}
