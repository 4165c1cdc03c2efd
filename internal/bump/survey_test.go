package bump_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/bump"
	"github.com/basekeeper/basekeeper/internal/cache"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/github"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/plan"
	hub "github.com/basekeeper/basekeeper/internal/sandbox/github"
	"github.com/basekeeper/basekeeper/internal/sandbox/spectest"
)

// place is an organization on a sandbox GitHub, seen by a person's token.
type place struct {
	t      *testing.T
	hub    *hub.Server
	fault  func(w http.ResponseWriter, r *http.Request) bool // answers in GitHub's place; nil for never
	remote bump.Remote
	memory *cache.Cache
	client *github.Client
}

func newPlace(t *testing.T, configuration string) *place {
	t.Helper()
	p := &place{t: t, hub: hub.New(hub.Options{}), memory: memory(t)}
	checked := spectest.Wrap(t, p.hub.Handler())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.fault == nil || !p.fault(w, r) {
			checked.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	p.hub.AddOrganization("acme")
	p.hub.AddToken("ghp_keeper", hub.Token{Login: "keeper", Kind: hub.UserToken})
	var err error
	p.client, err = github.New(github.Options{
		BaseURL: server.URL, Token: "ghp_keeper", Deadline: now.Add(time.Minute), Now: func() time.Time { return now },
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	require.NoError(t, err)
	c, err := config.Parse("basekeeper.yaml", []byte(configuration))
	require.NoError(t, err)
	p.remote = bump.Remote{
		Flow: bump.Flow{Registry: newFake(), Cache: p.memory, Now: now}, Forge: p.client, Heads: p.memory, Config: c, Given: true,
		Scope: forge.Scope{Organizations: []string{"acme"}, BranchPrefix: forge.BranchPrefix},
	}
	return p
}

// pinned is a Dockerfile that names a digest.
func pinned(s string) string { return fmt.Sprintf("FROM acme/base:1@%s\n", digest(s)) }

func (p *place) repository(name string, options hub.RepositoryOptions, pairs ...string) {
	p.t.Helper()
	require.NoError(p.t, p.hub.CreateRepository(name, options, hubFiles(pairs)...))
}

func hubFiles(pairs []string) []hub.File {
	var all []hub.File
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, hub.File{Path: pairs[i], Content: []byte(pairs[i+1])})
	}
	return all
}

func (p *place) push(name, branch string, pairs ...string) {
	p.t.Helper()
	_, err := p.hub.Push(name, branch, "alice", "By hand", hubFiles(pairs)...)
	require.NoError(p.t, err)
}

func (p *place) open(name, head string) int {
	p.t.Helper()
	number, err := p.hub.OpenPull(name, "alice", head, "main", "By hand", "")
	require.NoError(p.t, err)
	return number
}

// survey makes a survey and returns it with a line for each occurrence.
func (p *place) survey() (bump.Survey, []string) {
	p.t.Helper()
	s, err := p.remote.Survey(p.t.Context())
	require.NoError(p.t, err)
	var lines []string
	for _, o := range s.Occurrences {
		lines = append(lines, strings.Join([]string{o.Repository, o.Branch, o.Path, o.Use.Ref.String()}, " "))
	}
	return s, lines
}

// complete is a survey that lacks nothing.
func (p *place) complete() []string {
	p.t.Helper()
	s, lines := p.survey()
	require.Empty(p.t, s.Missing)
	require.Empty(p.t, s.Problems)
	return lines
}

// at is a line of complete.
func at(repository, branch, path, pin string) string {
	return fmt.Sprintf("%s %s %s docker.io/acme/base:1@%s", repository, branch, path, digest(pin))
}

// full makes a place with a pin wherever one counts, and returns the lines.
func full(t *testing.T) (p *place, foreign int, want []string) {
	t.Helper()
	p = newPlace(t, "base-branches: [$default, 'release/*']\nexclude: [old/**]\ninclude: [images/*]\nrepositories: {exclude: [acme/left-out], archived: false, topics: [docker]}\n")
	p.repository("acme/app", hub.RepositoryOptions{}, "Dockerfile", pinned("main"), "images/web", pinned("included"), "old/Dockerfile", pinned("old"), "x.txt", "x")
	p.repository("acme/empty", hub.RepositoryOptions{Empty: true})
	p.push("acme/app", "release/1", "Dockerfile", pinned("release"))
	p.push("acme/app", "wip", "Dockerfile", pinned("wip"))
	p.push("acme/app", "feature", "web.Dockerfile", pinned("feature"))
	p.open("acme/app", "feature")
	p.open("acme/app", "release/1")
	require.NoError(t, p.hub.Fork("acme/app", "mallory"))
	p.push("mallory/app", "patch", "Dockerfile", pinned("patch"))
	foreign = p.open("acme/app", "mallory:patch")
	p.repository("acme/archived", hub.RepositoryOptions{Archived: true}, "Dockerfile", pinned("archived"))
	p.repository("acme/forked", hub.RepositoryOptions{Fork: true}, "Dockerfile", pinned("forked"))
	p.repository("acme/left-out", hub.RepositoryOptions{}, "Dockerfile", pinned("left out"))
	p.repository("acme/off", hub.RepositoryOptions{Private: true}, "Dockerfile", pinned("off"), ".basekeeper.yaml", "enabled: false\nexclude: [Dockerfile]\n")
	return p, foreign, []string{
		at("acme/app", "main", "Dockerfile", "main"),
		at("acme/app", "main", "images/web", "included"),
		at("acme/app", "release/1", "Dockerfile", "release"),
		at("acme/app", "release/1", "images/web", "included"),
		at("acme/app", "pull request 1", "Dockerfile", "main"),
		at("acme/app", "pull request 1", "images/web", "included"),
		at("acme/app", "pull request 1", "web.Dockerfile", "feature"),
		at("acme/app", "pull request 3", "Dockerfile", "patch"),
		at("acme/app", "pull request 3", "images/web", "included"),
		at("acme/archived", "main", "Dockerfile", "archived"),
		at("acme/forked", "main", "Dockerfile", "forked"),
		at("acme/left-out", "main", "Dockerfile", "left out"),
		at("acme/off", "main", "Dockerfile", "off"),
	}
}

func TestSurvey(t *testing.T) {
	p, foreign, want := full(t)
	s, got := p.survey()
	assert.Equal(t, want, got)
	assert.Empty(t, s.Missing)
	assert.Empty(t, s.Problems)
	assert.Equal(t, 5, s.Repositories)

	require.NoError(t, p.hub.ClosePull("acme/app", foreign, "alice"))
	assert.NotContains(t, p.complete(), at("acme/app", "pull request 3", "Dockerfile", "patch"), "it is closed")
	require.NoError(t, p.hub.Reopen("acme/app", foreign, "alice"))
	p.push("mallory/app", "patch", "Dockerfile", pinned("better patch"))
	got = p.complete()
	assert.NotContains(t, got, at("acme/app", "pull request 3", "Dockerfile", "patch"))
	assert.Contains(t, got, at("acme/app", "pull request 3", "Dockerfile", "better patch"))
}

// TestSurveyOfOneImage is about a run that looks at one image alone.
func TestSurveyOfOneImage(t *testing.T) {
	p, _, want := full(t)
	other, err := image.ParseReference("acme/other:1")
	require.NoError(t, err)
	p.remote.Only = other
	assert.Equal(t, want, p.complete(), "what is in use is in use")
}

func TestWarmSurvey(t *testing.T) {
	p, _, want := full(t)
	assert.Equal(t, want, p.complete())
	p.hub.ResetRequests()
	assert.Equal(t, want, p.complete())
	for _, r := range p.hub.Requests() {
		assert.Equal(t, "POST /api/graphql query", r.String(), "no tree")
	}
	// The listing, the pull requests, the branches: in each of six repositories
	// since there is a pattern, and the one that was found.
	reads, writes := p.hub.Counts()
	assert.Equal(t, 1+1+6+1, reads)
	assert.Zero(t, writes)
}

// TestSurveyAndPlanShareWhatTheyRead has the one after the other, both ways.
func TestSurveyAndPlanShareWhatTheyRead(t *testing.T) {
	off := plan.Skip{Repository: "acme/off", Reason: "its own configuration says enabled: false"}
	p, _, want := full(t)
	p.remote.Config.Repositories = config.Repositories{}
	assert.Equal(t, want, p.complete())
	run, err := p.remote.Plan(t.Context())
	require.NoError(t, err)
	assert.Contains(t, run.Plan.Skips, off, "the configuration was read too")

	p, _, want = full(t)
	p.remote.Config.Repositories = config.Repositories{}
	_, err = p.remote.Plan(t.Context())
	require.NoError(t, err)
	assert.Equal(t, want, p.complete())
}

// TestSurveyRequests holds a warm survey to its budget.
func TestSurveyRequests(t *testing.T) {
	p := newPlace(t, "")
	const n = 250
	for i := range n {
		name := fmt.Sprintf("acme/app%03d", i)
		p.repository(name, hub.RepositoryOptions{}, "Dockerfile", pinned(name))
		if i%10 == 0 {
			p.push(name, "feature", "Dockerfile", pinned("feature"))
			p.open(name, "feature")
		}
	}
	assert.Len(t, p.complete(), n+n/10)
	p.hub.ResetRequests()
	assert.Len(t, p.complete(), n+n/10)
	reads, _ := p.hub.Counts()
	assert.Equal(t, 2*3, reads, "two for each hundred")
}

// refuse answers requests whose path contains what in GitHub's place.
func (p *place) refuse(status int, what string) {
	p.fault = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, what) {
			return false
		}
		http.Error(w, `{"message":"No."}`, status)
		return true
	}
}

