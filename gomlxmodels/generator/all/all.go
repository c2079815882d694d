// Package all registers every kind of generator. A new one adds its line here.
package all

import (
	_ "github.com/necstgen/necstgen/gomlxmodels/generator/baseline"
	_ "github.com/necstgen/necstgen/gomlxmodels/generator/paper"
	_ "github.com/necstgen/necstgen/gomlxmodels/generator/sampled"
)
