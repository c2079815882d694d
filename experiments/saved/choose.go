package saved

import (
	"fmt"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Only leaves of the parts those of the applications, at least one, each of which has to be
// there.
func (s *Source) Only(apps flow.Applications) error {
	var parts []Part
	var hosts [][]int
	var have flow.Applications
	for i, p := range s.Parts {
		have = append(have, p.Traffic.Application)
		if !slices.Contains(apps, p.Traffic.Application) {
			continue
		}
		if parts = append(parts, p); s.hosts != nil {
			hosts = append(hosts, s.hosts[i])
		}
	}
	for i := range s.Parts {
		if p := &s.Parts[i]; len(parts) > 0 && !slices.Contains(apps, p.Traffic.Application) { // a run's first part has the payloads of all
			parts[0].Statistics, parts[0].Examples = append(parts[0].Statistics, p.Statistics...), append(parts[0].Examples, p.Examples...)
		}
	}
	for _, app := range apps {
		if !slices.Contains(have, app) {
			return fmt.Errorf("saved: no part is %s: want some of %s", app, have)
		}
	}
	s.Parts, s.hosts = parts, hosts
	return nil
}

// Share divides a weight among the parts that have none, by their rates, where some have
// one.
func Share(parts []Part, weight float64) {
	var rates float64
	weighted := false
	for i := range parts {
		if weighted = weighted || parts[i].Weight > 0; parts[i].Weight == 0 {
			rates += parts[i].rate()
		}
	}
	for i := range parts {
		if p := &parts[i]; weighted && p.Weight == 0 {
			p.Weight = weight * p.rate() / rates
		}
	}
}
