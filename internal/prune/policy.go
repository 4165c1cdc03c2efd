package prune

import (
	"fmt"
	"slices"
	"time"

	"github.com/basekeeper/basekeeper/internal/retention"
)

// Policy is a retention.Policy as it was for the tags that a plan saw, in
// words that a file can hold.
type Policy struct {
	KeepFor    Duration `json:"keepFor"`
	KeepLast   int      `json:"keepLast"`
	Expires    []string `json:"expires,omitempty"`   // the tags that may expire
	Protected  []string `json:"protected,omitempty"` // the tags that are never deleted
	Published  []string `json:"published,omitempty"`
	Untagged   Duration `json:"untagged"`
	MinimumAge Duration `json:"minimumAge"`
	MaxShare   float64  `json:"maxShare"`
}

// Duration is a duration that JSON shows as Go writes it: 720h0m0s.
type Duration time.Duration

// MarshalText writes d as Go does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what MarshalText wrote; a negative duration is an error.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("parse duration %.40q: %w", text, err)
	}
	if v < 0 {
		return fmt.Errorf("parse duration %.40q: it is negative", text)
	}
	*d = Duration(v)
	return nil
}

// fixed returns p as it is for tags.
func fixed(p retention.Policy, tags []retention.Tag) Policy {
	f := Policy{
		KeepFor: Duration(p.KeepFor), KeepLast: p.KeepLast, Published: slices.Clone(p.Published),
		Untagged: Duration(p.Untagged), MinimumAge: Duration(p.MinimumAge), MaxShare: p.MaxShare,
	}
	for _, t := range tags {
		if p.Expires != nil && p.Expires(t.Name) {
			f.Expires = append(f.Expires, t.Name)
		}
		if p.Protected != nil && p.Protected(t.Name) {
			f.Protected = append(f.Protected, t.Name)
		}
	}
	return f
}

// loosened returns p to decide with. A tag that the plan did not see is
// protected: whoever made it may build on what the plan deletes.
func (p Policy) loosened(seen []retention.Verdict) retention.Policy {
	known, expires, protected := map[string]bool{}, set(p.Expires), set(p.Protected)
	for _, v := range seen {
		known[v.Tag] = true
	}
	return retention.Policy{
		KeepFor: time.Duration(p.KeepFor), KeepLast: p.KeepLast, Published: p.Published,
		Untagged: time.Duration(p.Untagged), MinimumAge: time.Duration(p.MinimumAge), MaxShare: p.MaxShare,
		Expires:   func(tag string) bool { return expires[tag] },
		Protected: func(tag string) bool { return protected[tag] || !known[tag] },
	}
}

func set(words []string) map[string]bool {
	s := make(map[string]bool, len(words))
	for _, w := range words {
		s[w] = true
	}
	return s
}
