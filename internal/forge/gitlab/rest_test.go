package gitlab_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/forgetest"
	"github.com/basekeeper/basekeeper/internal/forge/gitlab"
	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// restHarness is a GitLab whose GraphQL is switched off.
type restHarness struct{ harness }

func (h restHarness) Client(t *testing.T, around func(http.RoundTripper) http.RoundTripper) forgetest.Forge {
	return h.harness.Client(t, func(inner http.RoundTripper) http.RoundTripper {
		var rt http.RoundTripper = &spoiled{inner: inner, spoil: without(http.StatusNotFound)}
		if around != nil {
			rt = around(rt)
		}
		return rt
	})
}

// TestConformanceWithoutGraphQL has all go by REST.
func TestConformanceWithoutGraphQL(t *testing.T) {
	forgetest.Run(t, func(t *testing.T) forgetest.Harness { return restHarness{harness{newWorld(t)}} })
}

// TestScopes lists users and memberships, by both halves of the API.
func TestScopes(t *testing.T) {
	for how, spoil := range map[string]spoil{"graphql": func(request) *reply { return nil }, "rest": without(http.StatusForbidden)} {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t)
			for _, name := range []string{"acme/a", "acme/sub/deep/b", "alice/own", "else/where"} {
				w.project(t, name, nil)
			}
			w.project(t, "else/shared", func(o *sandbox.ProjectOptions) { o.SharedWith = []string{group} })
			w.AddToken("glpat-group", sandbox.Token{Kind: sandbox.GroupToken, Projects: []string{group}})
			names := func(token string, scope forge.Scope) []string {
				c, _ := w.spoiled(t, spoil, func(o *gitlab.Options) { o.Token = token })
				scope.BranchPrefix = prefix
				found, skipped, err := c.Repositories(t.Context(), scope)
				require.NoError(t, err)
				require.Empty(t, skipped)
				var all []string
				for _, r := range found {
					all = append(all, r.Name)
					assert.NotEmpty(t, r.Head)
				}
				return all
			}
			assert.Equal(t, []string{"acme/a", "acme/sub/deep/b"}, names(token, forge.Scope{Organizations: []string{group}}))
			assert.Equal(t, []string{"acme/sub/deep/b"}, names(token, forge.Scope{Organizations: []string{"acme/sub"}}))
			assert.Equal(t, []string{"alice/own"}, names(token, forge.Scope{Users: []string{"alice"}}))
			member := names("glpat-group", forge.Scope{Installation: true})
			assert.Contains(t, member, "acme/a")
			assert.Contains(t, member, "acme/sub/deep/b")
			assert.NotContains(t, member, "else/where")
		})
	}
}

// TestPartial shows that a listing has only branches with an open merge
// request, and that the others are found by name.
func TestPartial(t *testing.T) {
	for how, spoil := range map[string]spoil{"graphql": func(request) *reply { return nil }, "rest": without(http.StatusNotFound)} {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t)
			w.project(t, "acme/app", nil)
			c, _ := w.spoiled(t, spoil, nil)
			done, err := c.Propose(t.Context(), proposal(t, c, "acme/app", "FROM debian:13\n"))
			require.NoError(t, err)
			left, err := w.Push("acme/app", "basekeeper/left", person, "By hand", sandbox.File{Path: "x", Content: []byte("x")})
			require.NoError(t, err)
			found, _, err := c.Repositories(t.Context(), forge.Scope{Organizations: []string{group}, BranchPrefix: prefix})
			require.NoError(t, err)
			require.Len(t, found, 1)
			r := found[0]
			assert.Equal(t, how == "graphql", r.Partial)
			require.Len(t, r.Branches, map[bool]int{true: 1, false: 2}[r.Partial])
			assert.Equal(t, forge.Branch{Name: branch, Head: forge.Commit{ID: done.Commit, Parents: []string{r.Head}, Mine: true}, Pull: &done.Pull}, r.Branches[0])

			refs := []forge.Ref{{Repository: r, Branch: "basekeeper/left"}, {Repository: r, Branch: "basekeeper/none"}, {Repository: r, Branch: branch}}
			got, err := c.Branches(t.Context(), refs)
			require.NoError(t, err)
			require.Len(t, got, 3)
			assert.Equal(t, left, got[0].Head.ID)
			assert.False(t, got[0].Head.Mine)
			assert.Nil(t, got[0].Pull)
			assert.Nil(t, got[1])
			assert.Equal(t, done.Pull, *got[2].Pull)
			assert.True(t, got[2].Head.Mine)

			gone := forge.Ref{Repository: forge.Repository{Name: "acme/nowhere"}, Branch: branch}
			got, err = c.Branches(t.Context(), append([]forge.Ref{gone}, refs...))
			require.ErrorIs(t, err, forge.ErrNotFound)
			assert.Nil(t, got[0])
			assert.Equal(t, done.Commit, got[3].Head.ID, "the others are there all the same")
		})
	}
}

