// Package stage describes work as a static graph over files: a Stage says what it
// reads, what it makes and which seeds it draws from, and Run does it. What one
// stage learns and another needs is a file, never a value in memory, so that work
// can be planned before it is done, cached, skipped, resumed and spread over
// machines.
//
//	Stage    one step: name, version, parameters, what it reads and makes, Run
//	Graph    the stages of one piece of work in an order in which they can run
//	Key      the digest of everything that decides what a stage makes
//	Env      all that a running stage sees: what it has declared, nothing else
//
// A generator lists the stages of its models here, below the packages that keep
// runs, so that whoever adds a generator writes one package; package executor runs
// a Graph, and package pipeline makes the one of an experiment. The idea is that
// of the Go command's build cache (cmd/go/internal/cache) and of DVC's pipelines.
package stage

import "context"

// Stage is one step of a Graph.
type Stage struct {
	Name    string   // unique in its graph: "vae"
	Version int      // raised when the stage computes something else from the same input
	Params  any      // its part of the configuration, all that it sees of it; written as JSON
	Deps    []string // artifacts that it opens: inputs of the graph, or other stages' Outs
	Outs    []string // artifacts that it makes, all of them; one that ends in "/" is a folder
	Seeds   []string // names of the seeds that it draws from
	Device  bool     // its result depends on the backend, which it may use

	// Run makes the Outs. It is called again from the start after an interruption,
	// with what it has left in Env.Checkpoint.
	Run func(ctx context.Context, env *Env) error
}
