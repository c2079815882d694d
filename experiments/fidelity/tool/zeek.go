package tool

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
)

// zeek logs connections (https://docs.zeek.org, base/protocols/conn).
var zeek = &program{
	name: "zeek", commands: []string{"zeek"}, install: "install Zeek (zeek.org)", version: []string{"zeek", "--version"},
	views: []View{
		{Name: "connection states TV", PerFlow: true, kind: shares, Meaning: "Total variation of the states that Zeek gives connections (S0, SF, RSTO and so on), by protocol."},
		{Name: "services TV", PerFlow: true, kind: shares, Meaning: "Total variation of the services that Zeek recognises in connections by their content."},
	},
	look: func(ctx context.Context, j *job) (answers, error) {
		if err := j.run(ctx, nothing, "zeek", "-C", "-r", j.capture.path, "LogAscii::use_json=T"); err != nil {
			return nil, err
		}
		var states, services []Row
		err := readLog(filepath.Join(j.dir, "conn.log"), func(r io.Reader) (err error) {
			states, services, err = parseZeek(r)
			return err
		})
		return answers{"connection states TV": states, "services TV": services}, err
	},
}

// parseZeek reads conn.log in JSON, a row for each connection.
func parseZeek(r io.Reader) (states, services []Row, err error) {
	err = lines(r, func(number int, line string) error {
		var c struct {
			Proto   string
			Service string
			State   string `json:"conn_state"`
		}
		if err := json.Unmarshal([]byte(line), &c); err != nil || c.Proto == "" {
			return fmt.Errorf("line %d of conn.log is no connection in JSON: %.80q", number, line)
		}
		if c.Service == "" {
			c.Service = "none"
		}
		states, services = append(states, Row{c.Proto + " " + c.State: 1}), append(services, Row{c.Service: 1})
		return nil
	})
	return states, services, err
}
