package flow_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

func TestClock(t *testing.T) {
	year := int64(365.25 * 24 * float64(time.Hour))
	day := int64(24 * time.Hour)
	for _, row := range []struct {
		name  string
		times []int64
		step  time.Duration
		jumps int64
		want  string
	}{
		{"nothing", nil, 0, 0, ""},
		{"one packet of 1970", []int64{5}, 0, 0, ""},
		{"a recording of two years", []int64{0, year / 2, year, year * 3 / 2, 2 * year}, time.Duration(year / 2), 0, ""},
		{"disorder", []int64{10, 5, 20}, 15, 0, ""},
		{"a merge of 1970 and 2024", []int64{0, day, 54 * year, 54*year + day}, time.Duration(54*year - day), 1, "jumps by 54.0 years at packet 2, from 1970-01-02 to 2024-01-01 (1 such jumps"},
		{"one behind the other", []int64{54 * year, day, 2 * day}, time.Duration(54*year - day), 1, "at packet 1, from 2024-01-01 to 1970-01-02"},
		{"all of time", []int64{math.MinInt64, math.MaxInt64}, math.MaxInt64, 1, "jumps by 292.3 years"},
	} {
		var c flow.Clock
		for _, time := range row.times {
			c.Add(time)
		}
		err := c.Check()
		if c.Step != row.step || c.Jumps != row.jumps || c.Packets != int64(len(row.times)) {
			t.Errorf("%s: step %v, %d jumps, %d packets", row.name, c.Step, c.Jumps, c.Packets)
		}
		if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
	}
}
