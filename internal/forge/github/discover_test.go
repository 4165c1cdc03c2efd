package github_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/forgetest"
	"github.com/basekeeper/basekeeper/internal/forge/github"
	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// TestRequests holds the number of requests to what DESIGN §10 promises.
func TestRequests(t *testing.T) {
	w := newWorld(t)
	const n = 250
	for i := range n {
		w.repository(t, fmt.Sprintf("acme/app%03d", i), sandbox.File{Path: "Dockerfile", Content: fmt.Appendf(nil, "FROM debian:%d\n", i)})
	}
	c := w.client(t, nil)
	cost := func(do func()) int {
		before := c.Requests().Total()
		do()
		return c.Requests().Total() - before
	}
	var found []forge.Repository
	assert.Equal(t, 3, cost(func() {
		var err error
		found, _, err = c.Repositories(t.Context(), forge.Scope{Organizations: []string{org}, BranchPrefix: prefix})
		require.NoError(t, err)
		require.Len(t, found, n)
	}), "the repositories of an owner")
	var all []string
	var wanted []forge.Wanted
	var refs []forge.Ref
	for i, r := range found {
		all = append(all, r.Name)
		refs = append(refs, forge.Ref{Repository: r, Branch: "basekeeper/x"})
		wanted = append(wanted, forge.Wanted{Repository: r, Blob: forge.BlobID(fmt.Appendf(nil, "FROM debian:%d\n", i)), Path: "Dockerfile"},
			forge.Wanted{Repository: r, Blob: forge.BlobID(fmt.Appendf(nil, "FROM debian:%d\n", i)), Path: "the/same"})
	}
	assert.Equal(t, 3, cost(func() {
		_, skipped, err := c.Repositories(t.Context(), forge.Scope{Names: all, BranchPrefix: prefix})
		require.NoError(t, err)
		require.Empty(t, skipped)
	}), "repositories by name")
	assert.Equal(t, 3, cost(func() {
		_, err := c.Files(t.Context(), wanted)
		require.NoError(t, err)
	}), "files, the same ones once")
	assert.Equal(t, 3, cost(func() { _, err := c.Heads(t.Context(), refs); require.NoError(t, err) }), "branches")
	assert.Equal(t, 3, cost(func() { _, err := c.Closed(t.Context(), refs); require.NoError(t, err) }), "closed pull requests")
	assert.Equal(t, 6, cost(func() {
		_, _, err := c.Repositories(t.Context(), forge.Scope{Installation: true, BranchPrefix: prefix})
		require.NoError(t, err)
	}), "an installation: REST knows which, GraphQL the rest")
	assert.Equal(t, 1, cost(func() {
		_, err := c.Tree(t.Context(), forge.Commitish{Repository: found[0], Commit: found[0].Head})
		require.NoError(t, err)
	}))
	assert.Zero(t, cost(func() {
		_, err := c.Files(t.Context(), nil)
		require.NoError(t, err)
		_, err = c.Heads(t.Context(), nil)
		require.NoError(t, err)
	}), "nothing is asked for nothing")
	assert.Equal(t, github.Count{Reads: c.Requests().Total(), Points: c.Requests().Total()}, c.Requests())
	slept := w.clock.Slept()
	assert.Zero(t, slept)
}

