package forgetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// listed is what lists of open pull requests have to say of each.
func listed(all []forge.PullRequest) []forge.PullRequest {
	out := slices.Clone(all)
	for i, p := range all {
		out[i] = forge.PullRequest{Number: p.Number, State: p.State, Base: p.Base, Head: p.Head, HeadID: p.HeadID, Foreign: p.Foreign}
	}
	return out
}

// nowhere is a repository that is not there.
func nowhere(h Harness) forge.Repository {
	return forge.Repository{ID: "nothing", Name: h.Owner() + "/nowhere", DefaultBranch: "main", Head: strings.Repeat("9", 40)}
}

func testOpenPulls(t *testing.T, h Harness) {
	f, name := app(t, h)
	_, done := proposed(t, f, name, newFrom)
	theirs := h.Push(t, name, "feature", text("x", "x"))
	number := h.OpenPull(t, name, "feature", "main", "By hand")
	foreign, commit := h.OpenForeign(t, name, "patch", "main", "From outside", text("Dockerfile", newest))
	h.Push(t, name, "declined", text("y", "y"))
	h.Reject(t, name, h.OpenPull(t, name, "declined", "main", "No"))
	quiet, empty := h.Owner()+"/quiet", h.Owner()+"/empty"
	h.Create(t, quiet, Kind{Archived: true, Private: true}, text("Dockerfile", oldFrom))
	h.Create(t, empty, Kind{})

	r := find(t, f, name)
	all := []forge.Repository{find(t, f, quiet), r, find(t, f, empty)}
	got, err := f.OpenPulls(t.Context(), all)
	require.NoError(t, err)
	require.Len(t, got, 3)
	assert.Empty(t, got[0])
	assert.Empty(t, got[2])
	assert.Equal(t, []forge.PullRequest{
		{Number: done.Pull.Number, State: forge.Open, Base: "main", Head: branch, HeadID: done.Commit},
		{Number: number, State: forge.Open, Base: "main", Head: "feature", HeadID: theirs},
		{Number: foreign, State: forge.Open, Base: "main", Head: "patch", HeadID: commit, Foreign: true},
	}, listed(got[1]))
	assert.Equal(t, done.Pull.URL, got[1][0].URL)

	// What a fork's pull request brings can be read where it is to be merged.
	entries, err := f.Tree(t.Context(), forge.Commitish{Repository: r, Commit: commit})
	require.NoError(t, err)
	i := slices.IndexFunc(entries, func(e forge.Entry) bool { return e.Path == "Dockerfile" })
	require.GreaterOrEqual(t, i, 0)
	files, err := f.Files(t.Context(), []forge.Wanted{{Repository: r, Commit: commit, Path: "Dockerfile", Blob: entries[i].Blob}})
	require.NoError(t, err)
	require.NoError(t, files[0].Err)
	assert.Equal(t, newest, string(files[0].Content))

	// A merged one is not open, and one repository that fails is named.
	h.Merge(t, name, number)
	got, err = f.OpenPulls(t.Context(), []forge.Repository{nowhere(h), r})
	assertIncomplete(t, err, nowhere(h).Name)
	assert.Empty(t, got[0])
	assert.Len(t, got[1], 2, "the others are there all the same")

	got, err = f.OpenPulls(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, got)
}

// assertIncomplete checks that an error names the repositories that are not
// there, and only these.
func assertIncomplete(t *testing.T, err error, names ...string) {
	t.Helper()
	require.ErrorIs(t, err, forge.ErrNotFound)
	var incomplete *forge.IncompleteError
	require.ErrorAs(t, err, &incomplete)
	var got []string
	for _, s := range incomplete.Skipped {
		got = append(got, s.Name)
	}
	assert.Equal(t, names, got)
}

// testManyOpenPulls has more than a page of them in one repository of several.
func testManyOpenPulls(t *testing.T, h Harness) {
	f, name := app(t, h)
	other := h.Owner() + "/other"
	h.Create(t, other, Kind{}, text("Dockerfile", oldFrom))
	for i := range 230 {
		head := fmt.Sprintf("feature/%03d", i)
		h.Push(t, name, head, text("x", head))
		h.OpenPull(t, name, head, "main", head)
	}
	h.Push(t, other, "feature", text("x", "x"))
	h.OpenPull(t, other, "feature", "main", "By hand")
	got, err := f.OpenPulls(t.Context(), []forge.Repository{find(t, f, other), find(t, f, name)})
	require.NoError(t, err)
	require.Len(t, got[0], 1)
	require.Len(t, got[1], 230)
	for i, p := range got[1] {
		assert.Equal(t, fmt.Sprintf("feature/%03d", i), p.Head)
	}
}

