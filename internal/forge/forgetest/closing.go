package forgetest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
)

func testClosed(t *testing.T, h Harness) {
	f, name := app(t, h)
	ref := func(b string) forge.Ref { return forge.Ref{Repository: find(t, f, name), Branch: b} }
	r, done := proposed(t, f, name, newFrom)
	got, err := f.Closed(t.Context(), []forge.Ref{ref(branch)})
	require.NoError(t, err)
	assert.Equal(t, []*forge.PullRequest{nil}, got, "an open one is not closed")

	h.Reject(t, name, done.Pull.Number)
	number := h.OpenPull(t, name, branch, "main", "By hand")
	h.Reject(t, name, number)
	h.Push(t, name, "basekeeper/theirs", text("x", "x"))
	h.Reject(t, name, h.OpenPull(t, name, "basekeeper/theirs", "main", "By hand"))
	got, err = f.Closed(t.Context(), []forge.Ref{ref("basekeeper/theirs"), ref(branch), ref("main")})
	require.NoError(t, err)
	require.Len(t, got, 3)
	assert.Nil(t, got[0], "nobody declined ours there")
	assert.Nil(t, got[2])
	require.NotNil(t, got[1])
	assert.Equal(t, done.Pull.Number, got[1].Number, "another's is not ours")
	assert.Equal(t, forge.Closed, got[1].State)
	assert.Equal(t, done.Commit, got[1].HeadID)
	assert.Equal(t, done.Pull.Body, got[1].Body)

	require.NoError(t, f.DeleteBranch(t.Context(), r, branch, done.Commit))
	got, err = f.Closed(t.Context(), []forge.Ref{ref(branch)})
	require.NoError(t, err)
	require.NotNil(t, got[0], "the branch is not needed")

	_, second := proposed(t, f, name, newest)
	h.Merge(t, name, second.Pull.Number)
	got, err = f.Closed(t.Context(), []forge.Ref{ref(branch)})
	require.NoError(t, err)
	assert.Nil(t, got[0], "a newer one was merged")

	_, third := proposed(t, f, name, newFrom)
	h.Reject(t, name, third.Pull.Number)
	h.Merge(t, name, h.OpenPull(t, name, branch, "main", "By hand after all"))
	got, err = f.Closed(t.Context(), []forge.Ref{ref(branch)})
	require.NoError(t, err)
	assert.Nil(t, got[0], "whoever opened it")
}

func testClose(t *testing.T, h Harness) {
	f, name := app(t, h)
	r, done := proposed(t, f, name, newFrom)
	before := h.Writes()
	require.NoError(t, f.Close(t.Context(), r, done.Pull, done.Commit, "It was about nothing.", "Closed: up to date."))
	assert.LessOrEqual(t, h.Writes()-before, 3)
	pull := only(t, h, name)
	assert.Equal(t, forge.Closed, pull.State)
	assert.Equal(t, "It was about nothing.", pull.Body)
	assert.Equal(t, []string{"Closed: up to date."}, pull.Comments)
	assert.Empty(t, h.Head(t, name, branch))

	r, done = proposed(t, f, name, newest)
	require.NoError(t, f.Close(t.Context(), r, done.Pull, "", "x", "y"))
	assert.Equal(t, done.Commit, h.Head(t, name, branch), "without a commit the branch stays")
}

func testCloseTooLate(t *testing.T, h Harness) {
	f, name := app(t, h)
	r, done := proposed(t, f, name, newFrom)
	theirs := h.Push(t, name, branch, text("Dockerfile", "FROM mine\n"))
	err := f.Close(t.Context(), r, done.Pull, done.Commit, "Gone.", "Closed: up to date.")
	require.ErrorIs(t, err, forge.ErrMoved)
	assert.Equal(t, theirs, h.Head(t, name, branch))
	assert.Equal(t, forge.Open, only(t, h, name).State, "a person is at work on it")
}

func testNote(t *testing.T, h Harness) {
	f, name := app(t, h)
	r, done := proposed(t, f, name, newFrom)
	before := h.Writes()
	require.NoError(t, f.Note(t.Context(), r, done.Pull, "Hands off.", "I leave it alone."))
	require.NoError(t, f.Note(t.Context(), r, done.Pull, "Hands off!", ""))
	assert.LessOrEqual(t, h.Writes()-before, 3)
	pull := only(t, h, name)
	assert.Equal(t, forge.Open, pull.State)
	assert.Equal(t, "Hands off!", pull.Body)
	assert.Equal(t, []string{"I leave it alone."}, pull.Comments)
	assert.Equal(t, done.Pull.Title, pull.Title)
}

func testDeleteBranch(t *testing.T, h Harness) {
	f, name := app(t, h)
	r := find(t, f, name)
	commit := h.Push(t, name, "basekeeper/left", text("x", "x"))
	require.ErrorIs(t, f.DeleteBranch(t.Context(), r, "basekeeper/left", r.Head), forge.ErrMoved)
	assert.Equal(t, commit, h.Head(t, name, "basekeeper/left"))
	require.NoError(t, f.DeleteBranch(t.Context(), r, "basekeeper/left", commit))
	assert.Empty(t, h.Head(t, name, "basekeeper/left"))
	require.ErrorIs(t, f.DeleteBranch(t.Context(), r, "basekeeper/left", commit), forge.ErrMoved)
}