// TestManyMergeRequests has more of them open than a listing shows, with ours
// the oldest.
func TestManyMergeRequests(t *testing.T) {
	w := newWorld(t)
	w.project(t, "acme/app", nil)
	c, p := w.spoiled(t, func(request) *reply { return nil }, nil)
	done, err := c.Propose(t.Context(), proposal(t, c, "acme/app", "FROM debian:13\n"))
	require.NoError(t, err)
	for i := range 45 {
		head := "feature/" + strings.Repeat("x", i+1)
		_, err := w.Push("acme/app", head, person, "By hand", sandbox.File{Path: head, Content: []byte("x")})
		require.NoError(t, err)
		_, err = w.OpenMergeRequest("acme/app", person, head, "main", head, "")
		require.NoError(t, err)
	}
	before := len(p.seen)
	found, _, err := c.Repositories(t.Context(), forge.Scope{Organizations: []string{group}, BranchPrefix: prefix})
	require.NoError(t, err)
	require.Len(t, found[0].Branches, 1)
	assert.Equal(t, done.Pull, *found[0].Branches[0].Pull)
	assert.Equal(t, 2, len(p.seen)-before, "of others' there is no need")
}

func TestMergedBy(t *testing.T) {
	w := newWorld(t)
	w.project(t, "acme/app", nil)
	c := w.client(t, nil)
	done, err := c.Propose(t.Context(), proposal(t, c, "acme/app", "FROM debian:13\n"))
	require.NoError(t, err)
	require.NoError(t, w.MergeMergeRequest("acme/app", done.Pull.Number, person))
	head, err := w.Branch("acme/app", "main")
	require.NoError(t, err)
	got, err := c.MergedBy(t.Context(), "acme/app", head)
	require.NoError(t, err)
	require.Len(t, got, 1)
	assert.Equal(t, done.Pull.Number, got[0].Number)
	assert.Equal(t, branch, got[0].Head)
	assert.Equal(t, "main", got[0].Base)
	assert.Equal(t, "basekeeper", got[0].Author)
	assert.Equal(t, head, got[0].Commit)
	assert.False(t, got[0].At.IsZero())

	_, err = c.MergedBy(t.Context(), "acme/nowhere", head)
	require.ErrorIs(t, err, forge.ErrNotFound)
	_, err = c.MergedBy(t.Context(), "acme/app", "main/../x")
	require.Error(t, err)
}

// TestRelativeURL is an installation below a path.
func TestRelativeURL(t *testing.T) {
	w := newWorldOf(t, sandbox.Options{Root: "/gitlab"})
	w.project(t, "acme/app", nil)
	for _, base := range []string{"https://gitlab.com/gitlab", "https://gitlab.com/gitlab/", "https://gitlab.com/gitlab/api/v4"} {
		c := w.client(t, func(o *gitlab.Options) { o.BaseURL = base })
		assert.NotEmpty(t, find(t, c, "acme/app").Head, base)
	}
	c := w.client(t, func(o *gitlab.Options) { o.BaseURL = "https://gitlab.com/gitlab" })
	_, err := c.Propose(t.Context(), proposal(t, c, "acme/app", "FROM debian:13\n"))
	require.NoError(t, err)
}

