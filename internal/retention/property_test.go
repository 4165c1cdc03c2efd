package retention_test

import (
	"math/rand"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// TestProperties carries decisions about random repositories out and looks at
// what is left.
func TestProperties(t *testing.T) {
	const cases = 1500
	seen := map[retention.Reason]int{}
	seed := int64(0)
	defer func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	}()
	for ; seed < cases; seed++ {
		random := rand.New(rand.NewSource(seed))
		g := check(t, newModel(random.Intn), random)
		for _, v := range g.Verdicts {
			seen[v.Reason]++
		}
		if t.Failed() {
			return
		}
	}
	for _, reason := range []retention.Reason{
		retention.Published, retention.Protected, retention.InUse, retention.Reachable, retention.Companion, retention.Newest, retention.Young,
		retention.Unknown, retention.NotRetired, retention.Own, retention.Shared, retention.Expired, retention.Orphaned, retention.WithImage,
	} {
		assert.Greater(t, seen[reason], 50, "%s hardly happens", reason)
	}
}

// check decides about a repository, carries that out and holds the result to
// what was promised. Refusals about shares are not looked at: what would have
// been deleted has to be right all the same.
func check(t testing.TB, m *model, random *rand.Rand) retention.Decision {
	t.Helper()
	before := newWorld(m.facts())
	g := retention.Decide(before.Facts, m.policy, now)
	require.Equal(t, g, retention.Decide(shuffled(before.Facts, random), m.policy, now), "the order of facts must not matter")
	require.Len(t, g.Verdicts, len(before.Tags)+len(before.Untagged))
	checkTags(t, m, before, g)
	checkOrder(t, before, g)

	require.NoError(t, m.apply(g))
	checkKept(t, m, before, g)
	checkGone(t, m, before, g)

	again := retention.Decide(m.later(before), m.policy, now)
	assert.Empty(t, again.Tags, "a second run must delete nothing")
	assert.Empty(t, again.Manifests, "a second run must delete nothing")
	assert.Empty(t, again.Refused)
	if len(again.Adopt) == 0 {
		return g
	}
	for _, tag := range again.Adopt {
		at := tag.Since
		if at.IsZero() {
			at = now
		}
		m.ledger = m.ledger.With(ledger.Record{Tag: tag.Name, Digest: tag.Digest, At: at})
	}
	adopted := retention.Decide(m.later(before), m.policy, now)
	assert.Empty(t, adopted.Tags, "records must not make anything go at once")
	assert.Empty(t, adopted.Manifests)
	assert.Empty(t, adopted.Adopt)
	return g
}

// checkTags holds each verdict about a tag to the policy.
func checkTags(t testing.TB, m *model, before world, g retention.Decision) {
	t.Helper()
	kept := map[image.Digest]bool{}
	for i, tag := range before.Tags {
		v := g.Verdicts[i]
		require.Equal(t, tag.Name, v.Tag)
		require.Equal(t, tag.Digest, v.Digest)
		require.NotEmpty(t, v.Text)
		start, may := age(m, tag)
		if v.Keep {
			kept[tag.Digest] = kept[tag.Digest] || may
			continue
		}
		require.False(t, tag.Name == "latest" || m.policy.Protected(tag.Name) || ledger.IsOwn(tag.Name), "%s is never deleted", tag.Name)
		for _, use := range m.uses {
			require.False(t, use.Tag == tag.Name || use.Digest == tag.Digest, "%s is in use", tag.Name)
		}
		if v.Reason == retention.WithImage {
			require.True(t, hasSubject(tag.Name) || before.Manifests[tag.Digest].Subject != "", tag.Name)
			continue
		}
		require.True(t, may && !start.IsZero(), "%s may not expire", tag.Name)
		require.Positive(t, m.policy.KeepFor)
		require.False(t, start.Add(m.policy.KeepFor).After(now) || start.Add(m.policy.MinimumAge).After(now), "%s is too young", tag.Name)
		require.Equal(t, retention.Expired, v.Reason)
	}
	if slices.ContainsFunc(g.Verdicts, func(v retention.Verdict) bool { return v.Reason == retention.Expired }) {
		require.GreaterOrEqual(t, len(kept), m.policy.KeepLast, "so many retired digests have to be left")
	}
}