func TestSurveySaysWhatIsMissing(t *testing.T) {
	reason := func(all []plan.Skip, name string) string {
		for _, s := range all {
			if s.Repository == name {
				assert.True(t, s.Failed, name)
				return s.Reason
			}
		}
		return "nothing"
	}
	t.Run("a repository that is not there", func(t *testing.T) {
		p, _, want := full(t)
		p.remote.Scope.Names = []string{"acme/nowhere"}
		s, got := p.survey()
		assert.Equal(t, want, got)
		require.Len(t, s.Missing, 1)
		assert.Contains(t, reason(s.Missing, "acme/nowhere"), "not found")
	})
	t.Run("an owner", func(t *testing.T) {
		p, _, _ := full(t)
		p.remote.Scope.Organizations = []string{"acme", "nobody"}
		s, _ := p.survey()
		require.Len(t, s.Missing, 1)
		assert.Contains(t, reason(s.Missing, "nobody"), "not found")
	})
	t.Run("the files of a repository", func(t *testing.T) {
		p, _, _ := full(t)
		p.refuse(http.StatusForbidden, "/repos/acme/app/git/trees/")
		s, got := p.survey()
		assert.Len(t, got, 4, "the others' are there")
		for _, name := range []string{"acme/app", "acme/app, branch release/1", "acme/app, pull request 1", "acme/app, pull request 3"} {
			assert.Contains(t, reason(s.Missing, name), "permission denied", name)
		}
		assert.Len(t, s.Missing, 4)
		p.fault = nil
		assert.Len(t, p.complete(), 13, "it is not remembered")
	})
	t.Run("the pull requests of a repository", func(t *testing.T) {
		p, _, want := full(t)
		p.remote.Forge = withoutPulls{p.client, "acme/app"}
		s, got := p.survey()
		assert.Len(t, got, len(want)-5)
		require.Len(t, s.Missing, 1)
		assert.Equal(t, "permission denied", reason(s.Missing, "acme/app, open pull requests"))
	})
	t.Run("all pull requests", func(t *testing.T) {
		p, _, want := full(t)
		p.remote.Forge = withoutPulls{p.client, ""}
		s, got := p.survey()
		assert.Len(t, got, len(want)-5)
		require.Len(t, s.Missing, 1)
		assert.Equal(t, "rate limit; the next run goes on", reason(s.Missing, "open pull requests"))
	})
}

