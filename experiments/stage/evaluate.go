package stage

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// evaluate scores the capture beside floors and baselines.
func (p *pipeline) evaluate() error {
	e := p.run.Spec.Config
	baselines, err := p.baselines()
	if err != nil {
		return err
	}
	cfg := fidelity.Config{Trees: e.Evaluate.Trees, Folds: e.Evaluate.Folds, FloorSplits: e.Evaluate.Floors, NoFlow: p.data.segment > 0}
	scores, err := fidelity.Compare(cfg, fidelity.Split{Training: p.data.training, HeldOut: p.data.heldOut}, p.synthetic, baselines, p.run.Source("evaluate"))
	if err != nil {
		return err
	}
	if err := p.writeJSON("scores.json", scores); err != nil {
		return err
	}
	p.run.Note("%d scores", len(scores))
	p.table = scoreTable(scores)
	return nil
}

// baselines are as many flows of the Markov chain and of the bootstrap as were generated.
func (p *pipeline) baselines() (map[string][]*flow.Flow, error) {
	r := generator.Request{Flows: min(len(p.synthetic), mostBaseline), Seed: p.run.Seed("baselines"), Start: p.amount().Start,
		RateFactor: p.run.Spec.Config.Generate.RateFactor}
	found := make(map[string][]*flow.Flow)
	for _, kind := range []string{generator.KindMarkov, generator.KindBootstrap} {
		g, err := generator.Fit(p.ctx, nil, kind, generator.Config{Order: baselineOrder, NoFlow: p.data.segment > 0, Before: p.data.before}, p.data.training, generator.Observer{})
		if err != nil {
			return nil, err
		}
		for f, err := range g.Flows(p.ctx, r) {
			if err != nil {
				return nil, err
			}
			found[kind] = append(found[kind], f)
		}
	}
	return found, nil
}

const (
	baselineOrder = 3     // packets that the Markov baseline looks back (design, section 4)
	mostBaseline  = 20000 // flows of a baseline; the scores compare fewer
)

// closing are the scores of the closing table, in its order.
var closing = []string{
	"packet/length W1/sd", "packet/log gap W1/sd", "packet/flags JSD", "order/trigrams JSD", "order/handshake share", "order/close share",
	"flow/packets W1/sd", "flow/bytes W1/sd", "flow/duration W1/sd", "radio/spreading factor TV", "radio/frequency TV", "radio/SNR KS", "radio/RSSI KS",
	"classifier/C2ST flow", "classifier/C2ST window", "classifier/C2ST uplink", "copying/copied flows",
}

// scoreTable is the closing table of a run: each score that the traffic has beside
// its floor and the baselines.
func scoreTable(scores []fidelity.Score) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "score\tvalue\tfloor\tmarkov\tbootstrap\t")
	for _, name := range closing {
		for _, s := range scores {
			if s.Level+"/"+s.Score == name && s.Value != nil {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t\n", s.Level+" "+s.Score, number(s.Value), number(s.Floor),
					number(s.Baselines[generator.KindMarkov]), number(s.Baselines[generator.KindBootstrap]))
			}
		}
	}
	_ = w.Flush() // into memory
	return b.String()
}

func number(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.3f", *v)
}
