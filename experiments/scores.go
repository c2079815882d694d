package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/gomlxmodels/generator/baseline"
)

// printScores writes scores as the table that runs end with, or as JSON.
func (c *command) printScores(scores []fidelity.Score) error {
	if c.json {
		return printJSON(c.out, scores)
	}
	baselines := map[string]bool{}
	for _, s := range scores {
		for name := range s.Baselines {
			baselines[name] = true
		}
	}
	names := slices.Sorted(maps.Keys(baselines))
	heads := []string{"APPLICATION", "LEVEL", "SCORE", "VALUE", "FLOOR"}
	for _, name := range names {
		heads = append(heads, name)
	}
	var rows [][]string
	for _, s := range scores {
		row := []string{s.Application, s.Level, s.Score, decimal(s.Value), decimal(s.Floor)}
		for _, name := range names {
			row = append(row, decimal(s.Baselines[name]))
		}
		rows = append(rows, append(row, s.Note))
	}
	return printTable(c.out, append(heads, ""), rows)
}

// decimal writes a score, "-" for one that could not be computed.
func decimal(v *float64) string {
	if v == nil {
		return "-"
	}
	return strconv.FormatFloat(*v, 'f', 3, 64)
}

// closing are the scores of the table that a run ends with, in its order.
var closing = []string{
	"packet/length W1/sd", "packet/log gap W1/sd", "packet/flags JSD", "order/trigrams JSD", "order/handshake share", "order/close share",
	"flow/packets W1/sd", "flow/bytes W1/sd", "flow/duration W1/sd", "radio/spreading factor TV", "radio/frequency TV", "radio/SNR KS", "radio/RSSI KS",
	"classifier/C2ST flow", "classifier/C2ST window", "classifier/C2ST uplink", "copying/copied flows",
}

// closingScores is the table that a run ends with: each score that the traffic has
// beside its floor and the baselines.
func closingScores(m *run.Manifest) (string, error) {
	in, err := m.Open("scores.json")
	if err != nil {
		return "", err
	}
	defer in.Close()
	var scores []fidelity.Score
	if err := json.NewDecoder(in).Decode(&scores); err != nil {
		return "", fmt.Errorf("%s: %w", m.Path("scores.json"), err)
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "score\tvalue\tfloor\tmarkov\tbootstrap\t")
	for _, name := range closing {
		for _, s := range scores {
			if s.Level+"/"+s.Score == name && s.Value != nil {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t\n", s.Level+" "+s.Score, decimal(s.Value), decimal(s.Floor),
					decimal(s.Baselines[baseline.MarkovName]), decimal(s.Baselines[baseline.BootstrapName]))
			}
		}
	}
	if err := w.Flush(); err != nil {
		return "", err
	}
	return b.String(), nil
}
