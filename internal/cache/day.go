package cache

import "time"

const (
	// keepFor is how long an entry stays that no run uses.
	keepFor = 365 * 24 * time.Hour
	// refreshAfter is how far the day of the last use may lag behind, so that
	// a run which learns nothing writes nothing.
	refreshAfter = 30 * 24 * time.Hour
)

// day is the day of an entry's last use, in UTC: 2026-03-01.
type day string

func dayOf(t time.Time) day { return day(t.UTC().Format(time.DateOnly)) }

// refreshed returns the day of now if d lies well before it.
func (d day) refreshed(now time.Time) day {
	used, err := time.Parse(time.DateOnly, string(d))
	if err != nil || now.Sub(used) > refreshAfter {
		return dayOf(now)
	}
	return d
}

// possible returns the day of now for a day that is yet to come, as one of
// another machine's clock may be; a day's difference is left alone.
func (d day) possible(now time.Time) day {
	if d > dayOf(now.AddDate(0, 0, 1)) {
		return dayOf(now)
	}
	return d
}

// past reports whether d is no day or lies more than keep before now.
func (d day) past(now time.Time, keep time.Duration) bool {
	used, err := time.Parse(time.DateOnly, string(d))
	return err != nil || now.Sub(used) > keep
}
