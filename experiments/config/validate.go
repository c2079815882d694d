package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Problem is one value that an experiment cannot have.
type Problem struct {
	Where string // "experiments.toml:12:1", or where else the value was given; "" when it is not known
	Key   string // dotted
	Value string // as written
	Want  string // what is allowed, or what to do
}

// Error is `experiments.toml:12:1: lstm.units: 0: want a whole number from 1 to 4096`.
func (p *Problem) Error() string {
	text := p.Key + ": "
	if p.Value != "" {
		text += p.Value + ": "
	}
	if p.Where != "" {
		text = p.Where + ": " + text
	}
	return text + p.Want
}

// Validate reports every problem at once, joined, each a *Problem.
func (e Experiment) Validate() error {
	return e.validate(func(string) string { return "" })
}

// validate is Validate with a lookup of where each key's value was given.
func (e Experiment) validate(where func(key string) string) error {
	var problems []error
	add := func(key, value, want string) {
		problems = append(problems, &Problem{Where: where(key), Key: key, Value: value, Want: want})
	}
	for _, f := range fields(&e) {
		if err := f.check(); err != nil {
			add(f.key, f.text(), err.Error())
		}
	}
	if n := len(e.Data.Application); n != 1 && (e.Level != FlowLevel || e.Data.Flows == NoFlows || e.Generate.Follow != "" || e.Generate.FlowsFrom != "") {
		add("data.application", e.Data.Application.String(), "want one application with level = \"packet\" or \"aggregate\", data.flows = \"none\", generate.follow or generate.flows_from")
	}
	if n := len(e.Data.Application); n != 1 && e.Data.Application.Uplinks() {
		add("data.application", e.Data.Application.String(), "want LORAWAN alone: its uplinks are no frames of Ethernet")
	}
	if err := e.Data.Path.check(); err != nil {
		add("data.path", literals(e.Data.Path), err.Error())
	}
	if err := e.Data.Period().Check(); err != nil {
		add("data.to", e.Data.To.String(), err.Error())
	}
	if _, err := ParseGateway(e.Data.Gateway); err != nil {
		add("data.gateway", fmt.Sprintf("%q", e.Data.Gateway), err.Error())
	}
	if radio := e.Data.Application.Uplinks(); !radio {
		if e.Data.Port != 0 {
			add("data.port", fmt.Sprint(e.Data.Port), "is of LoRaWAN only: want 0, or data.application = \"LORAWAN\"")
		}
		if e.Data.Gateway != "" {
			add("data.gateway", fmt.Sprintf("%q", e.Data.Gateway), "is of LoRaWAN only: want none, or data.application = \"LORAWAN\"")
		}
	}
	if e.Generate.FlowsFrom != "" {
		switch {
		case e.Generate.Follow != "":
			add("generate.flows_from", fmt.Sprintf("%q", e.Generate.FlowsFrom), "want it without generate.follow: one of them says when flows start")
		case e.Data.Flows == NoFlows:
			add("generate.flows_from", fmt.Sprintf("%q", e.Generate.FlowsFrom), "is of flows: want data.flows = \"five-tuple\", or generate.follow")
		}
	}
	options := e.Generate.Framing(false)
	for _, err := range parts(options.Validate()) {
		_, text, _ := strings.Cut(err.Error(), ": options: ")
		if strings.HasPrefix(text, "addresses") { // what else it finds, the ranges of the keys have found
			add("generate.addresses", "", text)
		}
	}
	switch {
	case e.Level == PacketLevel && e.Data.Flows != NoFlows:
		add("level", fmt.Sprintf("%q", e.Level), "knows no flows: want it with data.flows = \"none\"")
	case e.Level == AggregateLevel && e.Data.Flows == NoFlows:
		add("level", fmt.Sprintf("%q", e.Level), "is of flows: want it with data.flows = \"five-tuple\"")
	}
	if len(e.VAE.Hidden) == 0 {
		add("vae.hidden", "[]", "want at least one layer")
	}
	return errors.Join(problems...)
}

// ParseGateway reads a gateway's EUI-64, 16 hexadecimal digits; 0 stands for all.
func ParseGateway(text string) (uint64, error) {
	if text == "" {
		return 0, nil
	}
	eui, err := strconv.ParseUint(text, 16, 64)
	if err != nil || len(text) != 16 || eui == 0 {
		return 0, errors.New("want 16 hexadecimal digits, like 0000024b0b031c97")
	}
	return eui, nil
}

// Ready reports what Validate leaves open because an experiment in a file may:
// whether there is data to learn from.
func (e Experiment) Ready() error {
	if e.Data.Name == "" && len(e.Data.Path) == 0 {
		return &Problem{Key: "data.path", Want: "want a capture file, as in data.path=my.pcap"}
	}
	return nil
}
