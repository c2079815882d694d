package report

import (
	"slices"

	"github.com/necstgen/necstgen/experiments/fidelity"
)

// levelWords are what the report calls a level of scores, and what the scores of it have
// in common.
type levelWords struct{ title, about string }

// levelNames are the words of the levels that have some of their own.
var levelNames = map[string]levelWords{
	"classifier": {"Can a classifier tell?", "AUC of classifiers that are trained to tell synthetic from real, each by something else: 0.5 it cannot, 1 it always can. The strongest one counts."},
	"privacy":    {"Does it give the training data away?", "How much of the training data comes out again, how well an attacker tells which flows were learnt from, and what names somebody in it. Floors are what comes out where nothing is given away."},
	"packet":     {"Packets", "Distances between the distributions of single packets: 0 is the same distribution."},
	"radio":      {"Radio", "Distances between the distributions of what gateways note of LoRaWAN uplinks."},
	"order":      {"Order", "What follows what inside a flow."},
	"flow":       {"Flows", "Distances between the distributions of whole flows."},
	"coverage":   {"Does it cover what is real?", "Whether each kind of flow is there: how much of the real traffic the synthetic one covers (recall), and how much of the synthetic traffic resembles some real one (precision). 1 is all of it."},
	"load":       {"Load", "The traffic as a whole over time, real and synthetic cut to equal spans."},
	"use":        {"Is it of use?", "How well a classifier that has learnt from synthetic flows, alone or beside a few real ones, does on real flows. The floor has learnt from real flows in their place."},
	"tools":      {"Do other tools agree?", "How far apart the answers of other programs are on the held-out and the synthetic flows: 0 they say the same."},
	"aggregate":  {"Starts and sizes of flows", "What a table of flows says of when they start and how large they are, without their packets."},
	"published":  {"As others report it", "Scores as the NetShare and NeCSTGen papers define them, in their units, to set published figures beside. They are not graded."},
}

// wordsOf returns the words of a level; one that has none is called by its name.
func wordsOf(level string) levelWords {
	if words, ok := levelNames[level]; ok {
		return words
	}
	return levelWords{title: upperFirst(level)}
}

// levels lists the levels in the order of the definitions of scores.
func levels() []string {
	var list []string
	for _, d := range fidelity.Definitions() {
		if !slices.Contains(list, d.Level) {
			list = append(list, d.Level)
		}
	}
	return list
}
