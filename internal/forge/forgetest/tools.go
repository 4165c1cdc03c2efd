package forgetest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
)

const (
	prefix  = "basekeeper/"
	branch  = "basekeeper/debian"
	oldFrom = "FROM debian:12@sha256:0000000000000000000000000000000000000000000000000000000000000000\n"
	newFrom = "FROM debian:12@sha256:1111111111111111111111111111111111111111111111111111111111111111\n"
	newest  = "FROM debian:12@sha256:2222222222222222222222222222222222222222222222222222222222222222\n"
)

// text is a plain file.
func text(path, content string) forge.NewFile {
	return forge.NewFile{Path: path, Mode: "100644", Content: []byte(content)}
}

// find lists the one repository of that name.
func find(t *testing.T, f Forge, name string) forge.Repository {
	t.Helper()
	found, skipped, err := f.Repositories(t.Context(), forge.Scope{Names: []string{name}, BranchPrefix: prefix})
	require.NoError(t, err)
	require.Empty(t, skipped)
	require.Len(t, found, 1)
	return found[0]
}

// app makes a repository with a Dockerfile and something beside it.
func app(t *testing.T, h Harness) (f Forge, name string) {
	t.Helper()
	name = h.Owner() + "/app"
	h.Create(t, name, Kind{}, text("Dockerfile", oldFrom), text("README.md", "# app\n"))
	return h.Client(t, nil), name
}

// proposal is a proposal as a flow would make it from what it sees now.
func proposal(r forge.Repository, content string) forge.Proposal {
	p := forge.Proposal{
		Repository: r, Base: "main", BaseID: r.Head, Branch: branch,
		Files:   []forge.NewFile{text("Dockerfile", content)},
		Message: "build(deps): bump debian:12\n\nFrom one digest to another.", Title: "Bump debian:12", Body: "What moved: *everything*.",
	}
	for _, b := range r.Branches {
		if b.Name == branch {
			p.BranchID, p.Pull = b.Head.ID, b.Pull
		}
	}
	return p
}

// proposed makes a pull request and returns the repository as it is then.
func proposed(t *testing.T, f Forge, name, content string) (forge.Repository, forge.Proposed) {
	t.Helper()
	done, err := f.Propose(t.Context(), proposal(find(t, f, name), content))
	require.NoError(t, err)
	return find(t, f, name), done
}

// only returns the only pull request.
func only(t *testing.T, h Harness, name string) Pull {
	t.Helper()
	pulls := h.Pulls(t, name)
	require.Len(t, pulls, 1)
	return pulls[0]
}

// open returns the pull requests that are open.
func open(t *testing.T, h Harness, name string) []Pull {
	t.Helper()
	var all []Pull
	for _, p := range h.Pulls(t, name) {
		if p.State == forge.Open {
			all = append(all, p)
		}
	}
	return all
}

// assertHolds checks a file at a branch.
func assertHolds(t *testing.T, h Harness, name, at, path, want string) {
	t.Helper()
	assert.Equal(t, want, string(h.Read(t, name, at, path)), "%s at %s", path, at)
}
