package retention_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// The incidents that other tools had, and the rule that prevents each.

// R1: everything reachable from a kept root is kept, all the way down, and what
// could not be read deletes nothing.
func TestR1(t *testing.T) {
	r := newRepo().manifest("outer", "inner").manifest("inner", "amd64", "arm64").manifest("amd64").manifest("arm64").
		tag("outer", "latest").retired(99*day, "inner", "v1").retired(99*day, "amd64", "v2").
		retired(99*day, "old", "v3").manifest("old", "amd64", "riscv").manifest("riscv")
	got := r.decide()
	assert.ElementsMatch(t, []string{"v1", "v2", "v3"}, got.tags(), "their digests stay reachable from latest")
	assert.Equal(t, digests("old", "riscv"), got.Manifests)
	assert.Empty(t, got.Refused)

	delete(r.Manifests, d("outer"))
	got = r.decide()
	assert.Equal(t, "cannot read "+string(d("outer"))[:19]+", which the tag latest points at: what it needs is not known", got.Refused)
	assert.False(t, got.verdict(t, "v1").Keep, "the verdicts are there all the same")

	r = newRepo().tag("a", "latest").retired(99*day, "b", "v1").retired(99*day, "c", "v2")
	delete(r.Manifests, d("b"))
	got = r.decide()
	assert.Equal(t, map[string]string{"latest": "published", "v1": "unknown", "v2": "-expired"}, got.reasons())
	assert.Contains(t, got.Refused, "which the tag v1 points at")
}

// R2: tags are deleted, not digests; where a tag cannot be, the digest goes
// only when all of its tags may.
func TestR2(t *testing.T) {
	shared := func() *repo {
		return newRepo().tag("a", "latest").retired(40*day, "a", "v1").retired(40*day, "b", "v2", "v3").retired(40*day, "c", "v4").retired(4*day, "c", "v5")
	}
	got := shared().decide()
	assert.Equal(t, map[string]string{"latest": "published", "v1": "-expired", "v2": "-expired", "v3": "-expired", "v4": "-expired", "v5": "young"}, got.reasons())
	assert.Equal(t, digests("b"), got.Manifests, "the other digests have tags left")
	assert.ElementsMatch(t, []string{"v1", "v2", "v3", "v4"}, got.tags())

	got = shared().noTagDelete().decide()
	assert.Equal(t, map[string]string{"latest": "published", "v1": "shared", "v2": "-expired", "v3": "-expired", "v4": "shared", "v5": "young"}, got.reasons())
	assert.Equal(t, digests("b"), got.Manifests)
	assert.Empty(t, got.Tags)
	assert.Equal(t, "the registry cannot delete it without latest, which is kept", got.verdict(t, "v1").Text)

	got = shared().lastTagDeletes().decide()
	assert.ElementsMatch(t, []string{"v1", "v2", "v3", "v4"}, got.tags())
	assert.Empty(t, got.Manifests, "b goes with v3")
}

// R3: a child of two images stays as long as one of them does.
func TestR3(t *testing.T) {
	r := newRepo().manifest("shared").manifest("own").retired(40*day, "a", "v1").manifest("a", "shared", "own").
		retired(4*day, "b", "v2").manifest("b", "shared")
	got := r.decide()
	assert.Equal(t, digests("a", "own"), got.Manifests)

	for i, record := range r.Ledger.Records {
		r.Ledger.Records[i].At = record.At.Add(-40 * day)
	}
	got = r.tag("x", "latest").decide()
	assert.ElementsMatch(t, digests("a", "own", "b", "shared"), got.Manifests)
	assert.Equal(t, digests("a", "own"), inOrder(got, "a", "own"))
	assert.Equal(t, digests("b", "shared"), inOrder(got, "b", "shared"))
}

