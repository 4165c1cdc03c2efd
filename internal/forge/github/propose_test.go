package github_test

import (
	"bytes"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/github"
	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// TestWrites counts what a pull request costs in all its forms.
func TestWrites(t *testing.T) {
	all := func(p *forge.Proposal) {
		p.Labels, p.Reviewers, p.Assignees, p.AutoMerge = []string{"deps"}, []string{"bob"}, []string{"carol"}, "squash"
	}
	executable := func(p *forge.Proposal) { p.Files[0].Mode = "100755" }
	binary := func(p *forge.Proposal) { p.Files[0].Content = []byte("FROM \xff\n") }
	tests := map[string]struct {
		open   bool // one is open already
		change []func(*forge.Proposal)
		writes int
	}{
		"new":                          {writes: 1},
		"new, binary":                  {change: []func(*forge.Proposal){binary}, writes: 1},
		"new, with all":                {change: []func(*forge.Proposal){all}, writes: 2},
		"new, executable":              {change: []func(*forge.Proposal){executable}, writes: 3},
		"new, executable, with all":    {change: []func(*forge.Proposal){executable, all}, writes: 4},
		"moved on":                     {open: true, writes: 3},
		"moved on, with all":           {open: true, change: []func(*forge.Proposal){all}, writes: 4},
		"moved on, binary":             {open: true, change: []func(*forge.Proposal){binary}, writes: 4},
		"moved on, executable, labels": {open: true, change: []func(*forge.Proposal){executable, all}, writes: 4},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.AddUser("bob")
			w.AddUser("carol")
			require.NoError(t, w.CreateRepository("acme/app", sandbox.RepositoryOptions{AutoMerge: true, RequireChecks: true},
				sandbox.File{Path: "Dockerfile", Content: []byte("FROM debian:12\n")}))
			c := w.client(t, nil)
			// The label is known: a first pull request had it.
			_, err := w.Push("acme/app", "other", person, "x", sandbox.File{Path: "x", Content: []byte("x")})
			require.NoError(t, err)
			number, err := w.OpenPull("acme/app", person, "other", "main", "x", "")
			require.NoError(t, err)
			require.NoError(t, w.Label("acme/app", number, "deps"))
			if tt.open {
				_, err := c.Propose(t.Context(), w.proposal(t, c, "acme/app", "FROM debian:12.5\n"))
				require.NoError(t, err)
			}
			p := w.proposal(t, c, "acme/app", "FROM debian:13\n")
			for _, change := range tt.change {
				change(&p)
			}
			before := c.Requests().Writes
			done, err := c.Propose(t.Context(), p)
			require.NoError(t, err)
			assert.Empty(t, done.Warnings)
			assert.True(t, done.Signed)
			assert.Equal(t, tt.writes, c.Requests().Writes-before)

			pulls := w.PullRequests("acme/app")
			pull := pulls[len(pulls)-1]
			assert.Equal(t, "OPEN", pull.State)
			if p.AutoMerge != "" {
				assert.Equal(t, "SQUASH", pull.AutoMerge)
				assert.True(t, done.Pull.AutoMerge || tt.open)
				assert.Equal(t, []string{"deps"}, pull.Labels)
				assert.Equal(t, []string{"deps"}, done.Pull.Labels)
			}
			if p.AutoMerge != "" && !tt.open {
				assert.Equal(t, []string{"bob"}, pull.Reviewers)
				assert.Equal(t, []string{"carol"}, pull.Assignees)
			}
			content, err := w.File("acme/app", branch, "Dockerfile")
			require.NoError(t, err)
			assert.Equal(t, p.Files[0].Content, content)
		})
	}
}

