package retention

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/basekeeper/basekeeper/internal/image"
)

const (
	day     = 24 * time.Hour
	maxText = 100 // runes of a text that is not ours
)

// clean makes one sane line of what somebody else wrote: no control and
// formatting characters, not too long. Escaping is the renderer's.
func clean(s string) string {
	if len(s) <= maxText && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return s
	}
	var b strings.Builder
	n := 0
	for _, r := range strings.ToValidUTF8(s, "") {
		if unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) {
			continue
		}
		if n == maxText {
			b.WriteRune('…')
			break
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// inUse names the first user and counts the others.
func inUse(by []string) string { return "in use" + others(by) }

// inUseThrough is inUse for what contains the digest that is named, or is the
// image that it belongs to.
func inUseThrough(digest image.Digest, by []string) string {
	return "in use through " + short(digest) + others(by)
}

func others(by []string) string {
	first := by[0]
	if first == "" && len(by) > 1 { // somebody without a name
		first = by[1]
	}
	if first == "" {
		return ""
	}
	if n := len(by) - 1; n > 0 {
		return fmt.Sprintf(": %s and %d more", first, n)
	}
	return ": " + first
}

func short(digest image.Digest) string {
	return clean(digest.Algorithm() + ":" + digest.Short())
}

// ago says how long before now t was.
func (d *decider) ago(t time.Time) string {
	if t.After(d.now) {
		return spellUp(t.Sub(d.now)) + " ahead of the clock"
	}
	return spell(d.now.Sub(t)) + " ago"
}

// spell is a duration in whole days, or hours below two days; rounded down.
func spell(t time.Duration) string {
	switch {
	case t < time.Hour:
		return "less than an hour"
	case t < 2*day:
		return count(t/time.Hour, "hour")
	}
	return count(t/day, "day")
}

// spellUp is spell for what is still to come, rounded up.
func spellUp(t time.Duration) string {
	switch {
	case t < time.Hour:
		return "less than an hour"
	case t <= 2*day-time.Hour:
		return count((t-1)/time.Hour+1, "hour")
	}
	return count((t-1)/day+1, "day")
}

func count(n time.Duration, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return strconv.FormatInt(int64(n), 10) + " " + unit + "s"
}

// exactly is a duration of a policy.
func exactly(t time.Duration) string {
	switch {
	case t >= 2*day && t%day == 0:
		return count(t/day, "day")
	case t >= time.Hour && t%time.Hour == 0:
		return count(t/time.Hour, "hour")
	}
	return t.String()
}

// goes says when something goes whose time is not over.
func (d *decider) goes(expires time.Time) string {
	if expires.IsZero() {
		return "kept for ever"
	}
	return "goes in " + spellUp(expires.Sub(d.now))
}

// over names the policy by which a tag's time is over.
func (d *decider) over() string {
	if d.policy.MinimumAge > d.policy.KeepFor {
		return "minimum age " + exactly(d.policy.MinimumAge)
	}
	return "policy " + exactly(d.policy.KeepFor)
}

// name is a tag of a digest, rather one that is kept or goes as asked; where
// it has none, the digest.
func (d *decider) name(digest image.Digest, kept bool) string {
	on := d.on[digest]
	if len(on) == 0 {
		return short(digest)
	}
	for _, i := range on {
		if d.judged[i].Keep == kept {
			return clean(d.tags[i].Name)
		}
	}
	return clean(d.tags[on[0]].Name)
}

// with says by what a digest was reached, and what becomes of that.
func (d *decider) with(o origin, kept bool) string {
	text, fate := "contained in ", ", which goes"
	if o.belongs {
		text = "belongs to "
	}
	if kept {
		fate = ", which is kept"
	}
	return text + d.name(o.from, kept) + fate
}
