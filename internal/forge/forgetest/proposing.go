package forgetest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
)

func testPropose(t *testing.T, h Harness) {
	f, name := app(t, h)
	r := find(t, f, name)
	p := proposal(r, newFrom)
	p.Labels, p.Draft = []string{"dependencies", "docker"}, true
	before := h.Writes()
	done, err := f.Propose(t.Context(), p)
	require.NoError(t, err)
	assert.LessOrEqual(t, h.Writes()-before, 3)
	assert.Empty(t, done.Warnings)

	pull := only(t, h, name)
	assert.Equal(t, forge.Open, pull.State)
	assert.Equal(t, p.Title, pull.Title)
	assert.Equal(t, p.Body, pull.Body)
	assert.Equal(t, "main", pull.Base)
	assert.Equal(t, branch, pull.Head)
	assert.Equal(t, done.Commit, pull.HeadID)
	assert.Equal(t, 1, pull.Commits)
	assert.True(t, pull.Draft)
	assert.ElementsMatch(t, p.Labels, pull.Labels)
	assert.Equal(t, pull.Number, done.Pull.Number)
	assert.ElementsMatch(t, p.Labels, done.Pull.Labels)
	assertHolds(t, h, name, branch, "Dockerfile", newFrom)
	assertHolds(t, h, name, branch, "README.md", "# app\n")
	assertHolds(t, h, name, "main", "Dockerfile", oldFrom)
}

func testProposeBytes(t *testing.T, h Harness) {
	name := h.Owner() + "/app"
	var before, after []forge.NewFile
	for path, content := range contents {
		mode := "100644"
		if path == "crlf" || path == "binary" {
			mode = "100755"
		}
		before = append(before, forge.NewFile{Path: "dir/" + path, Mode: mode, Content: []byte("old\n")})
		after = append(after, forge.NewFile{Path: "dir/" + path, Mode: mode, Content: []byte(content)})
	}
	h.Create(t, name, Kind{}, append(before, text("other", "stays"))...)
	f := h.Client(t, nil)
	for step, files := range map[string][]forge.NewFile{"made": after, "moved on": append(after, text("other", "moves"))} {
		r := find(t, f, name)
		p := proposal(r, "")
		p.Files = files
		done, err := f.Propose(t.Context(), p)
		require.NoError(t, err, step)
		entries, err := f.Tree(t.Context(), forge.Commitish{Repository: r, Commit: done.Commit})
		require.NoError(t, err)
		modes := map[string]string{}
		for _, e := range entries {
			modes[e.Path] = e.Mode
		}
		for _, file := range files {
			assertHolds(t, h, name, branch, file.Path, string(file.Content))
			assert.Equal(t, file.Mode, modes[file.Path], file.Path)
		}
		assert.Len(t, entries, len(contents)+1, step)
	}
	assert.Equal(t, 1, only(t, h, name).Commits)
}

func testHostileNames(t *testing.T, h Harness) {
	name := h.Owner() + "/app.js-x_1"
	const path = "a b/%2e%2e/#?&+\"'`$(x)/🐳.Dockerfile"
	h.Create(t, name, Kind{}, text(path, oldFrom))
	f := h.Client(t, nil)
	for _, b := range []string{"basekeeper/ubuntu-22.04+x", "basekeeper/a#b%2f&c=d'\"$(x)`", "basekeeper/日本"} {
		p := proposal(find(t, f, name), newFrom)
		p.Branch, p.Title, p.Body = b, `"; drop @everyone <b>#1</b> \u0000`, "${{ github.token }} `x`\r\n\\/close" // whoever writes bodies escapes quick actions
		p.Files[0].Path = path
		done, err := f.Propose(t.Context(), p)
		require.NoError(t, err, b)
		assert.Equal(t, b, done.Pull.Head)
		assertHolds(t, h, name, b, path, newFrom)
		pulls := h.Pulls(t, name)
		last := pulls[len(pulls)-1]
		assert.Equal(t, p.Title, last.Title)
		assert.Equal(t, p.Body, last.Body)

		heads, err := f.Heads(t.Context(), []forge.Ref{{Repository: p.Repository, Branch: b}})
		require.NoError(t, err)
		assert.Equal(t, []string{done.Commit}, heads)
		require.NoError(t, f.Close(t.Context(), p.Repository, done.Pull, done.Commit, "", "no"))
		assert.Empty(t, h.Head(t, name, b))
	}
}