// TestBesides is about what a pull request can do without.
func TestBesides(t *testing.T) {
	tests := map[string]struct {
		token    string
		options  sandbox.RepositoryOptions
		change   func(*forge.Proposal)
		warnings []string
		check    func(t *testing.T, p sandbox.PullRequest)
	}{
		"new labels": {
			change: func(p *forge.Proposal) { p.Labels = []string{"deps", "docker"} },
			check: func(t *testing.T, p sandbox.PullRequest) {
				assert.ElementsMatch(t, []string{"deps", "docker"}, p.Labels)
			},
		},
		"teams": {
			change:   func(p *forge.Proposal) { p.Reviewers = []string{"acme/platform", "bob", "other/team"} },
			warnings: []string{"reviewers: other/team is no team of acme"},
			check: func(t *testing.T, p sandbox.PullRequest) {
				assert.ElementsMatch(t, []string{"bob", "acme/platform"}, p.Reviewers)
			},
		},
		"nobody": {
			change: func(p *forge.Proposal) {
				p.Reviewers, p.Assignees = []string{"nobody-here", "bob"}, []string{"nor-here"}
			},
			warnings: []string{
				"reviewers and assignees: there is no user nobody-here", "reviewers and assignees: there is no user nor-here",
			},
			check: func(t *testing.T, p sandbox.PullRequest) { assert.Equal(t, []string{"bob"}, p.Reviewers) },
		},
		"oneself": {
			token:    "ghp_alice",
			change:   func(p *forge.Proposal) { p.Reviewers = []string{"Alice"} },
			warnings: []string{"reviewers: Alice opened the pull request and cannot review it"},
		},
		"automerge is off": {
			change:   func(p *forge.Proposal) { p.AutoMerge = "merge" },
			warnings: []string{"automerge: GitHub answers: Auto merge is not allowed for this repository"},
		},
		"automerge by Actions": {
			token: "ghs_actions", options: sandbox.RepositoryOptions{AutoMerge: true, RequireChecks: true},
			change:   func(p *forge.Proposal) { p.AutoMerge = "merge" },
			warnings: []string{"automerge: refused: what GITHUB_TOKEN merges starts no workflow; use the token of an App or of a user"},
			check:    func(t *testing.T, p sandbox.PullRequest) { assert.Empty(t, p.AutoMerge) },
		},
		"draft": {
			change: func(p *forge.Proposal) { p.Draft = true },
			check:  func(t *testing.T, p sandbox.PullRequest) { assert.True(t, p.Draft) },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.AddUser("bob")
			w.AddToken("ghp_alice", sandbox.Token{Login: "alice", Kind: sandbox.UserToken})
			w.AddToken("ghs_actions", sandbox.Token{Kind: sandbox.ActionsToken, Repositories: []string{"acme/app"}})
			require.NoError(t, w.CreateRepository("acme/app", tt.options, sandbox.File{Path: "Dockerfile", Content: []byte("FROM debian:12\n")}))
			c := w.client(t, func(o *github.Options) {
				if tt.token != "" {
					o.Token = tt.token
				}
			})
			p := w.proposal(t, c, "acme/app", "FROM debian:13\n")
			tt.change(&p)
			done, err := c.Propose(t.Context(), p)
			require.NoError(t, err)
			assert.Equal(t, tt.warnings, done.Warnings)
			if tt.check != nil {
				tt.check(t, w.PullRequests("acme/app")[0])
			}
		})
	}
}

// TestSigned checks what is said about signatures: a user's commit made from
// its parts has none.
func TestSigned(t *testing.T) {
	w := newWorld(t)
	w.repository(t, "acme/app")
	w.AddToken("ghp_alice", sandbox.Token{Login: "alice", Kind: sandbox.UserToken})
	c := w.client(t, func(o *github.Options) { o.Token = "ghp_alice" })
	done, err := c.Propose(t.Context(), w.proposal(t, c, "acme/app", "FROM debian:13\n"))
	require.NoError(t, err)
	assert.True(t, done.Signed)
	done, err = c.Propose(t.Context(), w.proposal(t, c, "acme/app", "FROM debian:14\n"))
	require.NoError(t, err)
	assert.False(t, done.Signed)
	assert.True(t, find(t, c, "acme/app").Branches[0].Head.Mine)
}

func TestProposalsThatMakeNoSense(t *testing.T) {
	w := newWorld(t)
	w.repository(t, "acme/app")
	c := w.client(t, nil)
	tests := map[string]func(*forge.Proposal){
		"no repository":          func(p *forge.Proposal) { p.Repository = forge.Repository{} },
		"no id":                  func(p *forge.Proposal) { p.Repository.ID = "" },
		"no base":                func(p *forge.Proposal) { p.Base = "" },
		"base is no commit":      func(p *forge.Proposal) { p.BaseID = "main" },
		"branch is no commit":    func(p *forge.Proposal) { p.BranchID = "x" },
		"no files":               func(p *forge.Proposal) { p.Files = nil },
		"onto itself":            func(p *forge.Proposal) { p.Branch = p.Base },
		"onto the default":       func(p *forge.Proposal) { p.Base, p.Branch = "release", "main" },
		"a pull with no branch":  func(p *forge.Proposal) { p.Pull = &forge.PullRequest{ID: "PR"} },
		"a pull request with no": func(p *forge.Proposal) { p.Pull, p.BranchID = &forge.PullRequest{}, p.BaseID },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			p := w.proposal(t, c, "acme/app", "FROM debian:13\n")
			change(&p)
			_, err := c.Propose(t.Context(), p)
			require.Error(t, err)
			assert.Zero(t, c.Requests().Writes)
		})
	}
}

// TestGitAgrees has git check what is left of a pull request's life.
func TestGitAgrees(t *testing.T) {
	git, err := exec.LookPath("git")
	require.NoError(t, err)
	w := newWorld(t)
	w.repository(t, "acme/app")
	c := w.client(t, nil)
	for _, content := range []string{"FROM debian:13\n", "FROM debian:14\r\n", "\xff\x00"} {
		_, err := c.Propose(t.Context(), w.proposal(t, c, "acme/app", content))
		require.NoError(t, err)
	}
	dir := t.TempDir()
	require.NoError(t, w.WriteBare("acme/app", dir))
	out, err := exec.CommandContext(t.Context(), git, "-C", dir, "fsck", "--full", "--strict").CombinedOutput()
	require.NoError(t, err, "%s", out)
	out, err = exec.CommandContext(t.Context(), git, "-C", dir, "log", "--format=%an %cn %s", "main.."+branch).CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Equal(t, 1, bytes.Count(out, []byte("\n")), "%s", out)
	assert.Contains(t, string(out), "build(deps): bump debian")
}
