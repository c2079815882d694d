package necstgencsv

import (
	"fmt"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

// CaptureDay is a day as the files name it.
type CaptureDay struct {
	Weekday string    // of column day: monday
	Week    string    // of column week: that of the DARPA evaluation of 1999, whose training weeks are 1 to 3; "1" for all other times
	Date    time.Time // its start in UTC
	darpa   bool
}

// evaluation is the first day of the DARPA evaluation of 1999, a Monday.
var evaluation = time.Date(1999, time.March, 1, 0, 0, 0, 0, time.UTC)

// DayOf returns the day of a time in nanoseconds since 1970-01-01 UTC. It goes by the
// time alone, since two of the published files bear each other's names (D39).
func DayOf(nanos int64) CaptureDay {
	at := time.Unix(0, nanos).UTC()
	date := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
	day := CaptureDay{Weekday: strings.ToLower(at.Weekday().String()), Week: "1", Date: date}
	since := int(date.Sub(evaluation) / (24 * time.Hour))
	if weekend := at.Weekday() == time.Saturday || at.Weekday() == time.Sunday; since >= 0 && since < 3*7 && !weekend {
		day.Week, day.darpa = fmt.Sprint(since/7+1), true
	}
	return day
}

// FileName returns the name of the file of a day's packets, as published for those of
// the DARPA evaluation (df_week1_monday.csv), by the date for others
// (df_2026-11-27.csv).
func (d CaptureDay) FileName() string {
	if d.darpa {
		return "df_week" + d.Week + "_" + d.Weekday + ".csv"
	}
	return "df_" + d.Date.Format(time.DateOnly) + ".csv"
}

// Capture returns what the published files call the capture of a day of the DARPA
// evaluation, week1_monday.tcpdump; "" for other days.
func (d CaptureDay) Capture() string {
	if d.darpa {
		return "week" + d.Week + "_" + d.Weekday + ".tcpdump"
	}
	return ""
}

// Days tells the days of packets. The captures of the DARPA evaluation run for 22 hours
// from 13:00 UTC on, past midnight: their packets are of the day of the capture's first
// one. Other packets are of the day that they have. The zero value is ready.
type Days struct {
	first  map[source]CaptureDay
	source source     // of the packet before
	day    CaptureDay // of that source
}

// source names a capture: files of several captures name them, and different files may
// name theirs alike.
type source struct{ file, capture string }

// Of returns the day of the next packet, which comes from the file; "" is the only one.
func (d *Days) Of(p *flow.Packet, file string) CaptureDay {
	if d.first == nil {
		d.first = make(map[source]CaptureDay)
	}
	if from := (source{file, p.Capture}); from != d.source || d.day.Week == "" {
		day, known := d.first[from]
		if !known {
			day = DayOf(p.Time)
			d.first[from] = day
		}
		d.source, d.day = from, day
	}
	if at := p.Time - d.day.Date.UnixNano(); !d.day.darpa && (at < 0 || at >= int64(24*time.Hour)) {
		return DayOf(p.Time)
	}
	return d.day
}
