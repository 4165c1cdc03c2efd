package github

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
)

func TestLocate(t *testing.T) {
	tests := map[string]struct{ base, rest, graphql, wantErr string }{
		"none":              {base: "", rest: "https://api.github.com/", graphql: "https://api.github.com/graphql"},
		"the web page":      {base: "https://github.com", rest: "https://api.github.com/", graphql: "https://api.github.com/graphql"},
		"the API":           {base: "https://api.github.com/", rest: "https://api.github.com/", graphql: "https://api.github.com/graphql"},
		"Enterprise Server": {base: "https://ghe.example.com", rest: "https://ghe.example.com/api/v3/", graphql: "https://ghe.example.com/api/graphql"},
		"with its path":     {base: "https://ghe.example.com:8443/api/v3/", rest: "https://ghe.example.com:8443/api/v3/", graphql: "https://ghe.example.com:8443/api/graphql"},
		"data residency":    {base: "https://acme.ghe.com", rest: "https://api.acme.ghe.com/", graphql: "https://api.acme.ghe.com/graphql"},
		"its API":           {base: "https://api.acme.ghe.com", rest: "https://api.acme.ghe.com/", graphql: "https://api.acme.ghe.com/graphql"},
		"loopback":          {base: "http://127.0.0.1:1234", rest: "http://127.0.0.1:1234/api/v3/", graphql: "http://127.0.0.1:1234/api/graphql"},
		"loopback 6":        {base: "http://[::1]:1234", rest: "http://[::1]:1234/api/v3/", graphql: "http://[::1]:1234/api/graphql"},
		"plain HTTP":        {base: "http://ghe.example.com", wantErr: "base URL http://ghe.example.com: only https is safe for a token"},
		"no URL":            {base: "ghe.example.com", wantErr: "the base URL is no URL such as https://github.example.com"},
		"broken":            {base: "https://user:secret@ghe.example.com:x", wantErr: "the base URL is no URL such as https://github.example.com"},
		"password":          {base: "https://user:secret@ghe.example.com", wantErr: "the base URL holds a user or a password; give the token apart"},
		"path":              {base: "https://ghe.example.com/acme", wantErr: "base URL https://ghe.example.com/acme: unexpected path /acme"},
		"API's path":        {base: "https://api.github.com/api/v3", wantErr: "base URL https://api.github.com/api/v3: unexpected path /api/v3"},
		"query":             {base: "https://ghe.example.com?x=1", wantErr: "base URL https://ghe.example.com?x=1: it must have no query and no fragment"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := locate(tt.base)
			if tt.wantErr != "" {
				require.EqualError(t, err, tt.wantErr)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.rest, got.rest.String())
			assert.Equal(t, tt.graphql, got.graphql.String())
		})
	}
}

func TestPacer(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	// last books n requests that all come at once, and returns when the last goes.
	last := func(t *testing.T, n int, c call) time.Duration {
		t.Helper()
		p := newPacer(func() time.Time { return start }, false)
		var at time.Time
		for range n {
			var ok bool
			at, ok = p.reserve(c, time.Time{})
			require.True(t, ok)
		}
		return at.Sub(start)
	}
	content := call{write: true, graphql: true}
	object := call{write: true, silent: true}
	assert.Zero(t, last(t, 1, content))
	assert.Equal(t, time.Second, last(t, 2, content), "a second between writes")
	assert.Equal(t, 499*time.Second, last(t, 500, content))
	assert.Equal(t, time.Hour, last(t, 501, content), "500 an hour")
	assert.Equal(t, time.Hour+499*time.Second, last(t, 1000, content))
	assert.Equal(t, 600*time.Second, last(t, 601, object), "git objects are told to nobody")
	assert.Zero(t, last(t, 900, call{}), "900 points a minute")
	assert.Equal(t, time.Minute, last(t, 901, call{}))
	assert.Equal(t, 2*time.Minute, last(t, 1801, call{}))
	assert.Zero(t, last(t, 2000, call{graphql: true}), "2000 for GraphQL")
	assert.Equal(t, time.Minute, last(t, 2001, call{graphql: true}))
}

func TestPacerHolds(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	p := newPacer(func() time.Time { return now }, true)
	p.hold(call{owner: "acme"}, now.Add(time.Minute), false)
	p.hold(call{owner: "acme"}, now.Add(time.Second), false)
	p.hold(call{owner: "half", graphql: true}, now.Add(time.Hour), true)
	tests := map[string]struct {
		call call
		want time.Duration
	}{
		"the longest hold counts":                  {call{owner: "Acme"}, time.Minute},
		"a secondary limit is on both halves":      {call{owner: "acme", graphql: true}, time.Minute},
		"another token has a limit of its own":     {call{owner: "other"}, 0},
		"a primary limit is on one half":           {call{owner: "half", graphql: true}, time.Hour},
		"and not on the other half, which goes on": {call{owner: "half"}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			at, ok := p.reserve(tt.call, time.Time{})
			assert.True(t, ok)
			assert.Equal(t, tt.want, at.Sub(now))
		})
	}
	_, ok := p.reserve(call{owner: "acme"}, now.Add(30*time.Second))
	assert.False(t, ok)
}

