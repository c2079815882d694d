// Package config is the typed form of experiments.toml: what an experiment
// learns from, how its models are trained, what it generates and how that is
// scored.
//
// The file has one [defaults] table and one [experiment.NAME] table per
// experiment, which holds differences only and may start from another one with
// extends = "OTHER". Keys are the names in the toml tags below, nested with
// dots; a key that no field has is refused with the nearest one that exists.
// Every number carries its allowed range in a range tag, in the notation of
// mathematics: "[1,64]" includes both ends, "(0,1]" excludes the 0, "[1,)" has
// no upper end.
package config

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/payload"
	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/experiments/fidelity/tool"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// Experiment is the whole configuration of one run. The zero value is not
// useful: start from Default.
type Experiment struct {
	About     string    `toml:"about" json:"about,omitempty"`  // one line for the list of experiments
	Seed      uint64    `toml:"seed" json:"seed" range:"[0,)"` // every random choice follows from it; default 1
	Generator Generator `toml:"generator" json:"generator"`    // how packets are made; default sampled
	Level     Level     `toml:"level" json:"level"`            // what is drawn, packet: single packets of a timeline, from their labels, flow: flows of packets, aggregate: starts and sizes of flows; default flow
	Backend   Backend   `toml:"backend" json:"backend"`        // what computes, auto: the fastest that works; default auto
	Data      Data      `toml:"data" json:"data"`

	Features generator.Features `toml:"features" json:"features"`
	VAE      generator.VAE      `toml:"vae" json:"vae"`
	GMM      generator.GMM      `toml:"gmm" json:"gmm"`
	Markov   generator.Markov   `toml:"markov" json:"markov"`
	LSTM     generator.LSTM     `toml:"lstm" json:"lstm"`

	Generate Generate `toml:"generate" json:"generate"`
	Evaluate Evaluate `toml:"evaluate" json:"evaluate"`
}

// Data says which packets are learnt.
type Data struct {
	Name        string            `toml:"name" json:"name"`                               // data set of the catalog, or a pattern of their names like "darpa1999/week1/*"; default "testbed", the embedded capture
	Path        Paths             `toml:"path" json:"path,omitempty"`                     // files instead of data.name, each a capture, a packet table, or a published CSV of packets or uplinks: a path, or a list of paths, of a file, a folder, or a pattern like "week1/*.pcap"; their packets merge in time order; default none
	Application flow.Applications `toml:"application" json:"application"`                 // what is learnt, each by a model of its own: an application like HTTP, a service like tcp/502, the flows of a transport that no other entry names, udp/*, traffic without ports, other; a list of these, or all; default HTTP
	From        flow.Moment       `toml:"from" json:"from,omitzero"`                      // packets from this moment on, a time (RFC 3339), a day in UTC, or what has passed since the first packet, like "+10m"; default the first packet
	To          flow.Moment       `toml:"to" json:"to,omitzero"`                          // packets before this moment, as data.from; default behind the last packet
	Limit       int               `toml:"limit" json:"limit" range:"[0,)"`                // packets read at most, from data.from on, 0: all; default 0
	IdleTimeout Duration          `toml:"idle_timeout" json:"idle_timeout" range:"[0s,)"` // silence that ends a flow, 0s: 5m, and 2h4m for an established TCP connection; default 0s
	Decapsulate bool              `toml:"decapsulate" json:"decapsulate"`                 // what is inside of VLAN tags, MPLS labels, IP in IP, GRE, VXLAN, Geneve and GTP-U is learnt, and they are written again; false: the outer packets alone; default true
	TestShare   float64           `toml:"test_share" json:"test_share" range:"(0,0.9]"`   // share of the flows held out for the scores; default 0.3
	Flows       Flows             `toml:"flows" json:"flows"`                             // what belongs together, five-tuple: connections, none: all packets are one timeline; default five-tuple
	Port        int               `toml:"port" json:"port" range:"[0,255]"`               // LoRaWAN: uplinks to this application port (FPort) only, 0: all; default 0
	Gateway     string            `toml:"gateway" json:"gateway,omitempty"`               // LoRaWAN: uplinks that this gateway heard only, as 16 hexadecimal digits; default all
}

