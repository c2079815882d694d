package main

import (
	"errors"
	"fmt"

	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/saved"
)

// frameOverrides replace what the configuration of the first run says of frames; ""
// leaves it.
type frameOverrides struct {
	link, payload string
	complete      bool
}

// framing returns how the packets of the runs become frames.
func (o *generateOptions) framing(first config.Experiment, source *saved.Source) (options tcp.Options, err error) {
	g, err := o.overrides.apply(first)
	if err == nil {
		err = o.overrides.checkLink(source)
	}
	if err != nil {
		return options, err
	}
	options = g.Framing(source.Uplinks())
	if o.iface != "" && options.Link != tcp.Semtech {
		err = usageError{errors.New("generate: --interface sends Ethernet frames: want --link semtech, which puts uplinks into datagrams")}
	}
	return options, err
}

// apply returns the first run's configuration with the overrides.
func (o *frameOverrides) apply(first config.Experiment) (config.Generate, error) {
	var changes []string
	for key, value := range map[string]string{"link": o.link, "payload": o.payload} {
		if value != "" {
			changes = append(changes, "generate."+key+"="+value)
		}
	}
	if o.complete {
		changes = append(changes, "generate.complete=true")
	}
	e, err := first.Override(changes...)
	if err != nil {
		return e.Generate, usageError{fmt.Errorf("generate: %w", err)}
	}
	return e.Generate, nil
}

// checkLink refuses a link that the runs' packets cannot have.
func (o *frameOverrides) checkLink(source *saved.Source) error {
	uplinks := 0
	for i := range source.Parts {
		if source.Parts[i].Traffic.Uplinks {
			uplinks++
		}
	}
	switch {
	case o.link == "" || uplinks == len(source.Parts):
		return nil
	case uplinks == 0:
		return usageError{fmt.Errorf("generate: --link %s: no run is of LoRaWAN: everything else is Ethernet", o.link)}
	case o.link != tcp.Semtech.String():
		return usageError{fmt.Errorf("generate: --link %s: not all runs are of LoRaWAN: want --link semtech, which puts uplinks into Ethernet", o.link)}
	}
	return nil
}
