// Package sweep runs one experiment many times, with every combination of some values of
// some keys: the grid search of Hydra's multirun and of Optuna's grid sampler, over the
// stages of package executor.
//
//	Axis      a swept key and its values: 32,64 or 1..8 or 0.1..0.5:5
//	Manifest  a sweep that is there, as its folder has it; Find opens one, List all
//	Sweep     a sweep that can be planned and run: New makes one of assignments, Open one that is there
//	Group     stages that several points need, which are made first
//	State     how far a point is
//	Report    mean and deviation of each score over seeds; figures, tables and a page
//
// A point is an ordinary run, so whatever lists, compares and draws from runs does so with
// points too. A sweep is a folder of files beside the runs, named by a digest of what is
// asked for, so that the same question goes on where it ended:
//
//	runs/.sweeps/<id>/sweep.json        the experiment as it was resolved, axes, groups
//	runs/.sweeps/<id>/points/0001.json  how far a point is, written by whoever runs it
//
// There is no database and no process at the head: any number of processes, on any machines
// that see the folder, may run points and groups of one sweep, and of several sweeps, at
// once. The claims of package store see to it that each stage is made once.
//
// Jobs of one process are goroutines and not child processes. All of them compute on one
// device, whose threads they share. Its identity, which is part of the keys of stages,
// contains the number of threads, since XLA cuts sums by it; a child process with its part
// of the processors would give other results than a single run and could share none with
// it, and one with all threads would have more of them than there are processors. A cell
// of a notebook can call the same functions, too. The price is that a crash of the backend
// ends all jobs; the same command then goes on. Whoever wants processes, as an array of
// Slurm does, runs points by their numbers.
package sweep