// Generate says what is written. Generation ends at the first of its bounds.
type Generate struct {
	Flows         int             `toml:"flows" json:"flows" range:"[0,1000000000]"`        // flows, 0: as many as the capture has, or as the other bounds allow; default 0
	Packets       int64           `toml:"packets" json:"packets" range:"[0,)"`              // end after the flow that reaches this many, 0: no limit; default 0
	Duration      Duration        `toml:"duration" json:"duration" range:"[0s,)"`           // no flow starts later than this after the first, 0s: no limit; default 0s
	RateFactor    float64         `toml:"rate_factor" json:"rate_factor" range:"(0,10000]"` // flows a second, as a multiple of the capture's; default 1
	Follow        Follow          `toml:"follow" json:"follow,omitempty"`                   // generate when the original did: starts, hosts and sizes of its flows, or times and devices of its packets where there is no flow, of all of it or of a period START..END; default none, all is drawn
	FlowsFrom     string          `toml:"flows_from" json:"flows_from,omitempty"`           // a table of flows (CSV or Parquet with count_total or flow_id_count, and time_diff) that gives starts and sizes instead; default none
	Payload       payload.Filling `toml:"payload" json:"payload"`                           // what fills payload bytes; default neutral
	MTU           int             `toml:"mtu" json:"mtu" range:"[576,9216]"`                // bytes of an IP packet at most; default 1500
	Complete      bool            `toml:"complete" json:"complete"`                         // every TCP connection gets its handshake and its close, as if none had begun before the capture; default false
	Link          tcp.Link        `toml:"link" json:"link"`                                 // LoRaWAN: how uplinks stand in the capture; default loratap
	IPv6          address.IPv6    `toml:"ipv6" json:"ipv6"`                                 // which flows are IPv6; default observed
	Addresses     []netip.Prefix  `toml:"addresses" json:"addresses,omitempty"`             // ranges that hosts are drawn from; default those reserved for documentation
	KeepAddresses bool            `toml:"keep_addresses" json:"keep_addresses"`             // hosts have the addresses of the training capture, so that the result is as private as that; default false
	Clients       int             `toml:"clients" json:"clients" range:"[0,60000]"`         // hosts that open flows, 0: as many as the training capture has; default 0
	Servers       int             `toml:"servers" json:"servers" range:"[0,60000]"`         // hosts that answer, 0: as many as the training capture has; default 0
	Losses        tcp.Losses      `toml:"losses" json:"losses"`                             // TCP data segments that the network loses and that are sent again, beyond generate.packets: learned, none, or a share of up to 0.1; default learned
	Start         time.Time       `toml:"start" json:"start,omitzero"`                      // time of the first packet, RFC 3339; default the training capture's
}

// Evaluate configures the scores.
type Evaluate struct {
	Trees  int         `toml:"trees" json:"trees" range:"[1,10000]"`  // trees of a forest of the two-sample tests, and four times the rounds of boosted ones; default 200
	Folds  int         `toml:"folds" json:"folds" range:"[2,100]"`    // folds of their cross validation; default 5
	Floors int         `toml:"floors" json:"floors" range:"[2,1000]"` // random halvings of the real flows behind each floor; default 5
	Tools  tool.Choice `toml:"tools" json:"tools"`                    // programs that are asked what they see in both captures, installed: those that are here, or names like tshark,argus; default none
}

// Default is the configuration before experiments.toml is read.
func Default() Experiment {
	models := generator.DefaultSettings()
	return Experiment{
		Seed:      1,
		Generator: "sampled",
		Level:     FlowLevel,
		Backend:   Auto,
		Data:      Data{Name: "testbed", Application: flow.Applications{flow.HTTP}, TestShare: 0.3, Flows: FiveTuple, Decapsulate: true},
		Features:  models.Features,
		VAE:       models.VAE,
		GMM:       models.GMM,
		Markov:    models.Markov,
		LSTM:      models.LSTM,
		Generate:  Generate{RateFactor: 1, Payload: payload.Neutral, MTU: 1500, Link: tcp.LoRaTap, IPv6: address.IPv6Observed, Losses: tcp.Learned},
		Evaluate:  Evaluate{Trees: 200, Folds: 5, Floors: 5, Tools: tool.None},
	}
}

// Period is the time of the packets that are learnt.
func (d *Data) Period() flow.Period { return flow.Period{From: d.From, To: d.To} }

// Settings are what the experiment says about the models.
func (e *Experiment) Settings() generator.Settings {
	return generator.Settings{Features: e.Features, VAE: e.VAE, GMM: e.GMM, Markov: e.Markov, LSTM: e.LSTM, NoFlow: e.Data.Flows == NoFlows}
}

// OfGenerator reports whether a key is one of the models' settings, of which a
// generator uses some.
func OfGenerator(key string) bool {
	table, _, _ := strings.Cut(key, ".")
	return slices.Contains([]string{"features", "vae", "gmm", "markov", "lstm"}, table)
}
