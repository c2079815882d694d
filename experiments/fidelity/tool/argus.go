package tool

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// argus names the state in which it has left each flow.
var argus = &program{
	name: "argus", commands: []string{"argus", "ra"}, install: "install the packages argus-server and argus-client", version: []string{"argus", "-h"},
	views: []View{{Name: "states TV", PerFlow: true, kind: shares,
		Meaning: "Total variation of the states that argus gives flows, by protocol: closed, reset, connected, asked without an answer and so on."}},
	look: func(ctx context.Context, j *job) (answers, error) {
		records := filepath.Join(j.dir, "records")
		// One record a flow, however long it lasts, in place of one every five seconds.
		if err := j.run(ctx, nothing, "argus", "-X", "-S", "86400", "-r", j.capture.path, "-w", records); err != nil {
			return nil, err
		}
		var rows []Row
		err := j.run(ctx, func(r io.Reader) (err error) {
			rows, err = parseArgus(r)
			return err
		}, "ra", "-X", "-r", records, "-n", "-c", ",", "-s", "proto,state")
		return answers{"states TV": rows}, err
	},
}

// parseArgus reads the list that ra prints, a row for each flow; the records that argus
// writes on itself are none.
func parseArgus(r io.Reader) (rows []Row, err error) {
	err = lines(r, func(number int, line string) error {
		fields := strings.Split(line, ",")
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		switch {
		case len(fields) != 2:
			return fmt.Errorf("line %d of ra is %q: want a protocol and a state", number, line)
		case fields[0] == "Proto" || fields[0] == "man":
		default:
			rows = append(rows, Row{fields[0] + " " + fields[1]: 1})
		}
		return nil
	})
	return rows, err
}
