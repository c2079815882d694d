package tool

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// tsharkRates are the events of tshark's TCP analysis that have a score each, with the
// field that a packet has if it is one. Fast and spurious retransmissions are
// retransmissions too.
var tsharkRates = []struct{ view, event, field string }{
	{"retransmissions", "retransmissions", "tcp.analysis.retransmission"},
	{"out of order", "packets out of order", "tcp.analysis.out_of_order"},
	{"duplicate ACKs", "duplicate ACKs", "tcp.analysis.duplicate_ack"},
	{"zero windows", "zero windows", "tcp.analysis.zero_window"},
}

// tshark dissects packets: Wireshark's own eyes.
var tshark = &program{
	name: "tshark", commands: []string{"tshark"}, install: "install the package tshark", version: []string{"tshark", "--version"},
	views: tsharkViews(),
	look: func(ctx context.Context, j *job) (answers, error) {
		var found answers
		args := []string{"-n", "-r", j.capture.path, "-T", "fields", "-E", "separator=/t", "-E", "aggregator=" + aggregator}
		for _, field := range tsharkFields {
			args = append(args, "-e", field)
		}
		err := j.run(ctx, func(r io.Reader) (err error) {
			found, err = parseTshark(r, j.capture.flowOf, j.capture.flows)
			return err
		}, "tshark", args...)
		return found, err
	},
}

// dissimilarity says how rates are compared.
const dissimilarity = ": differences over sums (Bray-Curtis dissimilarity), 0 as often, 1 on one side alone."

func tsharkViews() []View {
	views := []View{
		{Name: "protocols TV", kind: shares, Meaning: "Total variation of the layers that tshark finds in packets, as in its protocol hierarchy."},
		{Name: "expert messages", kind: rates,
			Meaning: "How often tshark's expert information has each note, warning and error in 1,000 packets" + dissimilarity},
	}
	for _, r := range tsharkRates {
		views = append(views, View{Name: r.view, kind: rates,
			Meaning: "How many " + r.event + " tshark's TCP analysis finds in 1,000 TCP packets" + dissimilarity})
	}
	return views
}

// aggregator stands between several values of a field: a character that no message has.
const aggregator = "\x1f"

// tsharkFields are the columns that tshark is asked for.
var tsharkFields = func() []string {
	fields := []string{"frame.number", "frame.protocols", "_ws.expert.severity", "_ws.expert.message"}
	for _, r := range tsharkRates {
		fields = append(fields, r.field)
	}
	return fields
}()

// leastSeverity is Wireshark's number of a note: chats, which every connection has, are
// below it, warnings and errors above.
const leastSeverity = 0x400000

var digits = regexp.MustCompile(`\d+`)

// tsharkRows gathers what tshark says of packets by their flows.
type tsharkRows struct{ protocols, messages, tcp []Row }

// parseTshark reads the fields of each frame, whose flow is flowOf[frame-1].
func parseTshark(r io.Reader, flowOf []int, flows int) (answers, error) {
	t := tsharkRows{make([]Row, flows), make([]Row, flows), make([]Row, flows)}
	frames := 0
	err := lines(r, func(number int, line string) error {
		columns := strings.Split(line, "\t")
		if len(columns) != len(tsharkFields) {
			return fmt.Errorf("line %d of tshark has %d columns: want %d", number, len(columns), len(tsharkFields))
		}
		frame, err := strconv.Atoi(columns[0])
		if err != nil || frame < 1 || frame > len(flowOf) {
			return fmt.Errorf("line %d of tshark is of frame %q: want 1 to %d", number, columns[0], len(flowOf))
		}
		frames++
		return t.add(flowOf[frame-1], columns)
	})
	if err != nil {
		return nil, err
	}
	if frames != len(flowOf) {
		return nil, fmt.Errorf("tshark has read %d of %d frames", frames, len(flowOf))
	}
	found := answers{"protocols TV": present(t.protocols), "expert messages": present(t.messages)}
	for _, rate := range tsharkRates {
		var rows []Row
		for _, row := range present(t.tcp) {
			rows = append(rows, Row{packets: row[packets], rate.event: row[rate.event]})
		}
		found[rate.view] = rows
	}
	return found, nil
}

// add counts a frame of a flow.
func (t *tsharkRows) add(of int, columns []string) error {
	count(t.protocols, of, columns[1])
	count(t.messages, of, packets)
	if columns[2] != "" {
		severities, messages := strings.Split(columns[2], aggregator), strings.Split(columns[3], aggregator)
		for i, text := range severities {
			severity, err := strconv.Atoi(text)
			if err != nil || len(messages) != len(severities) {
				return fmt.Errorf("frame %s of tshark has the severities %q and the messages %q: want a number for each message", columns[0], columns[2], columns[3])
			}
			if severity >= leastSeverity {
				count(t.messages, of, digits.ReplaceAllString(messages[i], "N"))
			}
		}
	}
	if !strings.HasSuffix(columns[1], ":tcp") && !strings.Contains(columns[1], ":tcp:") {
		return nil
	}
	count(t.tcp, of, packets)
	for i, rate := range tsharkRates {
		if columns[len(columns)-len(tsharkRates)+i] != "" {
			count(t.tcp, of, rate.event)
		}
	}
	return nil
}

// count adds one to what is said of a flow.
func count(rows []Row, of int, label string) {
	if rows[of] == nil {
		rows[of] = make(Row)
	}
	rows[of][label]++
}

// present are the rows that say something.
func present(rows []Row) []Row {
	var kept []Row
	for _, r := range rows {
		if r != nil {
			kept = append(kept, r)
		}
	}
	return kept
}
