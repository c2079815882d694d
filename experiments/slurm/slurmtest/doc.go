// Package slurmtest starts a real Slurm of two nodes on this machine for tests: slurmctld
// and a slurmd a node, with a folder and ports of their own, on loopback. A test that needs
// it skips, saying why, where the programs are missing or the user is not root.
package slurmtest