// testLeftover is about what an earlier run, which did not come to its end, has
// left behind.
func testLeftover(t *testing.T, h Harness) {
	tests := map[string]func(t *testing.T, f Forge, name string){
		"at-its-base": func(t *testing.T, f Forge, name string) {
			h.Move(t, name, branch, find(t, f, name).Head)
		},
		"with-a-commit": func(t *testing.T, f Forge, name string) {
			r, done := proposed(t, f, name, newFrom)
			require.NoError(t, f.Close(t.Context(), r, done.Pull, "", "", "not yet"))
		},
	}
	for step, leave := range tests {
		t.Run(step, func(t *testing.T) {
			name := h.Owner() + "/" + step
			h.Create(t, name, Kind{}, text("Dockerfile", oldFrom))
			f := h.Client(t, nil)
			leave(t, f, name)
			before := len(h.Pulls(t, name))
			r, done := proposed(t, f, name, newest)
			assert.Len(t, h.Pulls(t, name), before+1)
			assertHolds(t, h, name, branch, "Dockerfile", newest)
			require.Len(t, r.Branches, 1)
			assert.Equal(t, []string{r.Head}, r.Branches[0].Head.Parents)
			assert.Equal(t, done.Commit, r.Branches[0].Head.ID)
		})
	}
}

func testMoveOn(t *testing.T, h Harness) {
	f, name := app(t, h)
	_, first := proposed(t, f, name, newFrom)
	h.Push(t, name, "main", text("README.md", "# better\n"))
	r := find(t, f, name)
	p := proposal(r, newest)
	p.Title, p.Body, p.Labels = "Bump debian:12 again", "More.", []string{"late"}
	before := h.Writes()
	done, err := f.Propose(t.Context(), p)
	require.NoError(t, err)
	assert.LessOrEqual(t, h.Writes()-before, 4)
	assert.Equal(t, first.Pull.Number, done.Pull.Number)

	pull := only(t, h, name)
	assert.Equal(t, forge.Open, pull.State, "it was never empty")
	assert.Equal(t, p.Title, pull.Title)
	assert.Equal(t, p.Body, pull.Body)
	assert.Equal(t, []string{"late"}, pull.Labels)
	assert.Equal(t, 1, pull.Commits)
	assertHolds(t, h, name, branch, "Dockerfile", newest)
	assertHolds(t, h, name, branch, "README.md", "# better\n")
	b := find(t, f, name).Branches[0]
	assert.Equal(t, forge.Commit{ID: done.Commit, Parents: []string{r.Head}, Mine: true}, b.Head)
	assert.Equal(t, done.Pull, *b.Pull)
}

// testTooLate has a person push between the look and the write.
func testTooLate(t *testing.T, h Harness) {
	f, name := app(t, h)
	r, _ := proposed(t, f, name, newFrom)
	p := proposal(r, newest)
	p.Title, p.Body = "Another title", "Another body."
	theirs := h.Push(t, name, branch, text("Dockerfile", newFrom+"# mine\n"))
	_, err := f.Propose(t.Context(), p)
	require.ErrorIs(t, err, forge.ErrMoved)
	assert.Equal(t, theirs, h.Head(t, name, branch), "a person's work stays")
	pull := only(t, h, name)
	assert.Equal(t, forge.Open, pull.State)
	assert.Equal(t, "Bump debian:12", pull.Title, "and is not described as what it is not")

	// The same where nothing was there to be seen, for both ways of writing.
	for _, mode := range []string{"100644", "100755"} {
		late := h.Owner() + "/late" + mode
		h.Create(t, late, Kind{}, text("Dockerfile", oldFrom))
		p := proposal(find(t, f, late), newFrom)
		p.Files[0].Mode = mode
		theirs = h.Push(t, late, branch, text("Dockerfile", "FROM mine\n"))
		_, err = f.Propose(t.Context(), p)
		require.ErrorIs(t, err, forge.ErrMoved)
		assert.Equal(t, theirs, h.Head(t, late, branch))
		assert.Empty(t, open(t, h, late), "nobody's commits under our name")
	}
}

// testTwice proposes the same from the same observation, as two runs might.
func testTwice(t *testing.T, h Harness) {
	f, name := app(t, h)
	p := proposal(find(t, f, name), newFrom)
	_, err := f.Propose(t.Context(), p)
	require.NoError(t, err)
	_, err = f.Propose(t.Context(), p)
	require.ErrorIs(t, err, forge.ErrMoved)
	assert.Equal(t, forge.Open, only(t, h, name).State)
	assertHolds(t, h, name, branch, "Dockerfile", newFrom)

	// The same for one that is moved on: what it says is not put back.
	p = proposal(find(t, f, name), newest)
	p.Title = "Bump again"
	_, err = f.Propose(t.Context(), p)
	require.NoError(t, err)
	_, err = f.Propose(t.Context(), p)
	require.ErrorIs(t, err, forge.ErrMoved)
	assert.Equal(t, "Bump again", only(t, h, name).Title)
	assertHolds(t, h, name, branch, "Dockerfile", newest)
}
