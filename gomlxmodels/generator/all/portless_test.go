package all_test

import (
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	_ "github.com/necstgen/necstgen/gomlxmodels/generator/all"
)

// Every kind learns what has ports, and hands on what has none unless it learns that too.
func TestKindOf(t *testing.T) {
	for _, k := range generator.Kinds() {
		for _, app := range []flow.Application{flow.HTTP, flow.AnyPort(flow.UDP), flow.Other, flow.ARPApplication, flow.ICMPApplication} {
			of, err := k.Of(app)
			if err != nil {
				t.Fatal(err)
			}
			portless := app == flow.Other || app == flow.ARPApplication || app == flow.ICMPApplication
			if portless && !of.Portless || (!portless || k.Portless) && of.Name != k.Name {
				t.Errorf("%s learns %s by %s", k.Name, app, of.Name)
			}
		}
	}
}
