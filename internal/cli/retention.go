package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/config"
)

// retentionOptions are the flags that go before what the configuration says
// about retention.
type retentionOptions struct {
	keepFor, minimumAge, untagged, undo period
	keepLast, maxDeleted                int
	protect, expire                     []string
	set                                 func(flag string) bool
}

func (o *retentionOptions) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Var(&o.keepFor, "keep-for", "keep retired tags for `DURATION`: 12h, 30d, 8w (default 30d)")
	f.IntVar(&o.keepLast, "keep-last", 0, "keep the newest `N` retired versions whatever their age (default 3)")
	f.StringSliceVar(&o.protect, "protect", nil, "never delete tags that match `GLOB`, besides those of the configuration")
	f.StringSliceVar(&o.expire, "expire", nil, "tags that match `GLOB` may expire too, besides those of the configuration")
	f.Var(&o.untagged, "untagged", "delete manifests without a tag after `DURATION`, a day at least (default never)")
	f.Var(&o.minimumAge, "minimum-age", "delete nothing that is younger than `DURATION` (default 1d)")
	f.IntVar(&o.maxDeleted, "max-deleted", 0, "delete at most `PERCENT` of the tags (default 50)")
	f.Var(&o.undo, "undo", "keep what is deleted restorable for `DURATION` (default 7d)")
}

// over returns r with what the flags say.
func (o retentionOptions) over(r config.Retention) (config.Retention, error) {
	if o.set == nil {
		return r, nil
	}
	durations := map[string]struct {
		from  period
		to    *time.Duration
		least time.Duration
	}{
		"keep-for": {o.keepFor, &r.KeepFor, time.Hour}, "minimum-age": {o.minimumAge, &r.MinimumAge, time.Hour},
		"untagged": {o.untagged, &r.Untagged, 24 * time.Hour}, "undo": {o.undo, &r.Undo, time.Hour},
	}
	for name, d := range durations {
		if !o.set(name) {
			continue
		}
		if time.Duration(d.from) < d.least {
			return r, usage(fmt.Errorf("--%s %s: want at least %s", name, d.from, period(d.least)))
		}
		*d.to = time.Duration(d.from)
	}
	if o.set("keep-last") {
		if o.keepLast < 0 {
			return r, usage(fmt.Errorf("--keep-last %d: want a number that is not negative", o.keepLast))
		}
		r.KeepLast = o.keepLast
	}
	if o.set("max-deleted") {
		if o.maxDeleted < 1 || o.maxDeleted > 100 {
			return r, usage(fmt.Errorf("--max-deleted %d: want a number from 1 to 100", o.maxDeleted))
		}
		r.MaxDeleted = o.maxDeleted
	}
	return o.globs(r)
}

func (o retentionOptions) globs(r config.Retention) (config.Retention, error) {
	for _, list := range []struct {
		flag string
		from []string
		to   *[]config.Glob
	}{{"protect", o.protect, &r.Protect}, {"expire", o.expire, &r.Expire}} {
		if o.set(list.flag) && len(list.from) == 0 {
			return r, usage(fmt.Errorf("--%s: it is empty", list.flag))
		}
		for _, text := range list.from {
			g, err := config.ParseTagGlob(text)
			if err != nil {
				return r, usage(fmt.Errorf("--%s %s: %w", list.flag, text, err))
			}
			*list.to = append(*list.to, g)
		}
	}
	return r, nil
}

// period is a duration as the configuration writes it.
type period time.Duration

// Set implements pflag.Value.
func (p *period) Set(text string) error {
	d, err := config.ParseDuration(text)
	*p = period(d)
	return err
}

// Type implements pflag.Value.
func (*period) Type() string { return "duration" }

// String returns the duration in days where it is some, else as Go writes it.
func (p period) String() string {
	const day = 24 * time.Hour
	switch d := time.Duration(p); {
	case d == 0:
		return ""
	case d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	default:
		return d.String()
	}
}