// R4: companions never count and never match; they live and die with their
// image.
func TestR4(t *testing.T) {
	r := newRepo().tag("a", "latest").retired(40*day, "b", "v1").retired(50*day, "c", "v2").
		tag("a.sig", companion("a", ".sig")).tag("b.sig", companion("b", ".sig")).tag("b.att", companion("b", ".att")).
		tag("b.sig.sig", companion("b.sig", ".sig")).
		tag("fallback", companion("b", "")).manifest("fallback", "sbom").refers("sbom", "b").
		tag("scan", "v9").refers("scan", "b").
		tag("lost.sig", companion("lost", ".sig"))
	r.policy.KeepLast = 1
	r.policy.Expires = func(string) bool { return true }
	got := r.decide()
	assert.Equal(t, map[string]string{
		"latest": "published", "v1": "newest", "v2": "-expired", "v9": "companion",
		companion("a", ".sig"): "companion", companion("b", ".sig"): "companion", companion("b", ".att"): "companion",
		companion("b.sig", ".sig"): "companion", companion("b", ""): "companion", companion("lost", ".sig"): "companion",
	}, got.reasons())
	assert.Equal(t, digests("c"), got.Manifests)
	assert.Equal(t, "belongs to v1, which is kept", got.verdict(t, companion("b", ".sig")).Text)
	assert.Contains(t, got.verdict(t, companion("lost", ".sig")).Text, "which was not found")

	r.policy.KeepLast = 0
	got = r.decide()
	assert.Equal(t, "-with-image", got.reasons()[companion("b", ".sig")])
	assert.Equal(t, "companion", got.reasons()[companion("a", ".sig")])
	assert.ElementsMatch(t, digests("b", "c", "b.sig", "b.att", "b.sig.sig", "fallback", "sbom", "scan"), got.Manifests)
	for _, pair := range [][2]string{{"b.sig.sig", "b.sig"}, {"b.sig", "b"}, {"fallback", "sbom"}, {"sbom", "b"}, {"scan", "b"}} {
		assert.Equal(t, digests(pair[0], pair[1]), inOrder(got, pair[0], pair[1]))
	}
	assert.ElementsMatch(t, []string{"v1", "v2", "v9", companion("b", ".sig"), companion("b", ".att"), companion("b.sig", ".sig"), companion("b", "")}, got.tags())
	assert.Empty(t, got.Refused, "latest is left, and companions do not count")
}

// R5: the ledger's own times count; unknown, equal or impossible clocks keep.
func TestR5(t *testing.T) {
	tests := map[string]struct {
		tag  func(*repo) *repo
		want retention.Reason
		text string
	}{
		"past its time":                                 {func(r *repo) *repo { return r.retired(41*day, "a", "v1") }, retention.Expired, "retired 41 days ago by acme/app#12, policy 30 days, nothing uses it"},
		"just past":                                     {func(r *repo) *repo { return r.retired(30*day, "a", "v1") }, retention.Expired, "retired 30 days ago by acme/app#12, policy 30 days, nothing uses it"},
		"a second too early":                            {func(r *repo) *repo { return r.retired(30*day-time.Second, "a", "v1") }, retention.Young, "retired 29 days ago by acme/app#12, goes in less than an hour"},
		"just retired":                                  {func(r *repo) *repo { return r.retired(0, "a", "v1") }, retention.Young, "retired less than an hour ago by acme/app#12, goes in 30 days"},
		"retired tomorrow":                              {func(r *repo) *repo { return r.retired(-day, "a", "v1") }, retention.Young, "retired 24 hours ahead of the clock by acme/app#12, goes in 31 days"},
		"no record, no time":                            {func(r *repo) *repo { return r.tag("a", "v1") }, retention.Unknown, "its age is not known; it counts from now"},
		"no record, the registry dates":                 {func(r *repo) *repo { return r.tag("a", "v1").since("v1", now.Add(-31*day)) }, retention.Expired, "tagged 31 days ago, policy 30 days, nothing uses it"},
		"the registry's time is later":                  {func(r *repo) *repo { return r.retired(41*day, "a", "v1").since("v1", now.Add(-3*day)) }, retention.Young, "tagged 3 days ago, goes in 27 days"},
		"the record's time is later":                    {func(r *repo) *repo { return r.retired(4*day, "a", "v1").since("v1", now.Add(-300*day)) }, retention.Young, "retired 4 days ago by acme/app#12, goes in 26 days"},
		"record of another digest":                      {func(r *repo) *repo { return move(r.retired(99*day, "b", "v1"), "v1", "a") }, retention.Unknown, "its age is not known; it counts from now"},
		"record of another digest, not of the template": {func(r *repo) *repo { return move(r.retired(99*day, "b", "old"), "old", "a").tag("a", "v1") }, retention.Unknown, "its age is not known; it counts from now"},
		"restored": {func(r *repo) *repo {
			r.Returned["v1"] = now.Add(-5 * day)
			return r.retired(99*day, "a", "v1")
		}, retention.Young, "deleted 5 days ago and there again, goes in 25 days"},
		"restored before it was retired": {func(r *repo) *repo {
			r.Returned["v1"] = now.Add(-50 * day)
			return r.retired(41*day, "a", "v1")
		}, retention.Expired, "retired 41 days ago by acme/app#12, policy 30 days, nothing uses it"},
		"restored, age unknown": {func(r *repo) *repo {
			r.Returned["v1"] = now.Add(-50 * day)
			return r.tag("a", "v1")
		}, retention.Unknown, "its age is not known; it counts from now"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := tt.tag(newRepo().tag("z", "latest")).decide()
			v := got.verdict(t, "v1")
			assert.Equal(t, tt.want, v.Reason)
			assert.Equal(t, tt.text, v.Text)
			assert.Equal(t, tt.want != retention.Expired, v.Keep)
		})
	}
}