// withoutPulls does not list the open pull requests of a repository, or of any.
type withoutPulls struct {
	*github.Client
	name string
}

func (f withoutPulls) OpenPulls(ctx context.Context, repositories []forge.Repository) ([][]forge.PullRequest, error) {
	if f.name == "" {
		return nil, forge.ErrLimited
	}
	all, err := f.Client.OpenPulls(ctx, repositories)
	for i, r := range repositories {
		if r.Name == f.name {
			all[i] = nil
			err = &forge.IncompleteError{Skipped: []forge.Skipped{{Name: f.name, Err: forge.ErrDenied}}}
		}
	}
	return all, err
}

func TestSurveySaysWhatItCannotRead(t *testing.T) {
	p := newPlace(t, "")
	p.repository("acme/app", hub.RepositoryOptions{}, "Dockerfile", pinned("main"), "large/Dockerfile", pinned("large")+strings.Repeat("# x\n", 300_000),
		"broken/Dockerfile", "FROM acme/base:1@sha256:short\nRUN <<EOF\n", ".basekeeper.yaml", strings.Repeat("# x\n", 300_000))
	require.NoError(t, p.hub.CreateRepository("acme/link", hub.RepositoryOptions{}, hub.File{Path: "Dockerfile", Mode: "120000", Content: []byte("../elsewhere")}))
	p.push("acme/link", "feature", "Dockerfile.web", "FROM\n")
	p.open("acme/link", "feature")
	for _, memory := range []string{"cold", "warm"} {
		s, got := p.survey()
		assert.Contains(t, got, at("acme/app", "main", "Dockerfile", "main"), memory)
		assert.Empty(t, s.Missing, memory)
		var problems []string
		for _, one := range s.Problems {
			problems = append(problems, one.Repository+" "+one.Branch+" "+one.Path)
		}
		assert.Subset(t, []string{
			"acme/app main broken/Dockerfile", "acme/app main large/Dockerfile", "acme/link main Dockerfile",
			"acme/link pull request 1 Dockerfile", "acme/link pull request 1 Dockerfile.web",
		}, problems, "nothing of a configuration, which does not count")
		for _, want := range []string{"acme/app main broken/Dockerfile", "acme/app main large/Dockerfile", "acme/link main Dockerfile", "acme/link pull request 1 Dockerfile.web"} {
			assert.Contains(t, problems, want, memory)
		}
	}
}

func TestSurveyThatCannotBeMade(t *testing.T) {
	p, _, _ := full(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := p.remote.Survey(ctx)
	require.ErrorIs(t, err, context.Canceled)

	p.remote.Forge = struct{ bump.Forge }{p.client}
	_, err = p.remote.Survey(t.Context())
	require.EqualError(t, err, "this forge does not list open pull requests")
	p.remote.Flavor = forge.GitLab
	_, err = p.remote.Survey(t.Context())
	require.EqualError(t, err, "this forge does not list open merge requests")
}
