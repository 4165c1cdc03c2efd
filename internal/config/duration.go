package config

import (
	"fmt"
	"strconv"
	"time"
)

// durationPattern is what a duration looks like, for the schema.
const durationPattern = `^(0|([0-9]{1,6}[mhdw])+)$`

// maxDuration is far beyond any sensible setting and far below an overflow.
const maxDuration = 10 * 365 * 24 * time.Hour

var units = map[byte]time.Duration{
	'm': time.Minute,
	'h': time.Hour,
	'd': 24 * time.Hour,
	'w': 7 * 24 * time.Hour,
}

// ParseDuration parses a duration in minutes, hours, days and weeks: 30m, 12h,
// 3d, 1w, or several of them, 1w3d; also 0. A day has 24 hours. The most is
// ten years.
func ParseDuration(s string) (time.Duration, error) {
	if s == "0" {
		return 0, nil
	}
	bad := fmt.Errorf("%q is no duration; want a number and m, h, d or w, for instance 3d", s)
	if s == "" {
		return 0, bad
	}
	var total time.Duration
	for rest := s; rest != ""; {
		digits := 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		if digits == 0 || digits > 6 || digits == len(rest) || units[rest[digits]] == 0 {
			return 0, bad
		}
		n, err := strconv.Atoi(rest[:digits])
		if err != nil {
			return 0, bad
		}
		total += time.Duration(n) * units[rest[digits]]
		if total > maxDuration || total < 0 {
			return 0, fmt.Errorf("%q is longer than ten years", s)
		}
		rest = rest[digits+1:]
	}
	return total, nil
}
