package main

import (
	"fmt"
	"strings"

	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/saved"
)

// framing is the first run's configuration with what was asked for.
func (o *order) framing(m *run.Manifest) (config.Generate, error) {
	var changes []string
	for key, value := range map[string]string{"link": o.settings.link, "payload": o.settings.payload} {
		if value != "" {
			changes = append(changes, "generate."+key+"="+value)
		}
	}
	if o.settings.complete {
		changes = append(changes, "generate.complete=true")
	}
	e, err := m.Config.Override(changes...)
	if err != nil {
		return e.Generate, usageError{fmt.Errorf("generate: %w", err)}
	}
	return e.Generate, nil
}

// checkLink refuses a link that the runs' packets cannot have.
func (o *order) checkLink(source *saved.Source) error {
	uplinks := 0
	for i := range source.Parts {
		if source.Parts[i].Traffic.Uplinks {
			uplinks++
		}
	}
	switch {
	case o.settings.link == "" || uplinks == len(source.Parts):
		return nil
	case uplinks == 0:
		return usageError{fmt.Errorf("generate: --link %s: no run is of LoRaWAN: everything else is Ethernet", o.settings.link)}
	case o.settings.link != tcp.Semtech.String():
		return usageError{fmt.Errorf("generate: --link %s: not all runs are of LoRaWAN: want --link semtech, which puts uplinks into Ethernet", o.settings.link)}
	}
	return nil
}

// share gives each part its share, by the run's name or its application's.
func (o *order) share(names []string, parts []saved.Part) error {
	known := strings.Join(names, ", ")
	for name, x := range o.shares {
		found := 0
		for i := range parts {
			if names[i] == name || strings.EqualFold(parts[i].Traffic.Application.String(), name) {
				parts[i].Weight = x
				found++
			}
		}
		if found != 1 {
			return usageError{fmt.Errorf("generate: --share %s: %d of the runs are called so or are of that application: want one of %s", name, found, known)}
		}
	}
	for i := range parts {
		if len(o.shares) > 0 && parts[i].Weight == 0 {
			return usageError{fmt.Errorf("generate: --share: none for %s (%s): want shares of all runs, or none", names[i], parts[i].Traffic.Application)}
		}
	}
	return nil
}
