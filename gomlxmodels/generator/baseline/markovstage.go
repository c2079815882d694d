package baseline

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/artifact"
	"github.com/necstgen/necstgen/gomlxmodels/generator/radio"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
	"github.com/necstgen/necstgen/gomlxmodels/generator/training"
	"github.com/necstgen/necstgen/gomlxmodels/markov"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

func init() { generator.Register(markovKind) }

// MarkovName is the name of the kind that counts.
const MarkovName = "markov"

var markovKind = generator.Kind{
	Name:  MarkovName,
	About: "Markov chain over exact packet tokens",
	Keys:  []string{"markov.*"},
	Stages: func(s generator.Settings) []stage.Stage {
		return []stage.Stage{markovStage(s.Markov)}
	},
	Load:    loadMarkov,
	Follows: true,

	Portless: true,
}

// The artifacts of the stage.
const (
	tokensName = "model/tokens.json"
	chainName  = "model/chain.json"
)

// markovStage counts the tokens.
func markovStage(p generator.Markov) stage.Stage {
	return stage.Stage{
		Name: "markov", Version: 3, Params: p,
		Deps: training.Deps, Outs: []string{tokensName, chainName},
		Run: func(_ context.Context, env *stage.Env) error {
			set, err := training.Read(env, false)
			if err != nil {
				return err
			}
			env.Warn(set.Doubts...)
			m, err := FitMarkov(p.Order, set.Flows, set.Pace != nil)
			if err != nil {
				return err
			}
			if err := artifact.WriteJSON(env, tokensName, m.file()); err != nil {
				return err
			}
			return env.Write(chainName, m.chain.Save)
		},
	}
}

// markovFile is tokens.json.
type markovFile struct {
	Application flow.Application `json:"application"`
	Tokens      []tokenFile      `json:"tokens"`
	Gaps        [][]int64        `json:"gaps"`
	Arrivals    []int64          `json:"arrivals"`
	Pace        *timeline.Pace   `json:"pace,omitempty"`
	Uplinks     *radio.Copies    `json:"uplinks,omitempty"`
}

type tokenFile struct {
	Direction flow.Direction `json:"direction"`
	Flags     flow.TCPFlags  `json:"flags"`
	Header    int32          `json:"header"`
	Payload   int32          `json:"payload"`
	Length    int32          `json:"length"`
	Protocol  uint8          `json:"protocol"`

	Message *flow.MessageKind `json:"message,omitempty"`
}

// file returns what is saved.
func (m *Markov) file() markovFile {
	about := markovFile{Application: m.application, Gaps: m.gaps, Arrivals: m.arrivals, Pace: m.pace, Uplinks: m.uplinks}
	for _, t := range m.tokens {
		saved := tokenFile{Direction: t.Direction, Flags: t.Flags, Header: t.HeaderLength, Payload: t.PayloadLength, Length: t.Length, Protocol: t.Tuple.Proto}
		if t.Message != nil {
			saved.Message = &t.Message.Kind
		}
		about.Tokens = append(about.Tokens, saved)
	}
	return about
}

// loadMarkov reads what the stage made.
func loadMarkov(_ compute.Backend, path func(string) (string, error)) (generator.Generator, error) {
	var about markovFile
	if err := artifact.ReadJSON(path, tokensName, &about); err != nil {
		return nil, err
	}
	chain, err := artifact.Read(path, chainName, markov.Load)
	if err != nil {
		return nil, err
	}
	if len(about.Gaps) != len(about.Tokens) || len(about.Arrivals) == 0 || len(chain.Labels()) > len(about.Tokens) {
		return nil, fmt.Errorf("generator: load %s: not a Markov generator of this version", tokensName)
	}
	if err := about.Uplinks.Check(len(about.Tokens)); err != nil {
		return nil, err
	}
	m := &Markov{application: about.Application, gaps: about.Gaps, arrivals: about.Arrivals, chain: chain, pace: about.Pace, uplinks: about.Uplinks}
	for _, t := range about.Tokens {
		key := token{direction: t.Direction, flags: t.Flags, header: t.Header, payload: t.Payload, protocol: t.Protocol}
		if t.Message != nil {
			key.spoken, key.kind = true, *t.Message
		}
		m.tokens = append(m.tokens, key.packet(t.Length, about.Application))
	}
	return m, nil
}
