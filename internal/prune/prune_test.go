package prune_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/prune"
	"github.com/basekeeper/basekeeper/internal/retention"
)

func ctx(t require.TestingT) context.Context {
	if t, ok := t.(interface{ Context() context.Context }); ok {
		return t.Context()
	}
	return context.Background()
}

// family is a repository with a bit of everything: v1 and v2 are to go.
func family(t require.TestingT) (*model, map[string]image.Digest) {
	m := newModel(now.Add(-100 * day))
	d := map[string]image.Digest{}
	d["shared"] = m.image("", "shared", "base")
	d["old arm"] = m.image("", "old arm", "base")
	d["v1"] = m.index("v1", d["shared"], d["old arm"])
	d["v2"] = m.image("v2", "v2", "base")
	m.tags["also-v2"] = tagged{d["v2"], m.now}
	d["v3"] = m.index("v3", d["shared"])
	d["latest"] = m.image("latest", "latest", "base")
	d["sig"] = m.referrer("of v1", d["v1"])
	d["sig of sig"] = m.referrer("of sig", d["sig"])
	d["cosign"] = m.image(companion(d["v1"]), "cosign of v1")
	d["cosign of latest"] = m.image(companion(d["latest"]), "cosign of latest")
	m.now = now
	m.remember(t, map[string]int{"v1": 41, "v2": 40, "v3": 2})
	return m, d
}

func TestPlanAndApply(t *testing.T) {
	m, d := family(t)
	before := m.state()
	p := plan(t, m, target())
	r := p.Repositories[0]
	assert.Empty(t, r.Problem)
	assert.Empty(t, r.Refused)
	assert.ElementsMatch(t, []string{"v1", "v2", companion(d["v1"])}, names(r.Tags))
	assert.Equal(t, before, m.state(), "a plan writes nothing")
	for _, request := range m.requests {
		assert.NotRegexp(t, "^(put|delete)", request)
	}

	out := apply(t, m, p)
	require.NoError(t, out.Err)
	assert.Empty(t, out.Skipped)
	assert.Len(t, out.Trash, 1)
	after := m.state()
	assert.Equal(t, map[string]image.Digest{
		"v3": d["v3"], "latest": d["latest"], "also-v2": d["v2"], companion(d["latest"]): d["cosign of latest"],
	}, after.Tags)
	for name, digest := range d {
		_, there := after.Manifests[digest]
		gone := name == "v1" || name == "old arm" || name == "sig" || name == "sig of sig" || name == "cosign"
		assert.Equal(t, !gone, there, name)
	}
	l := m.ledger(t)
	_, ok := l.Record("v1")
	assert.False(t, ok)
	assert.Equal(t, 2, l.Numbers["v{{.Next}}"], "the number is not used again")
	assert.Equal(t, out.Trash, l.Finished)

	assert.True(t, plan(t, m, target()).Empty(), "a second prune has nothing to do")

	m.collect()
	restored, err := m.flow().Restore(t.Context(), repository, prune.Selection{All: true})
	require.NoError(t, err)
	for _, r := range restored {
		require.NoError(t, r.Err)
	}
	assert.Equal(t, before, m.state())
	back, ok := m.ledger(t).Record("v1")
	require.True(t, ok)
	assert.Equal(t, now, back.At)
	assert.Equal(t, "restore, acme/app#12", back.By)
	assert.Empty(t, plan(t, m, target()).Repositories[0].Tags, "what was restored is kept")

	m.requests = nil
	restored, err = m.flow().Restore(t.Context(), repository, prune.Selection{All: true})
	require.NoError(t, err)
	for _, r := range restored {
		assert.False(t, r.Put, r.Tag)
	}
	for _, request := range m.requests {
		assert.NotRegexp(t, "^(put|delete)", request)
	}
}

func TestPlanVerdicts(t *testing.T) {
	m, d := family(t)
	p := plan(t, m, target(retention.Use{Digest: d["old arm"], By: "acme/shop: Dockerfile:3"}, retention.Use{Tag: "v2", By: "acme/web"}))
	assert.Empty(t, p.Repositories[0].Tags, "a pinned child keeps its index, and a named tag itself")
	texts := map[string]string{}
	for _, v := range p.Repositories[0].Verdicts {
		texts[v.Tag] = v.Text
	}
	assert.Contains(t, texts["v1"], "acme/shop")
	assert.Contains(t, texts["v2"], "acme/web")
}