func TestWhose(t *testing.T) {
	bot := forge.Account{Login: "basekeeper[bot]", Kind: forge.App}
	user := forge.Account{Login: "Alice", Kind: forge.Person}
	byLogin := func(login string) *signer { return &signer{User: &struct{ Login string }{login}} }
	webFlow := &signer{Name: "GitHub", Email: "noreply@github.com"}
	tests := map[string]struct {
		account           forge.Account
		author, committer *signer
		want              bool
	}{
		"an App by GraphQL's login":  {bot, byLogin("basekeeper[bot]"), webFlow, true},
		"an App by its address":      {bot, &signer{Name: "x", Email: "123+basekeeper[bot]@users.noreply.github.com"}, webFlow, true},
		"an App at an Enterprise":    {bot, &signer{Email: "123+basekeeper[bot]@users.noreply.ghe.example.com"}, &signer{Name: "GitHub Enterprise", Email: "noreply@ghe.example.com"}, true},
		"a user of the App's name":   {bot, byLogin("basekeeper"), webFlow, false},
		"an address elsewhere":       {bot, &signer{Email: "123+basekeeper[bot]@evil.example.com"}, webFlow, false},
		"a user":                     {user, byLogin("alice"), byLogin("alice"), true},
		"a user without a number":    {user, &signer{Email: "alice@users.noreply.github.com"}, byLogin("web-flow"), true},
		"another user":               {user, byLogin("bob"), webFlow, false},
		"amended by another":         {user, byLogin("alice"), byLogin("bob"), false},
		"amended by another App":     {bot, byLogin("basekeeper[bot]"), &signer{Name: "bob", Email: "bob@example.com"}, false},
		"nobody":                     {user, nil, nil, false},
		"an account that is unknown": {forge.Account{}, byLogin(""), webFlow, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, commitNode{Author: tt.author, Committer: tt.committer}.mine(tt.account))
		})
	}
	assert.True(t, (&actor{"basekeeper", "Bot"}).is(bot))
	assert.True(t, (&actor{"basekeeper[bot]", "Bot"}).is(bot))
	assert.False(t, (&actor{"basekeeper", "User"}).is(bot))
	assert.True(t, (&actor{"ALICE", "User"}).is(user))
	assert.False(t, (*actor)(nil).is(user), "a ghost")
}

func TestNames(t *testing.T) {
	for _, good := range []string{"acme/app", "a/b.c-d_e", "acme/.github"} {
		_, _, err := split(good)
		require.NoError(t, err, good)
	}
	for _, bad := range []string{"", "acme", "acme/", "/app", "acme/..", "acme/.", "../app", "acme/a/b", "acme/a b", "acme/a?x", "acme/a#x", "acme/%2e", "acme/é"} {
		_, _, err := split(bad)
		require.Error(t, err, bad)
	}
}

func TestClean(t *testing.T) {
	assert.Equal(t, "a b c", forge.OneLine(" a\n\tb\u202e\x1b\x00 c "))
	assert.LessOrEqual(t, len(forge.OneLine(string(make([]byte, 9000))+"é")), 410)
	assert.Equal(t, "`a`", code("a"))
	assert.Equal(t, "`` a`b ``", code("a`b"))
}

// TestPartsOfAPullRequest is about what is not listed, or is another's.
func TestPartsOfAPullRequest(t *testing.T) {
	bot := forge.Account{Login: "basekeeper[bot]", Kind: forge.App}
	own := commitNode{OID: "aa", Author: &signer{User: &struct{ Login string }{bot.Login}}, Committer: &signer{Name: "GitHub", Email: "noreply@github.com"}}
	node := func(total int) *pullNode {
		n := &pullNode{Number: 7, State: "OPEN", BaseRepository: &struct{ ID string }{"R_1"}}
		n.Commits.TotalCount = total
		n.Commits.Nodes = []struct{ Commit commitNode }{{own}}
		return n
	}
	assert.False(t, node(1).value(bot).OthersTouch)
	assert.True(t, node(2).value(bot).OthersTouch, "what is not listed is not known to be ours")

	stale := node(2)
	stale.HeadRefOID = "before"
	got := ours(stale, bot, "after")
	assert.Equal(t, "after", got.HeadID, "an answer may be from before the branch moved")
	assert.Equal(t, 1, got.Commits)
	assert.False(t, got.OthersTouch)
	assert.True(t, got.Mine)
}

func TestPartsOfAPage(t *testing.T) {
	bot := forge.Account{Login: "basekeeper[bot]", Kind: forge.App}
	branch := func(kind string) *branchNode {
		b := &branchNode{Name: "x", Prefix: "refs/heads/basekeeper/"}
		b.Target = &struct {
			Typename string `json:"__typename"`
			commitNode
		}{kind, commitNode{OID: "aa"}}
		b.AssociatedPullRequests.Nodes = []*pullNode{nil, {Number: 7, State: "OPEN", BaseRepository: &struct{ ID string }{"R_1"}}}
		return b
	}
	page := refPage{Nodes: []*branchNode{nil, branch("Tag"), branch("Commit")}}
	got := page.values("R_1", bot)
	require.Len(t, got, 1, "a branch points at a commit")
	assert.Equal(t, "basekeeper/x", got[0].Name)
	require.NotNil(t, got[0].Pull)
	assert.Nil(t, page.values("R_2", bot)[0].Pull, "it is to be merged into another repository")
	assert.Equal(t, "a/b", (&branchNode{Name: "a/b", Prefix: "refs/heads/"}).name())
	assert.Equal(t, "a/b", (&branchNode{Name: "a/b"}).name())
}

func TestPageSize(t *testing.T) {
	s := newPageSize()
	s.fail()
	s.fail()
	var sizes []int
	for range 14 {
		sizes = append(sizes, s.now)
		s.grow()
	}
	assert.Equal(t, []int{25, 25, 25, 25, 50, 50, 50, 50, 100, 100, 100, 100, 100, 100}, sizes)
	s.fail()
	s.most = perRequest
	s.grow()
	assert.Equal(t, 100, s.now, "the one that was too much is out of the way")
}
