package retention_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/retention"
)

const day = 24 * time.Hour

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// d makes a digest of a name.
func d(name string) image.Digest { return image.FromBytes([]byte(name)) }

// companion is the tag that belongs to a digest.
func companion(name, suffix string) string {
	return strings.Replace(string(d(name)), ":", "-", 1) + suffix
}

// repo is a repository that is put together by a test. Digests are given by
// names.
type repo struct {
	retention.Facts
	policy retention.Policy
}

// newRepo is empty; its policy keeps for 30 days and lets a run delete all but
// one tag. Tags that begin with v may expire.
func newRepo() *repo {
	return &repo{
		Facts: retention.Facts{
			Listing:   retention.Listing{TagDelete: true},
			Manifests: map[image.Digest]retention.Manifest{},
			Referrers: map[image.Digest][]image.Digest{},
			Returned:  map[string]time.Time{},
		},
		policy: retention.Policy{
			KeepFor:   30 * day,
			MaxShare:  1,
			Published: []string{"latest"},
			Expires:   func(tag string) bool { return strings.HasPrefix(tag, "v") },
			Protected: func(tag string) bool { return strings.HasPrefix(tag, "stable") },
		},
	}
}

// manifest has a digest in the repository, with children.
func (r *repo) manifest(name string, children ...string) *repo {
	m := r.Manifests[d(name)]
	for _, child := range children {
		m.Children = append(m.Children, d(child))
	}
	r.Manifests[d(name)] = m
	return r
}

// refers has a manifest in the repository that refers to another.
func (r *repo) refers(name, subject string) *repo {
	m := r.Manifests[d(name)]
	m.Subject = d(subject)
	r.Manifests[d(name)] = m
	return r
}

// tag has tags on a digest.
func (r *repo) tag(name string, tags ...string) *repo {
	r.manifest(name)
	for _, tag := range tags {
		r.Tags = append(r.Tags, retention.Tag{Name: tag, Digest: d(name)})
	}
	slices.SortFunc(r.Tags, func(a, b retention.Tag) int { return strings.Compare(a.Name, b.Name) })
	return r
}

// retired has tags on a digest that were retired some time ago.
func (r *repo) retired(ago time.Duration, name string, tags ...string) *repo {
	for _, tag := range tags {
		r.Ledger = r.Ledger.With(ledger.Record{Tag: tag, From: "latest", Digest: d(name), At: now.Add(-ago), By: "acme/app#12"})
	}
	return r.tag(name, tags...)
}

// since is when the registry says that a tag was set.
func (r *repo) since(tag string, at time.Time) *repo {
	i := slices.IndexFunc(r.Tags, func(t retention.Tag) bool { return t.Name == tag })
	r.Tags[i].Since = at
	return r
}

// untagged has an untagged manifest that the registry lists; ago below zero is
// one that it does not date.
func (r *repo) untagged(ago time.Duration, name string, children ...string) *repo {
	u := retention.Untagged{Digest: d(name)}
	if ago >= 0 {
		u.Pushed = now.Add(-ago)
	}
	r.Untagged = append(r.Untagged, u)
	return r.manifest(name, children...)
}

func (r *repo) use(tag, name, by string) *repo {
	u := retention.Use{Tag: tag, By: by}
	if name != "" {
		u.Digest = d(name)
	}
	r.Uses = append(r.Uses, u)
	return r
}

// with changes the policy.
func (r *repo) with(change func(*retention.Policy)) *repo {
	change(&r.policy)
	return r
}

func (r *repo) noTagDelete() *repo {
	r.TagDelete = false
	return r
}

func (r *repo) lastTagDeletes() *repo {
	r.LastTagDeletes = true
	return r
}

func (r *repo) decide() decision {
	return decision{retention.Decide(r.Facts, r.policy, now)}
}

// decision is a decision with what tests ask of it.
type decision struct{ retention.Decision }

// verdict returns what was decided about a tag, or an untagged manifest by its
// name.
func (g decision) verdict(t testing.TB, name string) retention.Verdict {
	t.Helper()
	for _, v := range g.Verdicts {
		if v.Tag == name && name != "" || v.Tag == "" && v.Digest == d(name) {
			return v
		}
	}
	require.Failf(t, "no verdict", "about %s", name)
	return retention.Verdict{}
}

// reasons returns the reason by tag, with a minus sign before what goes.
func (g decision) reasons() map[string]string {
	all := map[string]string{}
	for _, v := range g.Verdicts {
		name := v.Tag
		if name == "" {
			name = string(v.Digest)
		}
		all[name] = sign(v) + string(v.Reason)
	}
	return all
}

func sign(v retention.Verdict) string {
	if v.Keep {
		return ""
	}
	return "-"
}

// tags returns the names of the tags to delete.
func (g decision) tags() []string {
	var names []string
	for _, tag := range g.Tags {
		names = append(names, tag.Name)
	}
	return names
}

// digests makes a list of digests from names.
func digests(names ...string) []image.Digest {
	var all []image.Digest
	for _, name := range names {
		all = append(all, d(name))
	}
	return all
}
