// Package necstgen holds the experiments that the command knows without a file. It
// stands in the module's root since a Go file can embed only what lies below it.
package necstgen

import _ "embed" // of experiments.toml

// Experiments is the text of experiments.toml.
//
//go:embed experiments.toml
var Experiments string