func TestRedirects(t *testing.T) {
	var seen []*http.Request
	answer := func(to string) http.RoundTripper {
		return roundTrip(func(req *http.Request) (*http.Response, error) {
			seen = append(seen, req)
			return &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {to}}, Body: http.NoBody, Request: req}, nil
		})
	}
	for name, tt := range map[string]struct {
		to    string
		token bool
	}{
		"to another host":   {"https://evil.example.com/api/v4/x", false},
		"to another path":   {"https://gitlab.com/evil", false},
		"out of the API":    {"https://gitlab.com/api/v4/../../evil", false},
		"to another port":   {"https://gitlab.com:8443/api/v4/x", false},
		"to plain http":     {"http://gitlab.com/api/v4/x", false},
		"within the API":    {"https://gitlab.com/api/v4/projects/7/x", true},
		"to a relative one": {"/api/v4/projects/7/x", true},
	} {
		t.Run(name, func(t *testing.T) {
			seen = nil
			c, err := gitlab.New(gitlab.Options{Token: token, Transport: answer(tt.to)})
			require.NoError(t, err)
			_, err = c.ChangedFiles(t.Context(), forge.Repository{Name: "acme/app"}, 1)
			require.Error(t, err)
			assert.NotContains(t, err.Error(), token)
			require.NotEmpty(t, seen)
			assert.LessOrEqual(t, len(seen), 7)
			for i, req := range seen {
				has := req.Header.Get("Private-Token")+req.Header.Get("Authorization") != ""
				assert.Equal(t, i == 0 || tt.token, has, "%s", req.URL)
			}
		})
	}
	// What writes goes nowhere else.
	seen = nil
	c, err := gitlab.New(gitlab.Options{Token: token, Transport: answer("https://gitlab.com/api/v4/projects/7")})
	require.NoError(t, err)
	err = c.Note(t.Context(), forge.Repository{Name: "acme/app"}, forge.PullRequest{Number: 1}, "x", "")
	require.ErrorContains(t, err, "the project was renamed or moved")
	assert.Len(t, seen, 1)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestBaseURL(t *testing.T) {
	for base, want := range map[string]string{
		"ftp://gitlab.com": "only https is safe", "http://gitlab.example.com": "only https is safe", "gitlab.com": "is no URL",
		"https://u:p@gitlab.com": "holds a user or a password", "https://gitlab.com?x=y": "no query", "https://gitlab.com/a/../b": "unexpected path",
		"https://": "is no URL",
	} {
		_, err := gitlab.New(gitlab.Options{Token: token, BaseURL: base})
		require.ErrorContains(t, err, want, base)
		assert.NotContains(t, err.Error(), ":p@")
	}
	for _, base := range []string{"", "https://gitlab.com/", "http://127.0.0.1:8080", "http://localhost/gitlab", "https://x/gitlab/api/v4/"} {
		_, err := gitlab.New(gitlab.Options{Token: token, BaseURL: base})
		require.NoError(t, err, base)
	}
}

func TestTooLargeAnswer(t *testing.T) {
	endless := roundTrip(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: endlessBody{}, Request: req}, nil
	})
	c, err := gitlab.New(gitlab.Options{Token: token, Transport: endless, Retries: -1})
	require.NoError(t, err)
	_, err = c.ChangedFiles(t.Context(), forge.Repository{Name: "acme/app"}, 1)
	require.ErrorContains(t, err, "the answer is larger than 67108864 bytes")
}

type endlessBody struct{}

func (endlessBody) Read(p []byte) (int, error) { return len(p), nil }
func (endlessBody) Close() error               { return nil }
