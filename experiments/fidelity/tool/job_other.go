//go:build !unix

package tool

import "os/exec"

// ownGroup does nothing: a command that is stopped ends alone.
func ownGroup(*exec.Cmd) {}