// TestSkipped has repositories that cannot be listed.
func TestSkipped(t *testing.T) {
	w := newWorld(t)
	w.repository(t, "acme/app")
	w.repository(t, "acme/new-name")
	w.repository(t, "acme/forbidden")
	saml := `{"type":"FORBIDDEN","path":["%s"],"extensions":{"saml_failure":true},"message":"Resource protected by organization SAML enforcement."}`
	c, _ := w.spoiled(t, func(r request) *reply {
		if strings.Contains(r.body, `"closed-shop"`) {
			answer := status(200, `{"data":{"viewer":{"login":"basekeeper[bot]"},"list":null},"errors":[`+fmt.Sprintf(saml, "list")+`]}`)
			return &answer
		}
		if !strings.Contains(r.body, `"old-name"`) {
			return nil
		}
		// GitHub follows a renamed repository.
		answer := status(200, `{"data":{"viewer":{"login":"basekeeper[bot]"},
"n0":{"id":"R_1","nameWithOwner":"acme/App","defaultBranchRef":null},
"n1":{"id":"R_2","nameWithOwner":"acme/new-name"},
"n2":null,"n3":null},"errors":[`+fmt.Sprintf(saml, "n2")+`,{"type":"NOT_FOUND","path":["n3"],"message":"Could not resolve"}]}`)
		return &answer
	}, nil)
	found, skipped, err := c.Repositories(t.Context(), forge.Scope{
		Organizations: []string{"closed-shop", "nobody"},
		Names:         []string{"acme/app", "acme/old-name", "acme/forbidden", "acme/gone"},
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"acme/App"}, names(found))
	const sso = "permission denied: the organization demands SAML single sign-on: authorize the App's installation token for it, at https://github.com/settings/tokens"
	var got []string
	for _, s := range skipped {
		got = append(got, s.Name+": "+s.Err.Error())
	}
	assert.Equal(t, []string{
		"acme/forbidden: " + sso,
		"acme/gone: not found, or hidden from the App's installation token",
		"acme/old-name: it is named acme/new-name now: put that name into the configuration",
		"closed-shop: " + sso,
		"nobody: no organization or user of that name: not found, or hidden from the App's installation token",
	}, got)
}

// TestHoles has a listing that is not whole: what is missing must not look like
// an empty repository.
func TestHoles(t *testing.T) {
	page := func(nodes, errors string) reply {
		return status(200, `{"data":{"viewer":{"login":"x[bot]"},"list":{"repositories":{"pageInfo":{"hasNextPage":false,"endCursor":"c"},"nodes":[`+nodes+`]}}},"errors":[`+errors+`]}`)
	}
	const good = `{"id":"R_1","nameWithOwner":"acme/a","defaultBranchRef":{"name":"main","target":{"oid":"aa"}}}`
	const bad = `{"id":"R_2","nameWithOwner":"acme/b","defaultBranchRef":null}`
	tests := map[string]struct {
		answer  reply
		found   []string
		skipped string
	}{
		"a part of one is refused": {
			answer: page(good+","+bad, `{"type":"FORBIDDEN","path":["list","repositories","nodes",1,"defaultBranchRef"],"message":"Resource not accessible by integration"}`),
			found:  []string{"acme/a"}, skipped: "acme/b: permission denied: the App's installation token needs contents: read, metadata: read and pull_requests: read",
		},
		"one is null":    {answer: page(good+",null", ""), skipped: "acme: the listing cannot be read on: GitHub gives half an answer"},
		"all is refused": {answer: page("", `{"type":"FORBIDDEN","path":["list"],"message":"No."}`), skipped: "acme: permission denied: No."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c, _ := w.spoiled(t, times(99, tt.answer), nil)
			found, skipped, err := c.Repositories(t.Context(), forge.Scope{Organizations: []string{org}})
			require.NoError(t, err)
			assert.Equal(t, tt.found, names(found))
			require.Len(t, skipped, 1)
			assert.Equal(t, tt.skipped, skipped[0].Name+": "+skipped[0].Err.Error())
		})
	}
}

