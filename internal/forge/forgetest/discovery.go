package forgetest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
)

func testRepositories(t *testing.T, h Harness) {
	o := h.Owner()
	h.Create(t, o+"/b", Kind{Topics: []string{"docker", "web"}}, text("Dockerfile", oldFrom))
	h.Create(t, o+"/a", Kind{}, text("Dockerfile", oldFrom))
	h.Create(t, o+"/C", Kind{Archived: true}, text("Dockerfile", oldFrom))
	h.Create(t, o+"/d-empty", Kind{})
	h.Create(t, o+"/e", Kind{Private: true, Fork: true}, text("Dockerfile", oldFrom))
	h.Create(t, "somebody/else", Kind{}, text("Dockerfile", oldFrom))

	f := h.Client(t, nil)
	found, skipped, err := f.Repositories(t.Context(), forge.Scope{Organizations: []string{o}, Names: []string{o + "/a"}, BranchPrefix: prefix})
	require.NoError(t, err)
	assert.Empty(t, skipped)
	var names []string
	for _, r := range found {
		names = append(names, r.Name)
		assert.NotEmpty(t, r.ID, r.Name)
		assert.Empty(t, r.Branches, r.Name)
		if r.Name == o+"/d-empty" {
			assert.Empty(t, r.Head, "no commit, no head")
			continue
		}
		assert.Equal(t, "main", r.DefaultBranch, r.Name)
		assert.Equal(t, h.Head(t, r.Name, "main"), r.Head, r.Name)
	}
	require.Equal(t, []string{o + "/a", o + "/b", o + "/C", o + "/d-empty", o + "/e"}, names, "each once, by name")
	assert.ElementsMatch(t, []string{"docker", "web"}, found[1].Topics)
	assert.True(t, found[2].Archived)
	assert.True(t, found[4].Private)
	assert.True(t, found[4].Fork)
	assert.False(t, found[0].Archived || found[0].Private || found[0].Fork || found[0].Locked)

	again, _, err := f.Repositories(t.Context(), forge.Scope{Organizations: []string{o}, BranchPrefix: prefix})
	require.NoError(t, err)
	require.Len(t, again, len(found))
	found[0].Partial = again[0].Partial // by its name more may be known of it
	assert.Equal(t, found, again)
}

func testNames(t *testing.T, h Harness) {
	o := h.Owner()
	h.Create(t, o+"/a", Kind{}, text("Dockerfile", oldFrom))
	h.Create(t, o+"/b", Kind{}, text("Dockerfile", oldFrom))
	scope := forge.Scope{Names: []string{o + "/b", o + "/nowhere", o + "/a", "no-slash", o + "/a", o + "/../etc"}, BranchPrefix: prefix}
	found, skipped, err := h.Client(t, nil).Repositories(t.Context(), scope)
	require.NoError(t, err)
	require.Len(t, found, 2)
	assert.Equal(t, o+"/a", found[0].Name)
	assert.Equal(t, o+"/b", found[1].Name)
	require.Len(t, skipped, 3)
	why := map[string]error{}
	for _, s := range skipped {
		why[s.Name] = s.Err
	}
	require.ErrorIs(t, why[o+"/nowhere"], forge.ErrNotFound)
	require.Error(t, why["no-slash"])
	require.Error(t, why[o+"/../etc"])

	found, skipped, err = h.Client(t, nil).Repositories(t.Context(), forge.Scope{Organizations: []string{"nobody-of-that-name"}})
	require.NoError(t, err)
	assert.Empty(t, found)
	require.Len(t, skipped, 1)
	assert.ErrorIs(t, skipped[0].Err, forge.ErrNotFound)
}

func testBranches(t *testing.T, h Harness) {
	f, name := app(t, h)
	h.Push(t, name, "feature", text("x", "x"))
	h.Push(t, name, "basekeeper/by-hand", text("x", "x"))
	h.Push(t, name, "basekeeper-not-ours", text("x", "x"))
	r, done := proposed(t, f, name, newFrom)

	require.Len(t, r.Branches, 2)
	hand, own := r.Branches[0], r.Branches[1]
	assert.Equal(t, "basekeeper/by-hand", hand.Name)
	assert.Nil(t, hand.Pull)
	assert.False(t, hand.Head.Mine)
	assert.Equal(t, forge.Commit{ID: done.Commit, Parents: []string{r.Head}, Mine: true}, own.Head)
	assert.Equal(t, branch, own.Name)
	require.NotNil(t, own.Pull)
	assert.Equal(t, done.Pull, *own.Pull, "Propose says what the listing does")
	assert.True(t, own.Pull.Mine)
	assert.False(t, own.Pull.OthersTouch || own.Pull.Foreign || own.Pull.Draft || own.Pull.Conflicting)
	assert.Equal(t, 1, own.Pull.Commits)
	assert.Equal(t, forge.Open, own.Pull.State)

	// More branches than fit a listing.
	for _, b := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"} {
		h.Push(t, name, prefix+b, text("x", b))
	}
	r = find(t, f, name)
	require.Len(t, r.Branches, 14)
	for i := 1; i < len(r.Branches); i++ {
		assert.Less(t, r.Branches[i-1].Name, r.Branches[i].Name)
	}
	for _, b := range r.Branches {
		assert.Equal(t, h.Head(t, name, b.Name), b.Head.ID, b.Name)
	}
}

func testWhoseCommits(t *testing.T, h Harness) {
	f, name := app(t, h)
	_, done := proposed(t, f, name, newFrom)
	h.Push(t, name, branch, text("Dockerfile", newFrom+"# better\n"))
	b := find(t, f, name).Branches[0]
	assert.False(t, b.Head.Mine)
	require.NotNil(t, b.Pull)
	assert.Equal(t, done.Pull.Number, b.Pull.Number)
	assert.True(t, b.Pull.Mine, "who opened it does not change")
	assert.True(t, b.Pull.OthersTouch)
	assert.Equal(t, 2, b.Pull.Commits)

	h.Push(t, name, "basekeeper/theirs", text("x", "x"))
	number := h.OpenPull(t, name, "basekeeper/theirs", "main", "By hand")
	b = find(t, f, name).Branches[1]
	require.NotNil(t, b.Pull)
	assert.Equal(t, number, b.Pull.Number)
	assert.False(t, b.Pull.Mine)
	assert.True(t, b.Pull.OthersTouch)
}