// move points a tag at another digest, behind the ledger's back.
func move(r *repo, tag, name string) *repo {
	r.manifest(name)
	for i := range r.Tags {
		if r.Tags[i].Name == tag {
			r.Tags[i].Digest = d(name)
		}
	}
	return r
}

// R6: protect first, then filter, then count the newest by digest; every tag
// has a reason.
func TestR6(t *testing.T) {
	r := newRepo().tag("a", "latest").retired(31*day, "p", "stable-1").retired(32*day, "u", "v1").use("", "u", "acme/shop: Dockerfile:3").
		retired(33*day, "b", "v2", "v3").retired(60*day, "b", "v4").retired(34*day, "c", "v5").retired(35*day, "e", "v6").
		tag("n", "nightly").tag("s", companion("a", ".sig")).tag("l", "basekeeper.ledger")
	r.policy.KeepLast = 2
	got := r.decide()
	assert.Equal(t, map[string]string{
		"latest": "published", "stable-1": "protected", "v1": "in-use", "v2": "newest", "v3": "newest", "v4": "newest",
		"v5": "newest", "v6": "-expired", "nightly": "other", companion("a", ".sig"): "companion", "basekeeper.ledger": "own",
	}, got.reasons())
	assert.Equal(t, "among the newest 2, retired 33 days ago by acme/app#12", got.verdict(t, "v2").Text)
	for _, v := range got.Verdicts {
		assert.NotEmpty(t, v.Text, v.Tag)
	}
	v := got.verdict(t, "v5")
	assert.Equal(t, now.Add(-34*day), v.Since)
	assert.Equal(t, now.Add(-4*day), v.Expires, "also of a tag that something else keeps")
	assert.Equal(t, now.Add(-2*day), got.verdict(t, "v1").Expires)
	assert.Zero(t, got.verdict(t, "stable-1").Expires)
}

