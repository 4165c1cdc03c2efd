package github_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/forgetest"
	"github.com/basekeeper/basekeeper/internal/forge/github"
	"github.com/basekeeper/basekeeper/internal/sandbox/git"
	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/github"
	"github.com/basekeeper/basekeeper/internal/sandbox/spectest"
)

// world is a GitHub in memory with a token for basekeeper[bot].
type world struct {
	*sandbox.Server
	clock   *forgetest.Clock
	handler http.Handler
}

const (
	org    = "acme"
	token  = "ghs_basekeeper"
	person = "alice"
)

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{clock: forgetest.NewClock()}
	w.Server = sandbox.New(sandbox.Options{Now: w.clock.Now})
	w.handler = spectest.Wrap(t, w.Handler())
	w.AddOrganization(org)
	w.AddUser(person)
	w.AddToken(token, sandbox.Token{Login: "basekeeper[bot]", Kind: sandbox.InstallationToken})
	return w
}

// serve answers as the world does now.
func (w *world) serve(out http.ResponseWriter, req *http.Request) { w.handler.ServeHTTP(out, req) }

// client returns a client of the world; change changes its options.
func (w *world) client(t *testing.T, change func(*github.Options)) *github.Client {
	t.Helper()
	o := github.Options{Token: token, Now: w.clock.Now, Sleep: w.clock.Sleep, Transport: forgetest.Direct{Handler: http.HandlerFunc(w.serve)}}
	if change != nil {
		change(&o)
	}
	c, err := github.New(o)
	require.NoError(t, err)
	return c
}

// harness is a world as the conformance suite sees it.
type harness struct{ *world }

func (h harness) Client(t *testing.T, around func(http.RoundTripper) http.RoundTripper) forgetest.Forge {
	return h.client(t, func(o *github.Options) {
		if around != nil {
			o.Transport = around(o.Transport)
		}
	})
}

func (harness) Owner() string { return org }

func (harness) Swaps() bool { return true }

func (harness) Sizes() bool { return true }

func (h harness) Writes() int {
	_, writes := h.Counts()
	return writes
}

func files(all []forge.NewFile) []sandbox.File {
	var out []sandbox.File
	for _, f := range all {
		out = append(out, sandbox.File{Path: f.Path, Mode: git.Mode(f.Mode), Content: f.Content})
	}
	return out
}

func (h harness) Create(t *testing.T, name string, as forgetest.Kind, all ...forge.NewFile) {
	require.NoError(t, h.CreateRepository(name, sandbox.RepositoryOptions{
		Archived: as.Archived, Fork: as.Fork, Private: as.Private, Topics: as.Topics, Empty: len(all) == 0,
	}, files(all)...))
}

func (h harness) Push(t *testing.T, name, branch string, all ...forge.NewFile) string {
	id, err := h.Server.Push(name, branch, person, "By hand", files(all)...)
	require.NoError(t, err)
	return id
}

func (h harness) Move(t *testing.T, name, branch, commit string) {
	require.NoError(t, h.ForcePush(name, branch, person, commit))
}

func (h harness) OpenPull(t *testing.T, name, head, base, title string) int {
	number, err := h.Server.OpenPull(name, person, head, base, title, "")
	require.NoError(t, err)
	return number
}

func (h harness) OpenForeign(t *testing.T, name, head, base, title string, all ...forge.NewFile) (int, string) {
	require.NoError(t, h.Fork(name, "mallory"))
	id, err := h.Server.Push("mallory"+strings.TrimPrefix(name, org), head, "mallory", "From outside", files(all)...)
	require.NoError(t, err)
	number, err := h.Server.OpenPull(name, "mallory", "mallory:"+head, base, title, "")
	require.NoError(t, err)
	return number, id
}

func (h harness) Remove(t *testing.T, name, branch, path string) string {
	id, err := h.Server.Push(name, branch, person, "By hand", sandbox.File{Path: path, Delete: true})
	require.NoError(t, err)
	return id
}

func (h harness) Merge(t *testing.T, name string, number int) {
	require.NoError(t, h.Server.Merge(name, number, person))
}

func (h harness) Reject(t *testing.T, name string, number int) {
	require.NoError(t, h.ClosePull(name, number, person))
}

func (h harness) Head(t *testing.T, name, branch string) string {
	id, err := h.Branch(name, branch)
	if err != nil {
		require.ErrorIs(t, err, git.ErrNotFound)
	}
	return id
}

func (h harness) Read(t *testing.T, name, at, path string) []byte {
	content, err := h.File(name, at, path)
	require.NoError(t, err)
	return content
}

func (h harness) Pulls(_ *testing.T, name string) []forgetest.Pull {
	states := map[string]forge.State{"OPEN": forge.Open, "CLOSED": forge.Closed, "MERGED": forge.Merged}
	var all []forgetest.Pull
	for _, p := range h.PullRequests(name) {
		pull := forgetest.Pull{
			Number: p.Number, State: states[p.State], Title: p.Title, Body: p.Body, Base: p.Base, Head: p.Head, HeadID: p.HeadID,
			Commits: len(p.Commits), Draft: p.Draft, Labels: p.Labels, Assignees: p.Assignees, Reviewers: p.Reviewers,
		}
		for _, c := range h.Comments(name, p.Number) {
			pull.Comments = append(pull.Comments, c.Body)
		}
		all = append(all, pull)
	}
	return all
}

func TestConformance(t *testing.T) {
	forgetest.Run(t, func(t *testing.T) forgetest.Harness { return harness{newWorld(t)} })
}

var _ forgetest.Forge = (*github.Client)(nil)
