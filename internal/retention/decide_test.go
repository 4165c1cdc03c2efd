package retention_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

func TestNothing(t *testing.T) {
	assert.Equal(t, retention.Decision{}, retention.Decide(retention.Facts{}, retention.Policy{}, now))
}

// A digest that stays without its tags keeps one where the registry deletes it
// with the last, and all where the registry cannot delete tags.
func TestTagsOfWhatStays(t *testing.T) {
	build := func() *repo {
		return newRepo().tag("index", "latest").manifest("index", "part").
			retired(50*day, "part", "v1").retired(40*day, "part", "v2", "v3").retired(60*day, "z", "v4")
	}
	got := build().decide()
	assert.ElementsMatch(t, []string{"v1", "v2", "v3", "v4"}, got.tags())
	assert.Equal(t, digests("z"), got.Manifests)

	got = build().lastTagDeletes().decide()
	assert.Equal(t, map[string]string{"latest": "published", "v1": "-expired", "v2": "reachable", "v3": "-expired", "v4": "-expired"}, got.reasons())
	assert.Equal(t, "contained in latest, which is kept; the registry deletes an image with its last tag", got.verdict(t, "v2").Text)
	assert.Empty(t, got.Manifests)

	got = build().noTagDelete().lastTagDeletes().decide()
	assert.Equal(t, map[string]string{"latest": "published", "v1": "reachable", "v2": "reachable", "v3": "reachable", "v4": "-expired"}, got.reasons())
	assert.Equal(t, "contained in latest, which is kept; the registry cannot delete a tag alone", got.verdict(t, "v1").Text)
	assert.Equal(t, digests("z"), got.Manifests)
}

// Where a digest goes with its last tag, what has no tag is still deleted, and
// tags go in an order that the registry accepts.
func TestLastTagDeletesOrder(t *testing.T) {
	got := newRepo().lastTagDeletes().tag("a", "latest").
		retired(40*day, "inner", "v1").manifest("inner", "part").manifest("part").
		retired(40*day, "outer", "v2").manifest("outer", "inner").
		tag("outer.sig", companion("outer", ".sig")).decide()
	assert.Equal(t, []string{companion("outer", ".sig"), "v2", "v1"}, got.tags())
	assert.Equal(t, digests("part"), got.Manifests)
}

func TestSharedCompanions(t *testing.T) {
	// The index that says "no referrers" is the same for all images.
	r := newRepo().retired(40*day, "a", "v1").tag("b", "latest").tag("none", companion("a", ""), companion("b", ""))
	got := r.decide()
	assert.Equal(t, []string{companion("a", ""), "v1"}, sortedTags(got))
	assert.Equal(t, digests("a"), got.Manifests)

	got = r.noTagDelete().decide()
	assert.Equal(t, "shared", got.reasons()[companion("a", "")])
	assert.Equal(t, digests("a"), got.Manifests)
}

func sortedTags(g decision) []string {
	var names []string
	for _, v := range g.Verdicts {
		if v.Tag != "" && !v.Keep {
			names = append(names, v.Tag)
		}
	}
	return names
}

// A companion that is kept for its own sake keeps its image: some registries
// delete the one with the other.
func TestKeptCompanionKeepsItsImage(t *testing.T) {
	r := newRepo().tag("a", "latest").retired(40*day, "part", "v1").retired(40*day, "index", "v2").manifest("index", "part").
		tag("sig", "stable.sig").refers("sig", "part")
	got := r.decide()
	assert.Equal(t, map[string]string{"latest": "published", "v1": "reachable", "v2": "reachable", "stable.sig": "protected"}, got.reasons())
	assert.Equal(t, "kept with stable.sig, which belongs to it", got.verdict(t, "v2").Text)
	assert.Empty(t, got.Manifests)

	got = r.use("stable.sig", "", "acme/gate: policy.yaml:1").decide()
	assert.Equal(t, "in-use", got.reasons()["v1"])
	assert.Equal(t, "in use through "+string(d("sig"))[:19]+": acme/gate: policy.yaml:1", got.verdict(t, "v2").Text)
}

