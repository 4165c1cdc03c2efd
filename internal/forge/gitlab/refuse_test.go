package gitlab_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/gitlab"
	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// TestRefusals proposes to projects that do not take it.
func TestRefusals(t *testing.T) {
	tests := map[string]struct {
		change  func(*sandbox.ProjectOptions)
		wantErr string
		is      error
		left    int // branches
	}{
		"protected branch":  {func(o *sandbox.ProjectOptions) { o.Protected = []string{"basekeeper/*"} }, "leave to push and force-push where the branch is protected", forge.ErrDenied, 0},
		"push rule":         {func(o *sandbox.ProjectOptions) { o.PushRule = `^JIRA-\d+` }, "a push rule of the project forbids it: ", forge.ErrDenied, 0},
		"branch rule":       {func(o *sandbox.ProjectOptions) { o.BranchRule = `^team/` }, "a push rule of the project forbids it: ", forge.ErrDenied, 0},
		"archived":          {func(o *sandbox.ProjectOptions) { o.Archived = true }, "", forge.ErrDenied, 0},
		"no merge requests": {func(o *sandbox.ProjectOptions) { o.NoMergeRequests = true }, "merge requests open to members", forge.ErrDenied, 0},
		"forks only":        {func(o *sandbox.ProjectOptions) { o.Role = sandbox.Reporter }, "the role Developer in the project", forge.ErrDenied, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.project(t, "acme/app", nil)
			c := w.client(t, nil)
			p := proposal(t, c, "acme/app", "FROM debian:13\n")
			require.NoError(t, w.Configure("acme/app", tt.change))
			_, err := c.Propose(t.Context(), p)
			require.ErrorIs(t, err, tt.is)
			require.ErrorContains(t, err, tt.wantErr)
			assert.NotContains(t, err.Error(), token)
			left, err := w.Branches("acme/app", prefix)
			require.NoError(t, err)
			assert.Len(t, left, tt.left)
			assert.Empty(t, w.MergeRequests("acme/app"))
		})
	}
}

func TestEmptyRepository(t *testing.T) {
	w := newWorld(t)
	w.project(t, "acme/empty", func(o *sandbox.ProjectOptions) { o.Empty = true })
	c := w.client(t, nil)
	r := find(t, c, "acme/empty")
	assert.Empty(t, r.Head)
	assert.Empty(t, r.DefaultBranch)
	_, err := c.Propose(t.Context(), forge.Proposal{Repository: r, Base: "main", Branch: branch, Files: []forge.NewFile{{Path: "x"}}})
	require.ErrorContains(t, err, "its repository is empty")
	assert.Zero(t, c.Requests().Writes)
}

func TestLocked(t *testing.T) {
	w := newWorld(t)
	w.project(t, "acme/disabled", func(o *sandbox.ProjectOptions) { o.Disabled = true })
	w.project(t, "acme/deleting", func(o *sandbox.ProjectOptions) { o.Deleting = true })
	w.project(t, "acme/app", nil)
	for how, spoil := range map[string]spoil{"graphql": func(request) *reply { return nil }, "rest": without(http.StatusNotFound)} {
		c, _ := w.spoiled(t, spoil, nil)
		found, skipped, err := c.Repositories(t.Context(), forge.Scope{Organizations: []string{group}, BranchPrefix: prefix})
		require.NoError(t, err)
		assert.Empty(t, skipped)
		locked := map[string]string{}
		for _, r := range found {
			locked[r.Name] = r.Lock
			assert.Equal(t, r.Lock != "", r.Locked)
		}
		want := map[string]string{"acme/disabled": "its repository is switched off, or hidden from the token", "acme/deleting": "it is marked for deletion", "acme/app": ""}
		assert.Equal(t, want, locked, how)
	}
}

func TestRenamed(t *testing.T) {
	w := newWorld(t)
	w.project(t, "acme/app", nil)
	c := w.client(t, nil)
	p := proposal(t, c, "acme/app", "FROM debian:13\n")
	require.NoError(t, w.Move("acme/app", "acme/tools/app2"))
	_, skipped, err := c.Repositories(t.Context(), forge.Scope{Names: []string{"acme/app"}, BranchPrefix: prefix})
	require.NoError(t, err)
	require.Len(t, skipped, 1)
	require.ErrorContains(t, skipped[0].Err, "it was renamed or moved, and is acme/tools/app2 now: put that path into the configuration")

	// A run under way goes on by the project's number.
	_, err = c.Propose(t.Context(), p)
	require.NoError(t, err)
	assert.Len(t, w.MergeRequests("acme/tools/app2"), 1)
}

