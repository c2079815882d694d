package necstgencsv

import (
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Days are named as published, by the time alone (D39).
func TestDayOf(t *testing.T) {
	for _, test := range []struct{ at, file, capture, weekday, week string }{
		{"1999-03-01T13:00:02Z", "df_week1_monday.csv", "week1_monday.tcpdump", "monday", "1"},
		{"1999-03-05T23:59:59Z", "df_week1_friday.csv", "week1_friday.tcpdump", "friday", "1"},
		{"1999-03-10T13:00:00Z", "df_week2_wednesday.csv", "week2_wednesday.tcpdump", "wednesday", "2"},
		{"1999-03-17T13:00:00Z", "df_week3_wednesday.csv", "week3_wednesday.tcpdump", "wednesday", "3"},
		{"1999-03-18T13:00:00Z", "df_week3_thursday.csv", "week3_thursday.tcpdump", "thursday", "3"},
		{"1999-03-06T13:00:00Z", "df_1999-03-06.csv", "", "saturday", "1"},
		{"1999-03-29T13:00:00Z", "df_1999-03-29.csv", "", "monday", "1"}, // the weeks of attacks
		{"1999-02-28T13:00:00Z", "df_1999-02-28.csv", "", "sunday", "1"},
		{"2026-11-27T00:00:00Z", "df_2026-11-27.csv", "", "friday", "1"},
		{"1969-12-31T23:59:59Z", "df_1969-12-31.csv", "", "wednesday", "1"},
	} {
		at, err := time.Parse(time.RFC3339, test.at)
		if err != nil {
			t.Fatal(err)
		}
		d := DayOf(at.UnixNano())
		if d.FileName() != test.file || d.Capture() != test.capture || d.Weekday != test.weekday || d.Week != test.week {
			t.Errorf("%s: %+v, file %s, capture %s", test.at, d, d.FileName(), d.Capture())
		}
	}
}

// A capture of the evaluation is one day past midnight; another one is not.
func TestDaysPastMidnight(t *testing.T) {
	var days Days
	for _, test := range []struct {
		capture string
		at      time.Time
		want    string
	}{
		{"a", evaluation.Add(13 * time.Hour), "df_week1_monday.csv"},
		{"b", evaluation.Add(37 * time.Hour), "df_week1_tuesday.csv"},
		{"a", evaluation.Add(30 * time.Hour), "df_week1_monday.csv"},
		{"b", evaluation.Add(38 * time.Hour), "df_week1_tuesday.csv"},
		{"c", time.Date(2026, 11, 27, 23, 0, 0, 0, time.UTC), "df_2026-11-27.csv"},
		{"c", time.Date(2026, 11, 28, 1, 0, 0, 0, time.UTC), "df_2026-11-28.csv"},
		{"c", time.Date(2026, 11, 27, 23, 0, 0, 0, time.UTC), "df_2026-11-27.csv"},
	} {
		if got := days.Of(&flow.Packet{Time: test.at.UnixNano(), Capture: test.capture}, "").FileName(); got != test.want {
			t.Errorf("%s of %s: %s, want %s", test.at, test.capture, got, test.want)
		}
	}
	other := flow.Packet{Time: evaluation.Add(54 * time.Hour).UnixNano(), Capture: "a"}
	if got := days.Of(&other, "another file").FileName(); got != "df_week1_wednesday.csv" {
		t.Errorf("a capture of that name in another file: %s", got)
	}
}