func TestUntagged(t *testing.T) {
	r := newRepo().with(untagged).tag("a", "latest").manifest("a", "child").
		retired(40*day, "b", "v1").
		untagged(99*day, "child").untagged(99*day, "refers to kept").refers("refers to kept", "a").
		untagged(0, "refers to going").refers("refers to going", "b").
		untagged(99*day, "refers to nothing").refers("refers to nothing", "never there").
		untagged(99*day, "used").use("", "used", "acme/shop: Dockerfile:3").
		untagged(99*day, "orphan", "orphan part").untagged(3*day, "orphan part").
		untagged(-1, "undated").untagged(3*day, "young").untagged(99*day, "lost")
	delete(r.Manifests, d("lost"))
	want := map[string][2]string{
		"child":             {"reachable", "contained in latest, which is kept"},
		"refers to kept":    {"companion", "belongs to latest, which is kept"},
		"refers to going":   {"-with-image", "belongs to v1, which goes"},
		"refers to nothing": {"-orphaned", "untagged, pushed 99 days ago, policy 7 days, nothing uses it"},
		"used":              {"in-use", "in use: acme/shop: Dockerfile:3"},
		"orphan":            {"-orphaned", "untagged, pushed 99 days ago, policy 7 days, nothing uses it"},
		"orphan part":       {"-with-image", "contained in " + string(d("orphan"))[:19] + ", which goes"},
		"undated":           {"unknown", "untagged, and when it was pushed is not known"},
		"young":             {"young", "untagged, pushed 3 days ago, goes in 4 days"},
		"lost":              {"unknown", "could not be read"},
	}
	got := r.decide()
	for name, want := range want {
		v := got.verdict(t, name)
		assert.Equal(t, want, [2]string{sign(v) + string(v.Reason), v.Text}, name)
	}
	assert.ElementsMatch(t, digests("b", "refers to going", "refers to nothing", "orphan", "orphan part"), got.Manifests)
	assert.Equal(t, digests("refers to going", "b"), inOrder(got, "refers to going", "b"))
	assert.Equal(t, digests("orphan", "orphan part"), inOrder(got, "orphan", "orphan part"))
	assert.Empty(t, got.verdict(t, "child").Since)
	assert.Equal(t, now.Add(4*day), got.verdict(t, "young").Expires)

	r.policy.Untagged = 0
	got = r.decide()
	assert.ElementsMatch(t, digests("b", "refers to going"), got.Manifests, "the policy keeps untagged manifests, but not those of images that go")
	assert.Equal(t, "other", got.reasons()[string(d("orphan"))])
}

// A digest that is listed as untagged while a tag comes is judged by the tag.
func TestTaggedMeanwhile(t *testing.T) {
	got := newRepo().with(untagged).tag("a", "latest").untagged(99*day, "a").untagged(99*day, "b").untagged(2*day, "b").decide()
	require.Len(t, got.Verdicts, 2)
	assert.Equal(t, retention.Young, got.Verdicts[1].Reason, "of two times the later one counts")
}

func TestReferrersFromTheRegistry(t *testing.T) {
	r := newRepo().tag("a", "latest").retired(40*day, "b", "v1").manifest("sbom")
	r.Referrers[d("b")] = digests("sbom", "never read")
	r.Referrers[d("a")] = digests("scan")
	got := r.decide()
	assert.Equal(t, digests("sbom", "b"), got.Manifests, "what was not read is not deleted")
}

// Digests of other algorithms are cut in the tags that refer to them.
func TestLongDigests(t *testing.T) {
	long := image.Digest("sha512:" + strings.Repeat("0123456789abcdef", 8))
	cut := "sha512-" + strings.Repeat("0123456789abcdef", 4)
	r := newRepo().tag("a", "latest").tag("c", cut, cut+".sig", "sha512-"+strings.Repeat("f", 64), "sha256-"+strings.Repeat("f", 65), "sha1-ff", "sha256-x.sig")
	r.Manifests[long] = retention.Manifest{}
	r.Tags = append(r.Tags, retention.Tag{Name: "zz", Digest: long})
	assert.Equal(t, map[string]string{
		"latest": "published", cut: "companion", cut + ".sig": "companion", "zz": "other",
		"sha512-" + strings.Repeat("f", 64): "companion", "sha256-" + strings.Repeat("f", 65): "other", "sha1-ff": "other", "sha256-x.sig": "other",
	}, r.decide().reasons())
	assert.Contains(t, r.decide().verdict(t, cut).Text, "belongs to zz")
}

// Tags can be made to belong to each other. Nothing decides about those.
func TestCircles(t *testing.T) {
	r := newRepo().tag("x", "latest").
		tag("a", companion("b", ".sig")).tag("b", companion("a", ".sig")).
		untagged(99*day, "p").refers("p", "q").untagged(99*day, "q").refers("q", "p").with(untagged)
	got := r.decide()
	assert.Empty(t, got.Manifests)
	assert.True(t, got.verdict(t, companion("b", ".sig")).Keep)
	assert.Contains(t, got.verdict(t, "p").Text, "about which nothing is decided")

	got = newRepo().tag("x", "latest").manifest("stray").tag("s", companion("stray", ".sig")).decide()
	assert.Contains(t, got.verdict(t, companion("stray", ".sig")).Text, "about which nothing is decided")

	r = newRepo().tag("x", "latest").retired(40*day, "a", "v1").manifest("a", "b", "a").manifest("b", "a").tag("b", companion("a", ".sig"))
	assert.ElementsMatch(t, digests("a", "b"), r.decide().Manifests)
}