func TestTruncatedTree(t *testing.T) {
	w := newWorld(t)
	var files []sandbox.File
	for i := range 30 {
		files = append(files, sandbox.File{Path: fmt.Sprintf("d%d/e/f%d/Dockerfile", i%5, i), Content: []byte("FROM debian:12\n")})
	}
	require.NoError(t, w.CreateRepository("acme/large", sandbox.RepositoryOptions{TreeLimit: 20}, files...))
	require.NoError(t, w.CreateRepository("acme/all", sandbox.RepositoryOptions{}, files...))
	c := w.client(t, nil)
	tree := func(name string) ([]forge.Entry, error) {
		r := find(t, c, name)
		return c.Tree(t.Context(), forge.Commitish{Repository: r, Commit: r.Head})
	}
	want, err := tree("acme/all")
	require.NoError(t, err)
	require.Len(t, want, 30)
	before := c.Requests().Total()
	got, err := tree("acme/large")
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Equal(t, 1+2+5, c.Requests().Total()-before, "the listing, the tree twice, each directory")

	// A tree that is cut short all the way down is not walked for ever.
	for cut, want := range map[string]string{
		"1": "it is too large: 200 requests did not list it all",
		"":  `the directory "" alone has more entries than GitHub lists`,
	} {
		endless, _ := w.spoiled(t, func(r request) *reply {
			truncated := r.URL.Query().Get("recursive") == "1" || cut == ""
			answer := status(200, fmt.Sprintf(`{"sha":"x","truncated":%t,"tree":[{"path":"d","type":"tree","mode":"040000","sha":"%s"}]}`, truncated, strings.Repeat("a", 40)))
			return &answer
		}, nil)
		_, err = endless.Tree(t.Context(), forge.Commitish{Repository: forge.Repository{Name: "acme/app"}, Commit: strings.Repeat("a", 40)})
		require.EqualError(t, err, "read tree: "+want)
	}
}

// TestEnterprise asks an Enterprise Server for all kinds of things.
func TestEnterprise(t *testing.T) {
	w := newWorld(t)
	w.repository(t, "acme/app", sandbox.File{Path: "Dockerfile", Content: []byte("FROM debian:12 # \xff\n")})
	for _, base := range []string{"https://ghe.example.com", "https://ghe.example.com/api/v3"} {
		c, p := w.spoiled(t, nil, func(o *github.Options) { o.BaseURL = base })
		r := find(t, c, "acme/app")
		_, err := c.Tree(t.Context(), forge.Commitish{Repository: r, Commit: r.Head})
		require.NoError(t, err)
		got, err := c.Files(t.Context(), []forge.Wanted{{Repository: r, Commit: r.Head, Path: "Dockerfile"}})
		require.NoError(t, err)
		require.NoError(t, got[0].Err)
		require.NoError(t, c.Dispatch(t.Context(), "acme/app", "basekeeper-base-published", []byte(`{"image":"x"}`)))
		for _, s := range p.seen {
			assert.Regexp(t, `^(GET|POST) https://ghe\.example\.com/api/(v3/repos/|graphql) ?`, s)
			assert.Contains(t, s, "Bearer "+token)
		}
		assert.Len(t, p.seen, 5)
	}
	sent := w.Dispatches("acme/app")
	require.Len(t, sent, 2)
	assert.Equal(t, "basekeeper-base-published", sent[0].Action)
	assert.JSONEq(t, `{"image":"x"}`, string(sent[0].Client))

	c := w.client(t, nil)
	require.NoError(t, c.Dispatch(t.Context(), "acme/app", "basekeeper-base-published", nil))
	require.ErrorIs(t, c.Dispatch(t.Context(), "acme/nowhere", "x", nil), forge.ErrNotFound)
	require.Error(t, c.Dispatch(t.Context(), "nowhere", "x", nil))
}

// TestManyBranches has more of them than a few requests show.
func TestManyBranches(t *testing.T) {
	w := newWorld(t)
	w.repository(t, "acme/app")
	w.repository(t, "acme/other")
	for i := range 230 {
		_, err := w.Push("acme/app", fmt.Sprintf("basekeeper/%03d", i), person, "x", sandbox.File{Path: "x", Content: fmt.Append(nil, i)})
		require.NoError(t, err)
	}
	c := w.client(t, nil)
	found, skipped, err := c.Repositories(t.Context(), forge.Scope{Organizations: []string{org}, BranchPrefix: prefix})
	require.NoError(t, err)
	assert.Empty(t, skipped)
	require.Len(t, found[0].Branches, 230)
	for i, b := range found[0].Branches {
		assert.Equal(t, fmt.Sprintf("basekeeper/%03d", i), b.Name)
	}
	assert.Equal(t, 1+9, c.Requests().Total())

	// A cursor that stays is no reason to ask for ever.
	stuck, _ := w.spoiled(t, func(r request) *reply {
		answer := r.pass()
		answer.body = regexp.MustCompile(`"pageInfo":{[^}]*}`).ReplaceAllString(answer.body, `"pageInfo":{"hasNextPage":true,"endCursor":"same"}`)
		return &answer
	}, nil)
	_, _, err = stuck.Repositories(t.Context(), forge.Scope{Names: []string{"acme/app"}, BranchPrefix: prefix})
	require.NoError(t, err)
	assert.Equal(t, 2, stuck.Requests().Total())
}

