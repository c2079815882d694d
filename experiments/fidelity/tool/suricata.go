package tool

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// suricata writes an event for each flow (https://docs.suricata.io, EVE JSON format). It
// runs without rules, which differ from machine to machine.
var suricata = &program{
	name: "suricata", commands: []string{"suricata"}, install: "install Suricata (suricata.io)", version: []string{"suricata", "-V"},
	views: []View{
		{Name: "flow states TV", PerFlow: true, kind: shares, Meaning: "Total variation of the states that Suricata gives flows (new, established, closed), by protocol."},
		{Name: "applications TV", PerFlow: true, kind: shares, Meaning: "Total variation of the application protocols that Suricata finds in flows."},
	},
	look: func(ctx context.Context, j *job) (answers, error) {
		if err := j.run(ctx, nothing, "suricata", "-r", j.capture.path, "-l", j.dir, "-S", os.DevNull, "-k", "none"); err != nil {
			return nil, err
		}
		var states, applications []Row
		err := readLog(filepath.Join(j.dir, "eve.json"), func(r io.Reader) (err error) {
			states, applications, err = parseSuricata(r)
			return err
		})
		return answers{"flow states TV": states, "applications TV": applications}, err
	},
}

// parseSuricata reads the flows among the events, a row for each.
func parseSuricata(r io.Reader) (states, applications []Row, err error) {
	err = lines(r, func(number int, line string) error {
		var e struct {
			Type        string `json:"event_type"`
			Proto       string
			Application string `json:"app_proto"`
			Flow        struct{ State string }
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Type == "" {
			return fmt.Errorf("line %d of eve.json is no event: %.80q", number, line)
		}
		if e.Type != "flow" {
			return nil
		}
		if e.Application == "" {
			e.Application = "none"
		}
		states, applications = append(states, Row{e.Proto + " " + e.Flow.State: 1}), append(applications, Row{e.Application: 1})
		return nil
	})
	return states, applications, err
}
