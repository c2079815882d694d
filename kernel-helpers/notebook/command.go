package notebook

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// Command runs another program, as tshark, and shows what it prints. Where the program is
// not installed, that is shown in its place and the cell goes on; a program that fails ends
// the cell.
func Command(name string, arguments ...string) {
	out, err := exec.Command(name, arguments...).Output()
	if errors.Is(err, exec.ErrNotFound) {
		Show(Markdown(fmt.Sprintf("Skipped: %s is not installed here.", name)))
		return
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(exit.Stderr)))
	}
	Check(err)
	fmt.Print(string(out))
}