// What changes between plan and apply is kept, and the rest of the plan done.
func TestApplyAgain(t *testing.T) {
	tests := map[string]struct {
		change func(t *testing.T, m *model, d map[string]image.Digest)
		kept   []string // tags of the plan
		there  []string // manifests of the plan
		reason string
	}{
		"moved": {func(_ *testing.T, m *model, d map[string]image.Digest) { m.tags["v2"] = tagged{d["latest"], now} }, []string{"v2"}, nil, "moved since the plan"},
		"an index has a new tag": {func(_ *testing.T, m *model, d map[string]image.Digest) { m.tags["new"] = tagged{d["v1"], now} },
			[]string{"sig"}, []string{"v1", "old arm", "sig", "sig of sig", "cosign"}, "kept since the plan"},
		"a child has a new tag": {func(_ *testing.T, m *model, d map[string]image.Digest) { m.tags["new"] = tagged{d["old arm"], now} },
			nil, []string{"old arm"}, "needs it"},
		"a child has a new index": {func(_ *testing.T, m *model, d map[string]image.Digest) { m.index("new", d["old arm"]) },
			nil, []string{"old arm"}, "needs it"},
		"a new signature": {func(_ *testing.T, m *model, d map[string]image.Digest) { m.referrer("new", d["v1"]) },
			[]string{"v1", "sig"}, []string{"v1", "old arm", "sig", "sig of sig", "cosign"}, "the plan, which does not name it"},
		"a new signature by tag": {func(_ *testing.T, m *model, d map[string]image.Digest) {
			m.image(strings.Replace(companion(d["v1"]), ".sig", ".att", 1), "attestation")
		}, []string{"v1", "sig"}, []string{"v1", "old arm", "sig", "sig of sig", "cosign"}, "kept"},
		"retired anew": {func(t *testing.T, m *model, _ map[string]image.Digest) { m.remember(t, map[string]int{"v1": 1}) },
			[]string{"v1", "sig"}, []string{"v1", "old arm", "sig", "sig of sig", "cosign"}, "retired 24 hours ago"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m, d := family(t)
			p := plan(t, m, target())
			tt.change(t, m, d)
			out := apply(t, m, p)
			require.NoError(t, out.Err)
			for _, tag := range tt.kept {
				if tag == "sig" {
					tag = companion(d["v1"])
				}
				assert.Contains(t, m.tags, tag)
			}
			for _, name := range tt.there {
				assert.Contains(t, m.manifests, d[name], name)
			}
			assert.Contains(t, fmt.Sprint(out.Skipped), tt.reason)
			if !assert.ObjectsAreEqual([]string{"v2"}, tt.kept) {
				assert.NotContains(t, m.tags, "v2", "the rest is done")
			}
		})
	}
}

// A tag may move between any two requests of apply.
func TestApplyRereads(t *testing.T) {
	m, d := family(t)
	p := plan(t, m, target())
	m.before = func(what string) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if what == "head v1" {
			m.tags["v1"] = tagged{d["latest"], now}
		}
		if what == "delete "+companion(d["v1"]) {
			m.tags["late"] = tagged{d["v1"], now}
		}
	}
	out := apply(t, m, p)
	require.NoError(t, out.Err)
	m.before = nil
	assert.Equal(t, d["latest"], m.tags["v1"].digest, "moved just before its deletion")
	for _, name := range []string{"v1", "old arm", "sig", "sig of sig"} {
		assert.Contains(t, m.manifests, d[name], "tagged after the tags were deleted: "+name)
	}
}