// R7: the empty policy deletes nothing; too large a share, or all, is refused.
func TestR7(t *testing.T) {
	old := func(expired, kept int) *repo {
		r := newRepo()
		for i := range expired {
			r.retired(40*day, "e"+string(rune('a'+i)), "v"+string(rune('a'+i)))
		}
		for i := range kept {
			r.tag("k"+string(rune('a'+i)), "k"+string(rune('a'+i)))
		}
		return r
	}
	tests := map[string]struct {
		r     *repo
		share float64
		want  string
	}{
		"within":               {old(4, 6), 0.5, ""},
		"exactly":              {old(5, 5), 0.5, ""},
		"over":                 {old(6, 4), 0.5, "would delete 6 of 10 tags, more than the 50% that the policy allows"},
		"one of three":         {old(1, 2), 0.5, ""},
		"two of three":         {old(2, 1), 0.5, "would delete 2 of 3 tags, more than the 50% that the policy allows"},
		"rounding":             {old(29, 71), 0.29, ""},
		"a broken share":       {old(7, 3), 0.125, "would delete 7 of 10 tags, more than the 12.5% that the policy allows"},
		"no limit":             {old(9, 1), 1, ""},
		"none left":            {old(9, 0), 1, "would delete 9 of 9 tags and leave none"},
		"none left of one":     {old(1, 0), 1, "would delete 1 of 1 tags and leave none"},
		"only companions left": {old(1, 0).tag("s", companion("x", ".sig")).tag("l", "basekeeper.ledger"), 1, "would delete 1 of 1 tags and leave none"},
		"a share of nothing":   {old(1, 9), 0, "the policy allows to delete 0% of the tags, which is nothing"},
		"nothing to delete":    {old(0, 3), 0, ""},
		"no tag":               {newRepo().untagged(9*day, "x").with(untagged), 1, "the repository has no image tag: a list of tags that is empty may be a mistake"},
		"untagged only":        {old(0, 1).untagged(9*day, "x").with(untagged), 0.1, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.r.policy.MaxShare = tt.share
			assert.Equal(t, tt.want, tt.r.decide().Refused)
			tt.r.TagDelete = false
			assert.Equal(t, tt.want, tt.r.decide().Refused, "also where tags cannot be deleted")
		})
	}

	r := old(5, 5).untagged(99*day, "x")
	got := decision{retention.Decide(r.Facts, retention.Policy{}, now)}
	assert.Empty(t, got.Tags)
	assert.Empty(t, got.Manifests)
	for _, v := range got.Verdicts {
		assert.True(t, v.Keep, "%s: %s", v.Tag, v.Text)
	}

	r = old(1, 5)
	r.Tags = append(r.Tags, retention.Tag{Name: "ka", Digest: d("kb")})
	assert.Equal(t, "the registry lists the tag ka twice", r.decide().Refused)
}

func untagged(p *retention.Policy) { p.Untagged = 7 * day }

// R8: the minimum age holds for tags and untagged manifests alike.
func TestR8(t *testing.T) {
	r := newRepo().with(untagged).with(func(p *retention.Policy) { p.MinimumAge = 60 * day }).
		tag("a", "latest").retired(40*day, "b", "v1").retired(61*day, "c", "v2").
		untagged(40*day, "x").untagged(61*day, "y")
	got := r.decide()
	assert.Equal(t, map[string]string{
		"latest": "published", "v1": "young", "v2": "-expired", string(d("x")): "young", string(d("y")): "-orphaned",
	}, got.reasons())
	assert.Equal(t, "retired 40 days ago by acme/app#12, goes in 20 days", got.verdict(t, "v1").Text)
	assert.Equal(t, "retired 61 days ago by acme/app#12, minimum age 60 days, nothing uses it", got.verdict(t, "v2").Text)
	assert.Equal(t, "untagged, pushed 40 days ago, goes in 20 days", got.verdict(t, "x").Text)
	assert.Equal(t, "untagged, pushed 61 days ago, policy 60 days, nothing uses it", got.verdict(t, "y").Text)
	assert.ElementsMatch(t, digests("c", "y"), got.Manifests)
}

