package tool

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// tcptrace names how each TCP connection was opened and closed.
var tcptrace = &program{
	name: "tcptrace", commands: []string{"tcptrace"}, install: "install the package tcptrace", version: []string{"tcptrace", "-version"},
	views: []View{{Name: "connection states TV", PerFlow: true, kind: shares,
		Meaning: "Total variation of the states that tcptrace gives TCP connections: complete, reset, or how many SYNs and FINs it has seen."}},
	look: func(ctx context.Context, j *job) (answers, error) {
		var rows []Row
		// By default tcptrace takes what follows four minutes of silence for another
		// connection; an established one may be silent for two hours (RFC 5382, REQ-5).
		err := j.run(ctx, func(r io.Reader) (err error) {
			rows, err = parseTcptrace(r)
			return err
		}, "tcptrace", "-l", "-n", "--endpoint_reuse_interval=7440", j.capture.path)
		return answers{"connection states TV": rows}, err
	},
}

var tcptraceConnection = regexp.MustCompile(`^TCP connection \d+:$`)

// parseTcptrace reads the long report, a row for each connection.
func parseTcptrace(r io.Reader) (rows []Row, err error) {
	connections := 0
	err = lines(r, func(_ int, line string) error {
		line = strings.TrimSpace(line)
		if tcptraceConnection.MatchString(line) {
			connections++
		}
		if state, ok := strings.CutPrefix(line, "complete conn:"); ok {
			rows = append(rows, Row{strings.Join(strings.Fields(state), " "): 1})
		}
		return nil
	})
	if err == nil && connections != len(rows) {
		err = fmt.Errorf("the report of tcptrace has %d connections and the states of %d", connections, len(rows))
	}
	return rows, err
}