func TestApplyRefused(t *testing.T) {
	refusal := fmt.Errorf("%w: immutable", image.ErrRefused)
	tests := map[string]struct {
		refuse func(d map[string]image.Digest) string // the request
		err    error
		there  []string
		tags   []string
		stops  error
	}{
		"no trash":       {func(map[string]image.Digest) string { return "put basekeeper.trash-" }, refusal, []string{"v1", "v2", "old arm", "sig"}, []string{"v1", "v2"}, image.ErrRefused},
		"a tag":          {func(map[string]image.Digest) string { return "delete v1" }, refusal, []string{"v1", "old arm", "shared"}, []string{"v1"}, nil},
		"an index":       {func(d map[string]image.Digest) string { return "delete " + d["v1"].String() }, refusal, []string{"v1", "old arm"}, nil, nil},
		"all, by denial": {func(map[string]image.Digest) string { return "delete " }, fmt.Errorf("%w: 403", image.ErrDenied), []string{"v1", "v2", "old arm", "sig"}, []string{"v1", "v2"}, image.ErrDenied},
		"an outage":      {func(d map[string]image.Digest) string { return "delete " + d["sig"].String() }, errDead, []string{"sig"}, nil, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m, d := family(t)
			before := m.copy()
			p := plan(t, m, target())
			what := tt.refuse(d)
			m.refuse = func(asked string) error {
				if strings.HasPrefix(asked, what) {
					return tt.err
				}
				return nil
			}
			out := apply(t, m, p)
			if tt.stops != nil {
				require.ErrorIs(t, out.Err, tt.stops)
			} else {
				require.NoError(t, out.Err)
				assert.True(t, out.Skipped[0].Failed)
			}
			for _, name := range tt.there {
				assert.Contains(t, m.manifests, d[name], name)
			}
			for _, tag := range tt.tags {
				assert.Contains(t, m.tags, tag)
			}
			m.refuse = nil
			out = apply(t, m, plan(t, m, target()))
			require.NoError(t, out.Err)
			_, err := m.flow().Restore(t.Context(), repository, prune.Selection{All: true})
			require.NoError(t, err)
			assert.Equal(t, before.state(), m.state(), "nothing was lost")
		})
	}
}

func TestApplyRemembersRefusals(t *testing.T) {
	m, _ := family(t)
	m.refuse = func(asked string) error {
		if asked == "delete v2" {
			return image.ErrRefused
		}
		return nil
	}
	apply(t, m, plan(t, m, target()))
	m.refuse = nil
	p := plan(t, m, target())
	assert.Equal(t, []string{"v2"}, names(p.Repositories[0].Tags), "it was never away, and its time is over still")
}

// What cannot be read keeps everything, and the other repositories go on.
func TestPlanProblems(t *testing.T) {
	for _, what := range []string{"list", "get basekeeper.ledger", "get sha256:", "referrers ", "blob "} {
		t.Run(what, func(t *testing.T) {
			m, _ := family(t)
			before := m.state()
			m.refuse = func(asked string) error {
				if strings.HasPrefix(asked, what) {
					return errDead
				}
				return nil
			}
			p := plan(t, m, target())
			assert.Contains(t, p.Repositories[0].Problem, errDead.Error())
			assert.True(t, p.Empty())
			assert.True(t, p.Troubled())
			m.refuse = nil
			require.NoError(t, apply(t, m, p).Err)
			assert.Equal(t, before, m.state())
		})
	}
	m, _ := family(t)
	_, err := m.flow().Plan(t.Context(), []prune.Target{target(), target()})
	require.ErrorContains(t, err, "twice")
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = m.flow().Plan(stopped, []prune.Target{target()})
	require.ErrorIs(t, err, context.Canceled)
}

func TestAdopt(t *testing.T) {
	m := newModel(now)
	m.image("latest", "latest")
	m.image("v7", "old")
	p := plan(t, m, target())
	assert.Equal(t, []string{"v7"}, names(p.Repositories[0].Adopt))
	out := apply(t, m, p)
	require.NoError(t, out.Err)
	assert.Equal(t, []string{"v7"}, out.Adopted)
	r, ok := m.ledger(t).Record("v7")
	require.True(t, ok)
	assert.Equal(t, now, r.At)
	assert.Empty(t, r.From+r.By, "nobody retired it")
	assert.True(t, plan(t, m, target()).Empty())

	m.now = now.Add(31 * day)
	assert.Equal(t, []string{"v7"}, names(plan(t, m, target()).Repositories[0].Tags))
	m.now = now
}