// R9: untagged manifests have at least a day: they may belong to a build that
// is under way.
func TestR9(t *testing.T) {
	r := newRepo().with(func(p *retention.Policy) { p.Untagged = time.Hour }).
		tag("a", "latest").untagged(23*time.Hour, "fresh").untagged(24*time.Hour, "stale").untagged(-1, "undated").untagged(-1, "undated part").
		retired(99*day, "old", "v1").manifest("old", "part", "fresh part", "undated part").
		untagged(40*day, "part").untagged(2*time.Hour, "fresh part")
	got := r.decide()
	assert.Equal(t, "young", got.reasons()[string(d("fresh"))])
	assert.Equal(t, "-orphaned", got.reasons()[string(d("stale"))])
	assert.Equal(t, "unknown", got.reasons()[string(d("undated"))])
	assert.Equal(t, "untagged, pushed 23 hours ago, goes in 1 hour", got.verdict(t, "fresh").Text)
	assert.Equal(t, "-with-image", got.reasons()[string(d("undated part"))])
	assert.Equal(t, "young", got.reasons()[string(d("fresh part"))], "a build may have pushed it again")
	assert.ElementsMatch(t, digests("stale", "old", "part", "undated part"), got.Manifests)
}

// R10: what anybody names is kept, with everything around and in it.
func TestR10(t *testing.T) {
	r := newRepo().tag("a", "latest").
		manifest("amd64").manifest("arm64").manifest("index", "amd64", "arm64").retired(40*day, "index", "v1", "v2").
		manifest("outer", "index").retired(40*day, "outer", "v3").retired(40*day, "amd64", "v4").
		retired(40*day, "b", "v5", "v6").retired(40*day, "c", "v7").tag("c.sig", companion("c", ".sig")).
		retired(40*day, "e", "v8").
		use("", "arm64", "acme/shop: Dockerfile:3").use("", "arm64", "acme/cart: Dockerfile:1").use("", "arm64", "acme/cart: Dockerfile:1").
		use("v5", "", "acme/pay: Dockerfile:2").use("", "c.sig", "acme/gate: policy.yaml:9").use("", "gone", "acme/old: Dockerfile:1").use("", "", "nobody")
	got := r.decide()
	assert.Equal(t, map[string]string{
		"latest": "published", "v1": "in-use", "v2": "in-use", "v3": "in-use", "v4": "-expired", "v5": "in-use", "v6": "-expired",
		"v7": "in-use", companion("c", ".sig"): "in-use", "v8": "-expired",
	}, got.reasons())
	assert.Equal(t, "in use: acme/pay: Dockerfile:2", got.verdict(t, "v5").Text)
	assert.Equal(t, "in use through "+string(d("arm64"))[:19]+": acme/cart: Dockerfile:1 and 1 more", got.verdict(t, "v3").Text)
	assert.Equal(t, digests("e"), got.Manifests, "b has v5, amd64 is in the used index")

	got = newRepo().tag("a", "latest").retired(40*day, "b", "v1").use("v1", "b", "z").use("", "b", "y").use("", "b", "x").decide()
	assert.Equal(t, "in use: x and 2 more", got.verdict(t, "v1").Text)
}

// R11: uses come from other repositories too; who uses it is for people only,
// and cannot do harm.
func TestR11(t *testing.T) {
	long := make([]rune, 300)
	for i := range long {
		long[i] = 'ü'
	}
	tests := map[string]struct{ by, want string }{
		"other repository":   {"other/team: build/Dockerfile:7 (branch main)", "in use: other/team: build/Dockerfile:7 (branch main)"},
		"nobody":             {"", "in use"},
		"control characters": {"a\nb\x1b[31m\u202ec\u0000d\xff", "in use: ab[31mcd"},
		"long":               {string(long), "in use: " + string(long[:100]) + "…"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := newRepo().tag("a", "latest").retired(40*day, "b", "v1").use("", "b", tt.by).decide()
			assert.Equal(t, tt.want, got.verdict(t, "v1").Text)
			assert.Empty(t, got.Manifests)
		})
	}
}

// inOrder returns those of the manifests to delete that are named, in the order
// of deletion.
func inOrder(g decision, names ...string) []image.Digest {
	var all []image.Digest
	for _, m := range g.Manifests {
		for _, name := range names {
			if m == d(name) {
				all = append(all, m)
			}
		}
	}
	return all
}
