package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Schedule is a window of the week in which pull requests are opened and moved
// on. The zero Schedule is always open.
type Schedule struct {
	Days     []time.Weekday // on which the window opens; none for every day
	From, To int            // minutes since midnight; where To is not after From, it is the next day's
	Timezone string         // name in the IANA database, which has it; empty for UTC
}

const day = 24 * 60 // minutes

// Always reports whether s has no bounds at all.
func (s Schedule) Always() bool { return s.From == s.To }

// Open reports whether the window is open at now, of which only the weekday and
// the time on the wall count: the caller brings it to s.Timezone. From is part
// of the window, To is not. A window over midnight belongs to the day on which
// it opens.
func (s Schedule) Open(now time.Time) bool {
	minute := now.Hour()*60 + now.Minute()
	today, yesterday := s.on(now.Weekday()), s.on((now.Weekday()+6)%7)
	switch {
	case s.Always():
		return true
	case s.From < s.To:
		return today && s.From <= minute && minute < s.To
	}
	return today && s.From <= minute || yesterday && minute < s.To
}

func (s Schedule) on(d time.Weekday) bool {
	return len(s.Days) == 0 || slices.Contains(s.Days, d)
}

// String returns the window as a person would say it: mon, tue 08:00-18:00
// Europe/Berlin.
func (s Schedule) String() string {
	if s.Always() {
		return "always"
	}
	var days []string
	for _, d := range s.Days {
		days = append(days, weekdays[d])
	}
	text := fmt.Sprintf("%02d:%02d-%02d:%02d", s.From/60, s.From%60, s.To/60, s.To%60)
	if len(days) > 0 {
		text = strings.Join(days, ", ") + " " + text
	}
	if s.Timezone != "" {
		text += " " + s.Timezone
	}
	return text
}

func (s Schedule) equal(t Schedule) bool {
	return s.From == t.From && s.To == t.To && s.Timezone == t.Timezone && slices.Equal(s.Days, t.Days)
}

// weekdays are the names of days, in Go's order.
var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

const (
	fromPattern = `^([01]?[0-9]|2[0-3]):[0-5][0-9]$`
	toPattern   = `^(([01]?[0-9]|2[0-3]):[0-5][0-9]|24:00)$`
	// zonePattern leaves out what would be another file, or the machine's own zone.
	zonePattern = `^(UTC|[A-Z][A-Za-z0-9_+-]{0,31}(/[A-Z][A-Za-z0-9_+-]{0,31}){1,2})$`
)

var (
	dayWords  = words(append(weekdays[1:7:7], weekdays[0])...)
	days      = scalar[time.Weekday]{schema: dayWords.schema, parse: parseDay}
	fromTimes = scalar[int]{schema: looks(fromPattern), parse: clock(fromPattern)}
	toTimes   = scalar[int]{schema: looks(toPattern), parse: clock(toPattern)}
	zones     = scalar[string]{schema: looks(zonePattern), parse: parseZone}
	zoneLooks = matching(zonePattern, "want UTC or the name of a time zone, for instance Europe/Berlin")
)

// parseZone accepts the time zones that there are. The database is Go's: the
// program has it in itself (cmd/basekeeper), where the machine has none.
func parseZone(s string) (string, error) {
	if _, err := zoneLooks(s); err != nil {
		return "", err
	}
	if _, err := time.LoadLocation(s); err != nil {
		return "", errors.New("the IANA database has no such time zone")
	}
	return s, nil
}

func parseDay(s string) (time.Weekday, error) {
	name, err := dayWords.parse(s)
	if err == nil {
		return time.Weekday(slices.Index(weekdays, name)), nil
	}
	if i := slices.IndexFunc(weekdays, func(d string) bool { return len(s) > 3 && strings.EqualFold(s[:3], d) }); i >= 0 {
		err = fmt.Errorf("%w; did you mean `%s`?", err, weekdays[i])
	}
	return 0, err
}

// clock reads a time of day as minutes since midnight.
func clock(pattern string) func(string) (int, error) {
	check := matching(pattern, "want a time of day, for instance 08:30")
	return func(s string) (int, error) {
		if _, err := check(s); err != nil {
			return 0, err
		}
		t, err := time.Parse("15:04", s)
		if err != nil { // 24:00
			return day, nil
		}
		return t.Hour()*60 + t.Minute(), nil
	}
}

// scheduleObject are the keys of a window.
var scheduleObject = object[Schedule]{foreign: unknownKey, check: checkSchedule, fields: []field[Schedule]{
	atMost(len(weekdays), listField("days", "Days on which the window opens; by default all.",
		"[mon, tue]", days, func(s *Schedule, v []time.Weekday) { s.Days = v })),
	scalarField("from", "Time of day when the window opens; by default 00:00.",
		fromTimes, func(s *Schedule, v int) { s.From = v }),
	scalarField("to", "Time of day when the window closes, the next day's where it is not after from; by default 24:00.",
		toTimes, func(s *Schedule, v int) { s.To = v }),
	scalarField("timezone", "Time zone of the window, as the IANA database names it; by default UTC.",
		zones, func(s *Schedule, v string) { s.Timezone = v }),
}}

func checkSchedule(r *reader, at ast.Node, v Schedule) {
	if v.From == v.To {
		r.failAt(at, "the window opens and closes at the same time; leave out both for the whole day")
	}
}

func scheduleField[T any](name, doc string, set func(*T, Schedule)) field[T] {
	whole := Schedule{To: day}
	return objectField(name, doc, scheduleObject, whole, func(t *T, v Schedule) {
		if len(v.Days) == 0 && v.From == whole.From && v.To == whole.To {
			v = Schedule{}
		}
		set(t, v)
	})
}