func TestTokens(t *testing.T) {
	kinds := map[string]struct {
		token sandbox.Token
		want  forge.AccountKind
		login string
	}{
		"personal": {sandbox.Token{Kind: sandbox.PersonalToken, Login: "basekeeper"}, forge.Person, "basekeeper"},
		"oauth":    {sandbox.Token{Kind: sandbox.OAuthToken, Login: "basekeeper"}, forge.Person, "basekeeper"},
		"project":  {sandbox.Token{Kind: sandbox.ProjectToken, Projects: []string{"acme/app"}}, forge.App, ""},
		"group":    {sandbox.Token{Kind: sandbox.GroupToken, Projects: []string{"acme"}}, forge.App, ""},
	}
	for name, tt := range kinds {
		for how, spoil := range map[string]spoil{"graphql": func(request) *reply { return nil }, "rest": without(404)} {
			t.Run(name+" "+how, func(t *testing.T) {
				w := newWorld(t)
				w.project(t, "acme/app", nil)
				w.AddToken("glpat-other", tt.token)
				c, _ := w.spoiled(t, spoil, func(o *gitlab.Options) { o.Token = "glpat-other" })
				account, err := c.Account(t.Context())
				require.NoError(t, err)
				assert.Equal(t, tt.want, account.Kind)
				assert.Equal(t, w.Login("glpat-other"), account.Login)
				if tt.login != "" {
					assert.Equal(t, tt.login, account.Login)
				}

				// What the account makes is known as its own, also by another client.
				_, err = c.Propose(t.Context(), proposal(t, c, "acme/app", "FROM debian:13\n"))
				require.NoError(t, err)
				other, _ := w.spoiled(t, spoil, func(o *gitlab.Options) { o.Token = "glpat-other" })
				b := find(t, other, "acme/app").Branches[0]
				assert.True(t, b.Head.Mine)
				require.NotNil(t, b.Pull)
				assert.True(t, b.Pull.Mine)
				assert.False(t, b.Pull.OthersTouch)
			})
		}
	}
}

func TestTokensThatAreRefused(t *testing.T) {
	for name, o := range map[string]gitlab.Options{
		"by name":   {Token: "x", Job: true},
		"by prefix": {Token: "glcbt-64_abc"},
	} {
		_, err := gitlab.New(o)
		require.ErrorIs(t, err, forge.ErrDenied, name)
		require.ErrorContains(t, err, "CI_JOB_TOKEN serves the container registry only; make a project or group access token with the scope api")
		assert.NotContains(t, err.Error(), "glcbt")
	}
	for _, bad := range []string{"", "glpat-x\n", "a b"} {
		_, err := gitlab.New(gitlab.Options{Token: bad})
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "glpat")
	}

	w := newWorld(t)
	w.project(t, "acme/app", nil)
	c := w.client(t, func(o *gitlab.Options) { o.Token = "glpat-revoked" })
	_, err := c.Account(t.Context())
	require.ErrorIs(t, err, forge.ErrDenied)
	require.ErrorContains(t, err, "GitLab does not accept the token: it has expired, was revoked, or is for another server")

	w.AddToken("glpat-readonly", sandbox.Token{Kind: sandbox.PersonalToken, Login: "basekeeper", Scopes: []string{"read_api"}})
	c = w.client(t, func(o *gitlab.Options) { o.Token = "glpat-readonly" })
	_, err = c.Propose(t.Context(), proposal(t, c, "acme/app", "FROM debian:13\n"))
	require.ErrorIs(t, err, forge.ErrDenied)
	require.ErrorContains(t, err, "scope api")
}

// TestWebCommitter is about instances that commit as themselves, to sign.
func TestWebCommitter(t *testing.T) {
	w := newWorldOf(t, sandbox.Options{WebCommitter: "noreply@gitlab.com"})
	w.project(t, "acme/app", nil)
	c := w.client(t, nil)
	_, err := c.Propose(t.Context(), proposal(t, c, "acme/app", "FROM debian:13\n"))
	require.NoError(t, err)
	b := find(t, w.client(t, nil), "acme/app").Branches[0]
	assert.True(t, b.Head.Mine)
	assert.False(t, b.Pull.OthersTouch)
}

// TestOldGitLab leaves out what an older one does not know.
func TestOldGitLab(t *testing.T) {
	w := newWorldOf(t, sandbox.Options{Without: []string{"Project.isForked", "CurrentUser.commitEmail", "Project.markedForDeletionOn"}})
	w.project(t, "acme/app", nil)
	c, p := w.spoiled(t, func(request) *reply { return nil }, nil)
	found, skipped, err := c.Repositories(t.Context(), forge.Scope{Organizations: []string{group}, BranchPrefix: prefix})
	require.NoError(t, err)
	assert.Empty(t, skipped)
	require.Len(t, found, 1)
	before := len(p.seen)
	assert.LessOrEqual(t, before, 4)
	_, _, err = c.Repositories(t.Context(), forge.Scope{Organizations: []string{group}, BranchPrefix: prefix})
	require.NoError(t, err)
	assert.Len(t, p.seen, before+1, "it is remembered")
}

func TestPeople(t *testing.T) {
	w := newWorld(t)
	w.AddUser("bob")
	w.project(t, "acme/a", nil)
	w.project(t, "acme/b", nil)
	asked := 0
	c, _ := w.spoiled(t, func(r request) *reply {
		if strings.Contains(r.body, "user(username:") {
			asked++
		}
		return nil
	}, nil)
	for _, name := range []string{"acme/a", "acme/b"} {
		p := proposal(t, c, name, "FROM debian:13\n")
		p.Reviewers, p.Assignees = []string{person, "acme/team", "nobody-there"}, []string{"Bob"}
		done, err := c.Propose(t.Context(), p)
		require.NoError(t, err)
		m := w.MergeRequests(name)[0]
		assert.Equal(t, []string{person}, m.Reviewers)
		assert.Equal(t, []string{"bob"}, m.Assignees)
		require.Len(t, done.Warnings, 2)
		assert.Contains(t, strings.Join(done.Warnings, "\n"), "acme/team is a group, and GitLab asks users only")
		assert.Contains(t, strings.Join(done.Warnings, "\n"), "there is no user nobody-there")
	}
	assert.Equal(t, 1, asked, "all at once, and once")
}