func TestAdopt(t *testing.T) {
	got := newRepo().tag("a", "latest", "v1", "nightly", "stable", companion("z", ".sig")).tag("b", "v2", "v3").since("v2", now.Add(-3*day)).
		retired(9*day, "c", "v4").use("v3", "", "x").decide()
	assert.Equal(t, []retention.Tag{
		{Name: "v1", Digest: d("a")}, {Name: "v2", Digest: d("b"), Since: now.Add(-3 * day)}, {Name: "v3", Digest: d("b")},
	}, got.Adopt)

	r := newRepo().retired(9*day, "a", "v1")
	r.Ledger.Records[0].At = time.Time{}
	got = r.decide()
	assert.Equal(t, retention.Unknown, got.verdict(t, "v1").Reason)
	assert.Len(t, got.Adopt, 1, "a record without a time is none")

	r = newRepo().retired(9*day, "a", "old")
	move(r, "old", "b")
	got = r.decide()
	assert.Equal(t, "nothing says that it may expire: it has moved since it was retired", got.verdict(t, "old").Text)
	assert.Empty(t, got.Adopt)
	assert.Empty(t, got.verdict(t, "old").Since)
}

func TestNewest(t *testing.T) {
	names := func(g decision) (kept []string) {
		for _, v := range g.Verdicts {
			if v.Reason == retention.Newest {
				kept = append(kept, v.Tag)
			}
		}
		return kept
	}
	last := func(n int) func(*retention.Policy) { return func(p *retention.Policy) { p.KeepLast = n } }
	tests := map[string]struct {
		r    *repo
		want []string
	}{
		"none":                       {newRepo().with(last(0)).retired(31*day, "a", "v1"), nil},
		"below zero":                 {newRepo().with(last(-1)).retired(31*day, "a", "v1"), nil},
		"more than there are":        {newRepo().with(last(5)).retired(31*day, "a", "v1"), []string{"v1"}},
		"by digest":                  {newRepo().with(last(1)).retired(31*day, "a", "v1", "v2").retired(32*day, "b", "v3"), []string{"v1", "v2"}},
		"its youngest tag counts":    {newRepo().with(last(1)).retired(33*day, "a", "v1").retired(31*day, "a", "v2").retired(32*day, "b", "v3"), []string{"v1", "v2"}},
		"unknown counts as youngest": {newRepo().with(last(1)).tag("a", "v1").retired(33*day, "a", "v2").retired(31*day, "b", "v3"), []string{"v2"}},
		"kept anyway does not count": {newRepo().with(last(1)).tag("a", "latest").retired(31*day, "a", "v1").retired(32*day, "b", "v2").retired(33*day, "c", "v3"), []string{"v1", "v2"}},
		"young ones count":           {newRepo().with(last(2)).retired(time.Hour, "a", "v1").retired(32*day, "b", "v2").retired(33*day, "c", "v3"), []string{"v1", "v2"}},
		"clock ahead of unknown":     {newRepo().with(last(1)).tag("b", "v2").retired(33*day, "b", "v3").retired(-day, "a", "v1"), []string{"v3"}},
		"clock ahead":                {newRepo().with(last(1)).retired(-day, "a", "v1").retired(31*day, "b", "v2"), []string{"v1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tt.want, names(tt.r.decide())) })
	}

	equal := newRepo().with(last(2)).retired(31*day, "a", "v1").retired(31*day, "b", "v2").retired(31*day, "c", "v3").decide()
	assert.Equal(t, []string{"v2", "v3"}, names(equal))
	assert.Len(t, equal.Manifests, 1)
}

func TestForEver(t *testing.T) {
	r := newRepo().retired(99*day, "a", "v1").tag("b", "latest")
	r.policy.KeepFor = 0
	v := r.decide().verdict(t, "v1")
	assert.Equal(t, retention.Verdict{
		Tag: "v1", Digest: d("a"), Keep: true, Reason: retention.Young, Since: now.Add(-99 * day),
		Text: "retired 99 days ago by acme/app#12, kept for ever",
	}, v)
}

func TestDurations(t *testing.T) {
	tests := map[string]struct {
		ago, keep time.Duration
		want      string
	}{
		"hours":       {47 * time.Hour, 72 * time.Hour, "retired 47 hours ago by acme/app#12, goes in 25 hours"},
		"days":        {48 * time.Hour, 100 * time.Hour, "retired 2 days ago by acme/app#12, goes in 3 days"},
		"one hour":    {90 * time.Minute, 150 * time.Minute, "retired 1 hour ago by acme/app#12, goes in 1 hour"},
		"up":          {4*day + 3*time.Hour, 30 * day, "retired 4 days ago by acme/app#12, goes in 26 days"},
		"policy days": {60 * day, 45 * day, "retired 60 days ago by acme/app#12, policy 45 days, nothing uses it"},
		"hours kept":  {60 * day, 60 * time.Hour, "retired 60 days ago by acme/app#12, policy 60 hours, nothing uses it"},
		"an hour":     {60 * day, time.Hour, "retired 60 days ago by acme/app#12, policy 1 hour, nothing uses it"},
		"minutes":     {60 * day, 90 * time.Minute, "retired 60 days ago by acme/app#12, policy 1h30m0s, nothing uses it"},
		"longest":     {0, 1<<63 - 1, "retired less than an hour ago by acme/app#12, goes in 106752 days"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRepo().retired(tt.ago, "a", "v1")
			r.policy.KeepFor = tt.keep
			assert.Equal(t, tt.want, r.decide().verdict(t, "v1").Text)
		})
	}
}