// Trash goes when its time is over, and with it nothing else.
func TestExpiredTrash(t *testing.T) {
	for _, tagDelete := range []bool{true, false} {
		t.Run(fmt.Sprint("tag delete ", tagDelete), func(t *testing.T) {
			m, _ := family(t)
			m.tagDelete = tagDelete
			out := apply(t, m, plan(t, m, target()))
			require.NoError(t, out.Err)
			m.now = now.Add(7*day - time.Second)
			assert.Empty(t, plan(t, m, target()).Repositories[0].ExpiredTrash)
			m.now = now.Add(7 * day)
			p := plan(t, m, target())
			assert.Equal(t, out.Trash, names(p.Repositories[0].ExpiredTrash))
			state := m.state()
			n := len(m.manifests)
			out = apply(t, m, p)
			require.NoError(t, out.Err)
			assert.Equal(t, names(p.Repositories[0].ExpiredTrash), out.Expired)
			assert.Equal(t, state, m.state())
			assert.Len(t, m.manifests, n-1)
			assert.True(t, plan(t, m, target()).Empty())
			_, err := m.flow().Restore(t.Context(), repository, prune.Selection{Tag: "v1"})
			require.ErrorIs(t, err, image.ErrNotFound)
		})
	}
}

// Where a registry has no way to delete a tag alone, a digest goes with all of
// its tags or not at all.
func TestNoTagDelete(t *testing.T) {
	m, d := family(t)
	m.tagDelete = false
	p := plan(t, m, target())
	assert.ElementsMatch(t, []string{"v1", companion(d["v1"])}, names(p.Repositories[0].Tags), "v2 has a tag that stays")
	m.tags["late"] = tagged{d["cosign"], now}
	out := apply(t, m, p)
	require.NoError(t, out.Err)
	assert.Contains(t, m.tags, "v2")
	assert.Contains(t, m.tags, "late")
	assert.Contains(t, m.manifests, d["cosign"])
}

func TestLastTagDeletes(t *testing.T) {
	m, d := family(t)
	m.lastTagDeletes = true
	m.tags["v4"] = tagged{d["old arm"], m.now} // a child with a tag of its own, both expired
	m.remember(t, map[string]int{"v4": 50})
	before := m.state()
	out := apply(t, m, plan(t, m, target()))
	require.NoError(t, out.Err)
	assert.Empty(t, out.Skipped)
	assert.NotContains(t, m.manifests, d["v1"])
	assert.NotContains(t, m.manifests, d["old arm"])
	assert.Contains(t, m.manifests, d["shared"])
	m.collect()
	_, err := m.flow().Restore(t.Context(), repository, prune.Selection{All: true})
	require.NoError(t, err)
	assert.Equal(t, before, m.state())
}

// What is named as another image's keeps what has it: the image, the index
// around it, and what it refers to. It is not looked for.
func TestNamedElsewhere(t *testing.T) {
	for _, name := range []string{"v1", "old arm", "sig"} {
		t.Run(name, func(t *testing.T) {
			m, d := family(t)
			absent := image.FromBytes([]byte("another image"))
			p := plan(t, m, target(
				retention.Use{Digest: absent, By: "b/Dockerfile:1", Elsewhere: true},
				retention.Use{Digest: d[name], By: "a/Dockerfile:1", Elsewhere: true},
			))
			assert.NotContains(t, strings.Join(m.requests, "\n"), absent.String())
			assert.Equal(t, []string{"v2"}, names(p.Repositories[0].Tags))
			assert.Len(t, p.Repositories[0].Uses, 2, "apply knows them too")
			require.NoError(t, apply(t, m, p).Err)
			assert.NotContains(t, strings.Join(m.requests, "\n"), absent.String())
			after := m.state()
			for _, kept := range []string{"v1", "shared", "old arm", "sig", "sig of sig", "cosign"} {
				assert.Contains(t, after.Manifests, d[kept], kept)
			}
		})
	}
}
