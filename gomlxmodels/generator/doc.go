// Package generator says what a generator of flows is, and which there are.
//
//	Generator       draws flows for a Request
//	PacketLevel     draws packets by themselves, without flows
//	Kind            a way to generate: the stages that learn it, and Load
//	Settings        what experiments.toml says about the models
//	Traffic         how much there was of what was learnt
//
// A kind lives in a package below this one and registers itself; a program imports
// package all to have every kind. This package reaches no GoMLX package, so that a
// notebook or a configuration that imports it does not compile the models.
package generator
