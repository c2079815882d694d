//go:build unix

package tool

import (
	"os/exec"
	"syscall"
)

// ownGroup makes a command, when it is stopped, end with all that it has started.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
