package gitlab_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/forgetest"
	"github.com/basekeeper/basekeeper/internal/forge/gitlab"
	"github.com/basekeeper/basekeeper/internal/sandbox/git"
	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
	"github.com/basekeeper/basekeeper/internal/sandbox/spectest"
)

// world is a GitLab in memory with a group's access token.
type world struct {
	*sandbox.Server
	clock   *forgetest.Clock
	handler http.Handler
}

const (
	group  = "acme"
	token  = "glpat-basekeeper"
	person = "alice"
	prefix = "basekeeper/"
	branch = "basekeeper/debian"
)

// newWorld makes one as all tests have it, whose requests are held against
// GitLab's description.
func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOf(t, sandbox.Options{})
}

func newWorldOf(t testing.TB, o sandbox.Options) *world {
	t.Helper()
	w := &world{clock: forgetest.NewClock()}
	o.Now = w.clock.Now
	w.Server = sandbox.New(o)
	w.handler = spectest.WrapGitLab(t, w.Handler())
	w.AddGroup(group)
	w.AddUser(person)
	w.AddToken(token, sandbox.Token{Kind: sandbox.PersonalToken, Login: "basekeeper"})
	return w
}

// client returns a client of the world; change changes its options.
func (w *world) client(t testing.TB, change func(*gitlab.Options)) *gitlab.Client {
	t.Helper()
	o := gitlab.Options{Token: token, Now: w.clock.Now, Sleep: w.clock.Sleep, Transport: forgetest.Direct{Handler: w.handler}}
	if change != nil {
		change(&o)
	}
	c, err := gitlab.New(o)
	require.NoError(t, err)
	return c
}

// harness is a world as the conformance suite sees it.
type harness struct{ *world }

func (h harness) Client(t *testing.T, around func(http.RoundTripper) http.RoundTripper) forgetest.Forge {
	return h.client(t, func(o *gitlab.Options) {
		if around != nil {
			o.Transport = around(o.Transport)
		}
	})
}

func (harness) Owner() string { return group }

func (harness) Swaps() bool { return false }

func (harness) Sizes() bool { return false }

func files(all []forge.NewFile) []sandbox.File {
	var out []sandbox.File
	for _, f := range all {
		out = append(out, sandbox.File{Path: f.Path, Mode: git.Mode(f.Mode), Content: f.Content})
	}
	return out
}

func (h harness) Create(t *testing.T, name string, as forgetest.Kind, all ...forge.NewFile) {
	o := sandbox.ProjectOptions{Archived: as.Archived, Topics: as.Topics, Empty: len(all) == 0}
	if as.Private {
		o.Visibility = sandbox.Private
	}
	if as.Fork {
		o.ForkOf = "upstream/of-" + name[len(group)+1:]
		require.NoError(t, h.CreateProject(o.ForkOf, sandbox.ProjectOptions{}, files(all)...))
	}
	require.NoError(t, h.CreateProject(name, o, files(all)...))
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
	number, err := h.OpenMergeRequest(name, person, head, base, title, "")
	require.NoError(t, err)
	return number
}

func (h harness) OpenForeign(t *testing.T, name, head, base, title string, all ...forge.NewFile) (int, string) {
	number, id, err := h.Server.OpenForeign(name, "mallory", head, base, title, files(all)...)
	require.NoError(t, err)
	return number, id
}

func (h harness) Remove(t *testing.T, name, branch, path string) string {
	id, err := h.Server.Push(name, branch, person, "By hand", sandbox.File{Path: path, Delete: true})
	require.NoError(t, err)
	return id
}

func (h harness) Merge(t *testing.T, name string, number int) {
	require.NoError(t, h.MergeMergeRequest(name, number, person))
}

func (h harness) Reject(t *testing.T, name string, number int) {
	require.NoError(t, h.CloseMergeRequest(name, number, person))
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
	states := map[string]forge.State{"opened": forge.Open, "closed": forge.Closed, "merged": forge.Merged}
	var all []forgetest.Pull
	for _, m := range h.MergeRequests(name) {
		pull := forgetest.Pull{
			Number: m.IID, State: states[m.State], Title: m.Title, Body: m.Description, Base: m.Target, Head: m.Source, HeadID: m.SHA,
			Commits: len(m.Commits), Draft: m.Draft, Labels: m.Labels, Assignees: m.Assignees, Reviewers: m.Reviewers,
		}
		if m.Draft {
			pull.Title = m.Title[len("Draft: "):]
		}
		for _, n := range h.Notes(name, m.IID) {
			pull.Comments = append(pull.Comments, n.Body)
		}
		all = append(all, pull)
	}
	return all
}

func TestConformance(t *testing.T) {
	forgetest.Run(t, func(t *testing.T) forgetest.Harness { return harness{newWorld(t)} })
}

var _ forgetest.Forge = (*gitlab.Client)(nil)
