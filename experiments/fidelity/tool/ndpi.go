package tool

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// ndpiReader labels flows by deep packet inspection, and warns of what is odd in them.
var ndpiReader = &program{
	name: "ndpiReader", commands: []string{"ndpiReader"}, install: "install the package libndpi-bin", version: []string{"ndpiReader", "-h"},
	views: []View{
		{Name: "labels TV", PerFlow: true, kind: shares, Meaning: "Total variation of the labels that ndpiReader gives flows by their content."},
		{Name: "risks TV", PerFlow: true, kind: shares, Meaning: "Total variation of the sets of risks that ndpiReader finds in flows; most flows have none."},
	},
	look: func(ctx context.Context, j *job) (answers, error) {
		var labels, risks []Row
		err := j.run(ctx, func(r io.Reader) (err error) {
			labels, risks, err = parseNDPI(r)
			return err
		}, "ndpiReader", "-i", j.capture.path, "-v", "2")
		return answers{"labels TV": labels, "risks TV": risks}, err
	},
}

var (
	ndpiFlow  = regexp.MustCompile(`^\s*\d+\t`)
	ndpiLabel = regexp.MustCompile(`\[proto: [\d.]+/([^\]]+)\]`)
	ndpiRisk  = regexp.MustCompile(`\[Risk: ([^\]]*)\]`)
)

// parseNDPI reads the flows of ndpiReader's report, a row for each.
func parseNDPI(r io.Reader) (labels, risks []Row, err error) {
	err = lines(r, func(number int, line string) error {
		if !ndpiFlow.MatchString(line) || !strings.Contains(line, "->") {
			return nil
		}
		label := ndpiLabel.FindStringSubmatch(line)
		if label == nil {
			return fmt.Errorf("line %d of ndpiReader has a flow without a label: %.80q", number, line)
		}
		labels = append(labels, Row{label[1]: 1})
		var found []string
		if m := ndpiRisk.FindStringSubmatch(line); m != nil {
			for risk := range strings.SplitSeq(m[1], "**") {
				if risk = strings.TrimSpace(risk); risk != "" {
					found = append(found, risk)
				}
			}
		}
		slices.Sort(found)
		if len(found) == 0 {
			found = []string{"none"}
		}
		risks = append(risks, Row{strings.Join(found, " + "): 1})
		return nil
	})
	return labels, risks, err
}