// TestForks has pull requests from forks whose branches are named like ours.
func TestForks(t *testing.T) {
	w := newWorld(t)
	w.repository(t, "acme/app")
	c := w.client(t, nil)
	r := find(t, c, "acme/app")
	done, err := c.Propose(t.Context(), w.proposal(t, c, "acme/app", "FROM debian:13\n"))
	require.NoError(t, err)
	require.NoError(t, w.ClosePull("acme/app", done.Pull.Number, person))

	require.NoError(t, w.CreateRepository("mallory/app", sandbox.RepositoryOptions{Fork: true}, sandbox.File{Path: "x", Content: []byte("x")}))
	_, err = w.Push("mallory/app", branch, "mallory", "x", sandbox.File{Path: "Dockerfile", Content: []byte("FROM mallory\n")})
	require.NoError(t, err)
	number, err := w.OpenPull("acme/app", "mallory", "mallory:"+branch, "main", "x", "")
	require.NoError(t, err)
	assert.Nil(t, find(t, c, "acme/app").Branches[0].Pull, "it is not from our branch")

	// Even one that was merged says nothing about ours.
	merged, _ := w.spoiled(t, func(r request) *reply {
		answer := r.pass()
		answer.body = strings.Replace(answer.body, `"nodes":[`, fmt.Sprintf(`"nodes":[{"number":%d,"state":"MERGED","isCrossRepository":true},`, number), 1)
		return &answer
	}, nil)
	closed, err := merged.Closed(t.Context(), []forge.Ref{{Repository: r, Branch: branch}})
	require.NoError(t, err)
	require.NotNil(t, closed[0])
	assert.Equal(t, done.Pull.Number, closed[0].Number)
}

// TestLoopback goes over a real connection, as the demo does.
func TestLoopback(t *testing.T) {
	clock := forgetest.NewClock()
	server, err := sandbox.Start(t.Context(), sandbox.Options{Now: clock.Now})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	server.AddOrganization(org)
	server.AddToken(token, sandbox.Token{Login: "basekeeper[bot]", Kind: sandbox.InstallationToken})
	w := &world{Server: server, clock: clock}
	w.repository(t, "acme/app", sandbox.File{Path: "Dockerfile", Content: []byte("FROM debian:12 # \xff\n")})
	for _, base := range []string{server.URL(), server.EnterpriseURL()} {
		c, err := github.New(github.Options{BaseURL: base, Token: token, Now: clock.Now, Sleep: clock.Sleep})
		require.NoError(t, err)
		t.Cleanup(c.CloseIdle)
		r := find(t, c, "acme/app")
		got, err := c.Files(t.Context(), []forge.Wanted{{Repository: r, Commit: r.Head, Path: "Dockerfile"}})
		require.NoError(t, err)
		require.NoError(t, got[0].Err)
		_, err = c.Propose(t.Context(), w.proposal(t, c, "acme/app", "FROM debian:13 # "+base+"\n"))
		require.NoError(t, err)
	}
	assert.Len(t, server.PullRequests("acme/app"), 1)
	require.NoError(t, server.Close())
	c, err := github.New(github.Options{BaseURL: server.URL(), Token: token, Now: clock.Now, Sleep: clock.Sleep})
	require.NoError(t, err)
	_, err = c.Account(t.Context())
	require.ErrorContains(t, err, "connection refused")
	assert.Equal(t, 1, c.Requests().Total())
}