func testChangedFiles(t *testing.T, h Harness) {
	f, name := app(t, h)
	r := find(t, f, name)
	h.Push(t, name, "feature", text("Dockerfile", newFrom), text("docs/read me é.md", "# app\n"), text("new", "x"))
	h.Remove(t, name, "feature", "README.md") // the same content has another name now
	number := h.OpenPull(t, name, "feature", "main", "By hand")
	h.Push(t, name, "main", text("elsewhere", "y"))
	want := []string{"Dockerfile", "README.md", "docs/read me é.md", "new"}
	got, err := f.ChangedFiles(t.Context(), r, number)
	require.NoError(t, err)
	assert.Equal(t, want, got, "both names of one that moved, and nothing of what came to main since")

	h.Merge(t, name, number)
	got, err = f.ChangedFiles(t.Context(), r, number)
	require.NoError(t, err)
	assert.Equal(t, want, got, "it stays so when it was merged")

	_, err = f.ChangedFiles(t.Context(), r, number+1)
	require.ErrorIs(t, err, forge.ErrNotFound)
	_, err = f.ChangedFiles(t.Context(), nowhere(h), 1)
	require.ErrorIs(t, err, forge.ErrNotFound)
	_, err = f.ChangedFiles(t.Context(), r, 0)
	require.Error(t, err)
}

func testManyChangedFiles(t *testing.T, h Harness) {
	f, name := app(t, h)
	var files []forge.NewFile
	var want []string
	for i := range 250 {
		path := fmt.Sprintf("d%d/f%03d", i%7, i)
		want = append(want, path)
		files = append(files, text(path, path))
	}
	slices.Sort(want)
	h.Push(t, name, "feature", files...)
	got, err := f.ChangedFiles(t.Context(), find(t, f, name), h.OpenPull(t, name, "feature", "main", "By hand"))
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func testMergedPulls(t *testing.T, h Harness) {
	f, name := app(t, h)
	merged := func(since time.Time, repositories ...forge.Repository) [][]forge.Merge {
		t.Helper()
		got, err := f.MergedPulls(t.Context(), repositories, prefix, since)
		require.NoError(t, err)
		require.Len(t, got, len(repositories))
		return got
	}
	_, done := proposed(t, f, name, newFrom)
	assert.Empty(t, merged(time.Time{}, find(t, f, name))[0], "an open one is not merged")
	h.Merge(t, name, done.Pull.Number)
	for _, head := range []string{"feature", "basekeeper/declined", "basekeeper/by-hand"} {
		h.Push(t, name, head, text(head, head))
		number := h.OpenPull(t, name, head, "main", head)
		if strings.HasSuffix(head, "declined") {
			h.Reject(t, name, number)
		} else {
			h.Merge(t, name, number)
		}
	}
	foreign, _ := h.OpenForeign(t, name, "basekeeper/outside", "main", "From outside", text("z", "z"))
	h.Merge(t, name, foreign)

	r := find(t, f, name)
	got := merged(time.Time{}, r)[0]
	require.Len(t, got, 2, "of the repository's own branches under the prefix")
	hand, own := got[0], got[1]
	assert.Equal(t, "basekeeper/by-hand", hand.Head, "the newest comes first")
	assert.False(t, hand.At.Before(own.At))
	account, err := f.Account(t.Context())
	require.NoError(t, err)
	assert.NotEmpty(t, own.Commit)
	assert.NotEqual(t, account.Login, hand.Author)
	assert.Equal(t, forge.Merge{
		Number: done.Pull.Number, URL: done.Pull.URL, Head: branch, Base: "main", Commit: own.Commit, Author: account.Login, At: own.At,
	}, own)
	assert.Equal(t, newFrom, string(h.Read(t, name, own.Commit, "Dockerfile")))

	assert.Equal(t, got, merged(own.At, r)[0], "at that time is not before it")
	assert.Empty(t, merged(hand.At.Add(time.Second), r)[0])
	assert.Equal(t, [][]forge.Merge{got, got}, merged(time.Time{}, r, r))

	all, err := f.MergedPulls(t.Context(), []forge.Repository{nowhere(h), r}, prefix, time.Time{})
	assertIncomplete(t, err, nowhere(h).Name)
	assert.Empty(t, all[0])
	assert.Equal(t, got, all[1], "the others are there all the same")
}

// testManyMergedPulls has one that was merged before many others.
func testManyMergedPulls(t *testing.T, h Harness) {
	f, name := app(t, h)
	merge := func(head string) {
		h.Push(t, name, head, text("x", head))
		h.Merge(t, name, h.OpenPull(t, name, head, "main", head))
	}
	merge("basekeeper/first")
	for i := range 45 {
		merge(fmt.Sprintf("feature/%03d", i))
	}
	got, err := f.MergedPulls(t.Context(), []forge.Repository{find(t, f, name)}, prefix, time.Time{})
	require.NoError(t, err)
	require.Len(t, got[0], 1)
	assert.Equal(t, "basekeeper/first", got[0][0].Head)

	for i := range 102 {
		merge(fmt.Sprintf("basekeeper/%03d", i))
	}
	got, err = f.MergedPulls(t.Context(), []forge.Repository{find(t, f, name)}, prefix, time.Time{})
	require.NoError(t, err)
	require.Len(t, got[0], 100, "the newest")
	assert.Equal(t, "basekeeper/101", got[0][0].Head)
	assert.Equal(t, "basekeeper/002", got[0][99].Head)
}
