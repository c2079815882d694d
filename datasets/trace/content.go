package trace

import (
	"bufio"
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// content is what a trace is, seen from its first bytes.
type content string

const (
	captured  content = "capture"
	columnar  content = "packet table"
	published content = "NeCSTGen's packets (CSV)"
	uplinks   content = "gateway log (CSV)"
)

// contentOf returns what follows in the stream. It only peeks. CSV that holds no
// packets is refused.
func contentOf(in *bufio.Reader, name string) (content, error) {
	head, _ := in.Peek(4096) // a shorter file gives less, and its error comes again
	if bytes.HasPrefix(head, []byte("PAR1")) || bytes.HasPrefix(head, []byte("ARROW1")) {
		return columnar, nil
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	columns := strings.Split(strings.TrimSpace(strings.TrimPrefix(string(line), "\ufeff")), ",")
	if len(columns) < 2 || !slices.ContainsFunc(columns, known) {
		return captured, nil
	}
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(columns, n) })
	}
	switch {
	case has("physical_payload"):
		return uplinks, nil
	case has("layers_0", "timestamps", "length_total"):
		return published, nil
	case has("time", "length"):
		return columnar, nil
	case has("length_total_lstm"), has("count_total"), has("flow_id_count"), has("length_total"), has("time", "pkt_len"):
		return "", fmt.Errorf("trace: %s: is a table without packets as they were sent (its first columns are %s): want a capture, or packets like NeCSTGen's raw/df_raw_HTTP.csv (evaluate takes generated packets, NetShare's too, and tables of flows, and generate --from generated packets)", name, strings.Join(columns[:min(3, len(columns))], ", "))
	}
	for _, t := range []struct {
		mark   string // the column by which such a table is known
		wanted []string
	}{{"layers_0", []string{"timestamps", "length_total"}}, {"time", []string{"length"}}} {
		if has(t.mark) {
			missing := slices.DeleteFunc(t.wanted, func(n string) bool { return has(n) })
			return "", fmt.Errorf("trace: %s: has the column %s of a packet table, but not %s: want all of them", name, t.mark, strings.Join(missing, ", "))
		}
	}
	return captured, nil // and refused as such, unless it is one
}

// known reports whether a text is a column of one of the tables that are recognised.
func known(column string) bool {
	switch column {
	case "physical_payload", "layers_0", "time", "length_total", "length_total_lstm", "count_total", "flow_id_count":
		return true
	}
	return false
}
