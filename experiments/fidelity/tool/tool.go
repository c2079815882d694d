// Package tool asks other programs what they see in captures, real and synthetic, and
// scores how far apart their answers are. Whoever works with a synthetic capture reads it
// with such programs, so it should look to them as the real one does: the same connection
// states, labels, risks and warnings.
//
//   - [Ask] runs programs on the flows that are compared, written as captures of their own,
//     and returns its [Findings]: a [Result] for each [View].
//   - [Views] lists what is read of which program: tcptrace's and argus's connection states,
//     ndpiReader's labels and risks, tshark's protocols, expert messages and TCP analysis,
//     nfstream's labels and features, Zeek's connection log and Suricata's events.
//   - [Choice] is the setting that says which programs are asked; [Examine] finds out which
//     are installed, in which version.
//
// A program's answers become a [Row] for each flow, or for each connection as the program
// counts them. Two sets of rows have a distance; its floor is that between random halves of
// the real rows, and its interval comes from bootstraps of the rows, so that each program
// runs once on a capture. Both sides are cut to the shorter snap length of the two, since
// what a capture did not keep says nothing of the traffic.
//
// A program that is not installed, fails, or does not end in time leaves its scores
// without a value, with the reason.
package tool

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// program is another program that looks at captures.
type program struct {
	name     string
	commands []string // that have to be installed
	install  string   // how to install it
	version  []string // command line that prints the version
	views    []View
	look     func(ctx context.Context, j *job) (answers, error)
}

// answers are the rows of each view of a program, by the view's name.
type answers map[string][]Row

// programs are all of them, in the order of Views.
var programs = []*program{tcptrace, argus, ndpiReader, tshark, nfstream, zeek, suricata}

// Names lists the programs that can be asked.
func Names() []string {
	var names []string
	for _, p := range programs {
		names = append(names, p.name)
	}
	return names
}

// Views lists what is read of the programs.
func Views() []View {
	var all []View
	for _, p := range programs {
		for _, v := range p.views {
			v.Tool = p.name
			all = append(all, v)
		}
	}
	return all
}

// Status says whether a program is installed.
type Status struct {
	Name    string
	Version string // "": it is not installed
	Reason  string // why not
	Install string // how to install it
}

// Examine finds out which programs are installed. It looks once in the life of the
// process.
func Examine() []Status { return examine() }

var examine = sync.OnceValue(func() []Status {
	all := make([]Status, len(programs))
	var wait sync.WaitGroup
	for i, p := range programs {
		wait.Go(func() { all[i] = p.status() })
	}
	wait.Wait()
	return all
})

// versionTime is how long a program may take to say its version: Python takes seconds to
// import nfstream for the first time.
const versionTime = 30 * time.Second

// versionNumber is the first text of the form of a version.
var versionNumber = regexp.MustCompile(`\d+(\.\d+)+[-.\w]*`)

// status finds the program and its version.
func (p *program) status() Status {
	s := Status{Name: p.name, Install: p.install}
	line := slices.Clone(p.version)
	if p.name == nfstream.name {
		line[0] = python()
	}
	for _, command := range append(slices.Clone(p.commands), line[0]) {
		if _, err := exec.LookPath(command); err != nil {
			s.Reason = fmt.Sprintf("%s is not installed", p.name)
			return s
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), versionTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Dir = os.TempDir()            // not where a file could be called nfstream.py
	said, err := cmd.CombinedOutput() // some print it and fail
	s.Version = versionNumber.FindString(string(said))
	switch {
	case s.Version != "":
	case p.name == nfstream.name:
		s.Reason = fmt.Sprintf("nfstream is not installed: %s cannot import it", line[0])
	default:
		s.Reason = fmt.Sprintf("%s does not say its version (%s): %v", p.name, strings.Join(line, " "), err)
	}
	return s
}
