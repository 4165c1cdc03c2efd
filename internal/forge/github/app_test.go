package github_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/github"
	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// appKey makes the one key of these tests.
var appKey = sync.OnceValues(func() (*rsa.PrivateKey, []byte) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
})

const appID = 4711

// installed returns a world where the App is installed at acme and at alice,
// and has a repository in each; and how clients become it.
func installed(t *testing.T) (*world, func(*github.Options)) {
	t.Helper()
	key, encoded := appKey()
	w := newWorld(t)
	w.AddOrganization("other")
	for _, name := range []string{"acme/app", "acme/secret", "alice/app", "other/app"} {
		require.NoError(t, w.CreateRepository(name, sandbox.RepositoryOptions{Private: true}, sandbox.File{Path: "Dockerfile", Content: []byte("FROM debian:12\n")}))
	}
	w.AddApp(appID, "basekeeper", &key.PublicKey,
		sandbox.Installation{ID: 1, Account: org, Repositories: []string{"acme/app"}},
		sandbox.Installation{ID: 2, Account: "alice"})
	// GitHub's description of this list has an account be a user and an
	// enterprise at once, which none is.
	checked := w.handler
	w.handler = http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/app/installations") {
			w.Handler().ServeHTTP(out, r)
			return
		}
		checked.ServeHTTP(out, r)
	})
	return w, func(o *github.Options) { o.Token, o.App = "", &github.App{ID: appID, Key: encoded} }
}

func names(all []forge.Repository) []string {
	var out []string
	for _, r := range all {
		out = append(out, r.Name)
	}
	return out
}

func TestApp(t *testing.T) {
	w, asApp := installed(t)
	c, p := w.spoiled(t, nil, asApp)
	account, err := c.Account(t.Context())
	require.NoError(t, err)
	assert.Equal(t, forge.Account{Login: "basekeeper[bot]", Kind: forge.App}, account)

	found, skipped, err := c.Repositories(t.Context(), forge.Scope{Installation: true, BranchPrefix: prefix})
	require.NoError(t, err)
	assert.Empty(t, skipped)
	assert.Equal(t, []string{"acme/app", "alice/app"}, names(found))
	asked := strings.Join(p.seen, "\n")
	assert.Equal(t, 1, strings.Count(asked, "/installation/repositories"), "not where all of the owner's are meant")

	found, skipped, err = c.Repositories(t.Context(), forge.Scope{
		Organizations: []string{org, "other"}, Names: []string{"alice/app", "acme/app", "other/app"}, BranchPrefix: prefix,
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"acme/app", "alice/app"}, names(found))
	require.Len(t, skipped, 2)
	for _, s := range skipped {
		require.ErrorIs(t, s.Err, forge.ErrNotFound)
		require.EqualError(t, s.Err, "find the App's installation at other: not found: install the App there")
	}

	// Reading and writing at both owners.
	var wanted []forge.Wanted
	for _, r := range found {
		wanted = append(wanted, forge.Wanted{Repository: r, Commit: r.Head, Path: "Dockerfile"})
		done, err := c.Propose(t.Context(), w.proposal(t, c, r.Name, "FROM debian:13\n"))
		require.NoError(t, err)
		assert.True(t, done.Signed)
		assert.True(t, find(t, c, r.Name).Branches[0].Head.Mine)
		assert.Equal(t, "basekeeper[bot]", w.PullRequests(r.Name)[0].Author)
	}
	files, err := c.Files(t.Context(), wanted)
	require.NoError(t, err)
	for _, f := range files {
		require.NoError(t, f.Err)
	}
	tokens := 0
	for _, s := range p.seen {
		if strings.Contains(s, "/access_tokens") {
			tokens++
		}
	}
	assert.Equal(t, 2, tokens, "one token for each installation")
}