// age is when the time of a tag began, and whether it may expire at all.
func age(m *model, tag retention.Tag) (start time.Time, may bool) {
	may = m.policy.Expires(tag.Name)
	if record, ok := m.ledger.Record(tag.Name); ok && record.Digest == tag.Digest {
		start, may = record.At, true
	}
	if tag.Since.After(start) {
		start = tag.Since
	}
	if back := m.returned[tag.Name]; !start.IsZero() && back.After(start) {
		start = back
	}
	return start, may
}

func hasSubject(tag string) bool {
	_, ok := subjectOf(tag)
	return ok
}

// checkOrder: nothing that is deleted is needed by something that goes later,
// unless it is in a circle.
func checkOrder(t testing.TB, before world, g retention.Decision) {
	t.Helper()
	place := map[image.Digest]int{}
	for i, digest := range g.Manifests {
		_, twice := place[digest]
		require.False(t, twice, "%s is listed twice", digest)
		place[digest] = i
	}
	for i, digest := range g.Manifests {
		content := before.Manifests[digest]
		for _, to := range append(slices.Clone(content.Children), content.Subject) {
			if j, ok := place[to]; ok && j < i {
				assert.True(t, before.names(place, to, digest), "%s goes before %s, which names it", to, digest)
			}
		}
	}
}

// names reports whether a digest names another, directly or by others that go
// too, as what it contains or belongs to.
func (w world) names(going map[image.Digest]int, digest, other image.Digest) bool {
	seen := map[image.Digest]bool{}
	var walk func(image.Digest) bool
	walk = func(at image.Digest) bool {
		if _, ok := going[at]; !ok || seen[at] {
			return false
		}
		seen[at] = true
		next := append(slices.Clone(w.Manifests[at].Children), w.Manifests[at].Subject)
		for _, tag := range w.Tags {
			if subject, ok := subjectOf(tag.Name); ok && tag.Digest == at {
				next = append(next, subject)
			}
		}
		return at == other || slices.ContainsFunc(next, walk)
	}
	return walk(digest)
}

// checkKept: everything that was to be kept is there and whole.
func checkKept(t testing.TB, m *model, before world, g retention.Decision) {
	t.Helper()
	for _, v := range g.Verdicts {
		switch {
		case v.Tag == "":
		case v.Keep:
			require.Equal(t, v.Digest, m.tags[v.Tag], "%s is kept: %s", v.Tag, v.Text)
		default:
			require.NotContains(t, m.tags, v.Tag, "%s goes: %s", v.Tag, v.Text)
		}
	}
	for digest := range before.needs(before.roots(g.Verdicts)...) {
		_, was := before.Manifests[digest]
		_, is := m.manifests[digest]
		require.True(t, is || !was, "something that is kept needs %s", digest)
	}
}

// checkGone: what was to go, and what belongs to that, is not there any more
// unless something kept needs it.
func checkGone(t testing.TB, m *model, before world, g retention.Decision) {
	t.Helper()
	var gone []image.Digest
	for _, v := range g.Verdicts {
		if !v.Keep {
			gone = append(gone, v.Digest)
		}
	}
	kept := before.needs(before.roots(g.Verdicts)...)
	for digest := range before.takes(gone...) {
		_, there := m.manifests[digest]
		require.Equal(t, kept[digest], there, "%s goes, or belongs to what goes", digest)
	}
}

// shuffled is the same facts in another order.
func shuffled(f retention.Facts, random *rand.Rand) retention.Facts {
	shuffle(random, &f.Tags)
	shuffle(random, &f.Untagged)
	shuffle(random, &f.Uses)
	referrers := map[image.Digest][]image.Digest{}
	for subject, list := range f.Referrers {
		shuffle(random, &list)
		referrers[subject] = list
	}
	f.Referrers = referrers
	return f
}

func shuffle[T any](random *rand.Rand, list *[]T) {
	if *list == nil {
		return
	}
	*list = slices.Clone(*list)
	random.Shuffle(len(*list), func(i, j int) { (*list)[i], (*list)[j] = (*list)[j], (*list)[i] })
}