func TestAppRenewsTokens(t *testing.T) {
	w, asApp := installed(t)
	c, p := w.spoiled(t, nil, asApp)
	taken := func() (n int) {
		for _, s := range p.seen {
			if strings.Contains(s, "/access_tokens") {
				n++
			}
		}
		return n
	}
	for i, step := range []struct {
		later time.Duration
		want  int
	}{{0, 1}, {50 * time.Minute, 1}, {6 * time.Minute, 2}, {50 * time.Minute, 2}, {6 * time.Minute, 3}} {
		require.NoError(t, w.clock.Sleep(t.Context(), step.later))
		_, skipped, err := c.Repositories(t.Context(), forge.Scope{Organizations: []string{org}})
		require.NoError(t, err)
		require.Empty(t, skipped)
		assert.Equal(t, step.want, taken(), "step %d", i)
	}

	// A wait for a limit outlasts the token.
	limited := true
	c, p = w.spoiled(t, func(r request) *reply {
		if limited && strings.Contains(r.body, "repositoryOwner") {
			limited = false
			answer := status(403, `{"message":"API rate limit exceeded"}`, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", fmt.Sprint(w.clock.Now().Add(58*time.Minute).Unix()))
			return &answer
		}
		return nil
	}, asApp)
	_, skipped, err := c.Repositories(t.Context(), forge.Scope{Organizations: []string{org}})
	require.NoError(t, err)
	require.Empty(t, skipped)
	assert.Equal(t, 2, taken())
}

func TestAppRefused(t *testing.T) {
	w, asApp := installed(t)
	wrong := func(o *github.Options) { asApp(o); o.App.ID = 1 }
	c := w.client(t, wrong)
	_, err := c.Account(t.Context())
	require.EqualError(t, err, "read the App: permission denied: GitHub does not accept the App's private key: it has expired, was revoked, or is for another server")
	found, skipped, err := c.Repositories(t.Context(), forge.Scope{Installation: true, Organizations: []string{org}})
	require.NoError(t, err)
	assert.Empty(t, found)
	require.Len(t, skipped, 2)
	for _, s := range skipped {
		require.ErrorIs(t, s.Err, forge.ErrDenied)
	}
}

func TestAppInstalledNowhere(t *testing.T) {
	key, encoded := appKey()
	w := newWorld(t)
	w.AddApp(appID, "basekeeper", &key.PublicKey)
	c := w.client(t, func(o *github.Options) { o.Token, o.App = "", &github.App{ID: appID, Key: encoded} })
	_, skipped, err := c.Repositories(t.Context(), forge.Scope{Installation: true})
	require.NoError(t, err)
	require.Len(t, skipped, 1)
	require.EqualError(t, skipped[0].Err, "the App is not installed anywhere: install it for an organization or a user")
}

func TestAppSuspended(t *testing.T) {
	w, asApp := installed(t)
	c, _ := w.spoiled(t, func(r request) *reply {
		answer := r.pass()
		if strings.HasSuffix(r.URL.Path, "installations") || strings.HasSuffix(r.URL.Path, "/installation") {
			answer.body = strings.ReplaceAll(answer.body, `"suspended_at":null`, `"suspended_at":"2026-03-01T12:00:00Z"`)
		}
		return &answer
	}, asApp)
	_, skipped, err := c.Repositories(t.Context(), forge.Scope{Installation: true})
	require.NoError(t, err)
	require.Len(t, skipped, 2)
	require.EqualError(t, skipped[0].Err, "permission denied: the App's installation is suspended")

	fresh, _ := w.spoiled(t, func(r request) *reply {
		answer := r.pass()
		answer.body = strings.ReplaceAll(answer.body, `"suspended_at":null`, `"suspended_at":"2026-03-01T12:00:00Z"`)
		return &answer
	}, asApp)
	_, skipped, err = fresh.Repositories(t.Context(), forge.Scope{Users: []string{"alice"}})
	require.NoError(t, err)
	require.Len(t, skipped, 1)
	require.EqualError(t, skipped[0].Err, "the App's installation at alice is suspended: permission denied")
}

// TestAppUnderLoad has more requests than places wait for one token.
func TestAppUnderLoad(t *testing.T) {
	w, asApp := installed(t)
	c := w.client(t, func(o *github.Options) { asApp(o); o.Concurrency = 1 })
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			_, skipped, err := c.Repositories(t.Context(), forge.Scope{Organizations: []string{org}, Users: []string{"alice"}, Names: []string{"acme/app"}})
			assert.NoError(t, err)
			assert.Empty(t, skipped)
		})
	}
	group.Wait()
}

func TestAccounts(t *testing.T) {
	w := newWorld(t)
	w.repository(t, "acme/app")
	w.AddToken("ghs_actions", sandbox.Token{Kind: sandbox.ActionsToken, Repositories: []string{"acme/app"}})
	w.AddToken("ghp_alice", sandbox.Token{Login: "alice", Kind: sandbox.UserToken})
	for secret, want := range map[string]forge.Account{
		token:         {Login: "basekeeper[bot]", Kind: forge.App},
		"ghs_actions": {Login: "github-actions[bot]", Kind: forge.Pipeline},
		"ghp_alice":   {Login: "alice", Kind: forge.Person},
	} {
		c := w.client(t, func(o *github.Options) { o.Token = secret })
		for range 2 {
			got, err := c.Account(t.Context())
			require.NoError(t, err)
			assert.Equal(t, want, got)
		}
		assert.Equal(t, 1, c.Requests().Total())

		c = w.client(t, func(o *github.Options) { o.Token = secret })
		find(t, c, "acme/app")
		got, err := c.Account(t.Context())
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.Equal(t, 1, c.Requests().Total(), "the listing told it")
	}
}

// TestVisible lists what a token was given.
func TestVisible(t *testing.T) {
	w := newWorld(t)
	w.AddToken("ghs_some", sandbox.Token{Login: "basekeeper[bot]", Kind: sandbox.InstallationToken, Repositories: []string{"acme/b", "acme/a"}})
	w.AddToken("ghp_alice", sandbox.Token{Login: "alice", Kind: sandbox.UserToken})
	for _, name := range []string{"acme/a", "acme/b", "acme/c", "alice/x"} {
		w.repository(t, name)
	}
	for secret, want := range map[string][]string{"ghs_some": {"acme/a", "acme/b"}, "ghp_alice": {"alice/x"}} {
		c := w.client(t, func(o *github.Options) { o.Token = secret })
		found, skipped, err := c.Repositories(t.Context(), forge.Scope{Installation: true, BranchPrefix: prefix})
		require.NoError(t, err)
		assert.Empty(t, skipped)
		assert.Equal(t, want, names(found))
	}
}

// TestAppsPulls has an App, which has a token for each owner, ask about several.
func TestAppsPulls(t *testing.T) {
	w, become := installed(t)
	for _, name := range []string{"acme/app", "alice/app", "other/app"} {
		w.feature(t, name, "feature")
	}
	got, err := w.client(t, become).OpenPulls(t.Context(), named("acme/app", "other/app", "alice/app", "acme/secret"))
	var incomplete *forge.IncompleteError
	require.ErrorAs(t, err, &incomplete)
	assert.Len(t, incomplete.Skipped, 2)
	assert.Equal(t, "other/app", incomplete.Skipped[0].Name)
	assert.Equal(t, "acme/secret", incomplete.Skipped[1].Name)
	assert.Equal(t, []int{1, 0, 1, 0}, []int{len(got[0]), len(got[1]), len(got[2]), len(got[3])})
}
