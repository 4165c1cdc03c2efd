package gitlab

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
)

func TestComplexity(t *testing.T) {
	for selection, want := range map[string]int{
		"id":                                 1,
		"id iid\nwebUrl":                     3,
		"a{b{c}}":                            3,
		"alias:name{x}":                      2,
		"repository{rootRef}":                3,
		"tree{lastCommit{sha}}":              13,
		"mergeRequests(first:20){nodes{id}}": 4, // 2 + 1 + 1, and a fifth
		"mergeRequests(first:100,state:opened){nodes{id}}":   8,
		"mergeRequests(first:900){nodes{id}}":                8, // GitLab shows no more than a hundred
		"labels(first:30){nodes{title}}":                     7, // a price of its own
		"blobs(ref:%s,paths:%s,first:50){nodes{path oid}}":   7, // 2 + 1 + 2, and a half
		"blobs(first:100){nodes{path}}":                      4,
		"project(fullPath:%s){id ...on Project{fullPath a}}": 4,
		"unbalanced(": 1, "{a{b": 2, "": 0, "}}": 0,
	} {
		assert.Equal(t, want, complexity(selection), selection)
	}
	all := projectList{field: "group(fullPath:$path)", path: "x", arguments: "includeSubgroups:true,"}
	whole := complexity(all.document(listFields("basekeeper/"), perRequest))
	assert.LessOrEqual(t, whole, maxComplexity, "a page of a hundred")
	assert.Greater(t, whole, 100)
}

func FuzzComplexity(f *testing.F) {
	for _, s := range []string{"a{b(c:1){d}}", "a:b{...on C{d}}", "((", "{{{", "first(first:99999999999999999999){x}", "a: :b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		assert.GreaterOrEqual(t, complexity(s), 0)
	})
}

func TestTooComplex(t *testing.T) {
	for message, want := range map[string]*complexityError{
		"Query has complexity of 300, which exceeds max complexity of 250": {300, 250},
		"The complexity exceeds what is allowed":                           {},
		"Something else":                                                   nil,
	} {
		assert.Equal(t, want, tooComplex(message), message)
	}
	assert.Equal(t, 157, budgetAfter(200, &complexityError{300, 250}))
	assert.Equal(t, 100, budgetAfter(200, &complexityError{}))
	assert.Equal(t, 100, budgetAfter(200, &complexityError{100, 250}), "it makes no sense, and yet it was refused")
	assert.Equal(t, 1, budgetAfter(1, &complexityError{}))
}

func TestBatches(t *testing.T) {
	flat := func(n int) func(int) int { return func(int) int { return n } }
	sizes := func(all [][]int) (n []int) {
		for _, b := range all {
			n = append(n, len(b))
		}
		return n
	}
	assert.Empty(t, batches(0, 100, question{cost: flat(1)}))
	assert.Equal(t, []int{10, 10, 3}, sizes(batches(23, 100, question{cost: flat(10)})))
	assert.Equal(t, []int{100, 50}, sizes(batches(150, 1000, question{cost: flat(1)})), "no more than are shown")
	assert.Equal(t, []int{1, 1}, sizes(batches(2, 100, question{cost: flat(500)})), "too much for any")
	assert.Equal(t, []int{2, 1}, sizes(batches(3, 100, question{cost: flat(1), weight: flat(heaviest / 2)})))
	cost := func(i int) int { return []int{90, 20, 90}[i] }
	assert.Equal(t, [][]int{{0}, {1}, {2}}, batches(3, 100, question{cost: cost}), "in order")
}

func TestPageSize(t *testing.T) {
	s := newPageSize(100)
	s.fail()
	assert.Equal(t, 50, s.now)
	for range 5 {
		s.grow()
	}
	assert.Equal(t, 100, s.now, "it comes back")
	s.limit(25)
	for range 20 {
		s.grow()
	}
	assert.Equal(t, 25, s.now, "and never over what GitLab finds too complex")
	for range 20 {
		s.fail()
	}
	assert.Equal(t, 1, s.now)
}

func TestWhose(t *testing.T) {
	user := account{Account: forge.Account{Login: "Alice", Kind: forge.Person}, id: 7, emails: []string{"alice@example.com"}}
	bot := account{Account: forge.Account{Login: "group_3_bot_ab12", Kind: forge.App}, id: 9}
	tests := map[string]struct {
		account                   account
		author, committer, called string
		want                      bool
	}{
		"by its address":             {user, "alice@example.com", "Alice@Example.com", "Alice", true},
		"by the address for shy":     {user, "7-alice@users.noreply.gitlab.com", "7-alice@users.noreply.gitlab.com", "Alice", true},
		"another's number":           {user, "8-alice@users.noreply.gitlab.com", "8-alice@users.noreply.gitlab.com", "Alice", false},
		"signed by GitLab":           {user, "alice@example.com", "noreply@gitlab.com", "GitLab", true},
		"amended":                    {user, "alice@example.com", "bob@example.com", "Bob", false},
		"another's, by GitLab":       {user, "bob@example.com", "noreply@gitlab.com", "GitLab", false},
		"noreply of a person's":      {user, "alice@example.com", "noreply@evil.example.com", "Mallory", false},
		"a bot":                      {bot, "group_3_bot_ab12@noreply.gitlab.com", "group_3_bot_ab12@noreply.gitlab.com", "x", true},
		"another bot":                {bot, "group_3_bot_cd34@noreply.gitlab.com", "group_3_bot_cd34@noreply.gitlab.com", "x", false},
		"an account that is unknown": {account{}, "", "", "", false},
	}
	for name, tt := range tests {
		assert.Equal(t, tt.want, tt.account.made(tt.author, tt.committer, tt.called), name)
	}
	for name, want := range map[string]bool{
		"project_7_bot_ab12": true, "group_12_bot_ab": true, "project_7_bot": true, "project_x_bot_1": false, "project_7_human": false, "alice": false, "": false,
	} {
		assert.Equal(t, want, isBotName(name), name)
	}
}

func TestTitles(t *testing.T) {
	for title, want := range map[string]string{
		"Bump debian": "Bump debian", "Draft: Bump": "Bump", "draft: Draft: Bump": "Bump", "[Draft] Bump": "Bump", "(draft) Bump": "Bump",
		"Drafts: Bump": "Drafts: Bump", "": "",
	} {
		assert.Equal(t, want, untitled(title), title)
	}
	assert.Equal(t, "Draft: Bump", titled("Bump", true))
	assert.Equal(t, "Draft: Bump", titled("Draft: Bump", true))
	assert.Equal(t, "Bump", titled("Bump", false))
}

func TestNamesAndNumbers(t *testing.T) {
	for _, good := range []string{"a/b", "a/b/c", "A.b/c-d_e", "a/.github"} {
		require.NoError(t, checkName(good), good)
	}
	for _, bad := range []string{"", "a", "a/", "/a", "a//b", "a/../b", "a/.", "a/b c", "a/b%2f", "a/" + strings.Repeat("x", 300), strings.Repeat("a/", 40) + "b"} {
		require.Error(t, checkName(bad), bad)
	}
	assert.Equal(t, int64(7), number("gid://gitlab/Project/7"))
	assert.Equal(t, int64(7), number("7"))
	assert.Zero(t, number("gid://gitlab/Project/x"))
	for id, want := range map[string]any{"7": 7, "nothing": "a/b", "-1": "a/b", "": "a/b"} {
		got, err := project(forge.Repository{ID: id, Name: "a/b"})
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	_, err := project(forge.Repository{Name: "a"})
	require.Error(t, err)
}

func TestSaid(t *testing.T) {
	for body, want := range map[string]string{
		`{"message":"404 Project Not Found"}`:                             "404 Project Not Found",
		`{"message":["Another open merge request already exists: !5"]}`:   "Another open merge request already exists: !5",
		`{"message":{"base":["is wrong"],"title":["is blank","is odd"]}}`: "is wrong: title is blank, is odd",
		`{"error":"insufficient_scope","error_description":"needs more"}`: "insufficient_scope: needs more",
		`{"message":{"error":"too many"}}`:                                "error too many",
		"<html>\x00":                                                      "", "": "", "[]": "",
	} {
		assert.Equal(t, want, saidIn([]byte(body)), body)
	}
	assert.Equal(t, "a b", forge.OneLine("a\n\x1b\tb"))
	assert.Len(t, forge.OneLine(strings.Repeat("x", 9000)), 403)
}

func TestPacing(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		call  call
		most  int // at once
		after time.Duration
	}{
		"requests": {call{}, requestsAMinute, time.Minute},
		"lists":    {call{list: true}, listsAMinute, time.Minute},
	} {
		p := newPacer(func() time.Time { return now })
		for range tt.most {
			at, ok := p.reserve(tt.call, time.Time{})
			require.True(t, ok)
			require.Equal(t, now, at, name)
		}
		at, _ := p.reserve(tt.call, time.Time{})
		assert.Equal(t, tt.after, at.Sub(now), name)
		_, ok := p.reserve(tt.call, now.Add(time.Second))
		assert.False(t, ok, "%s: there is no time for it", name)
	}
	p := newPacer(func() time.Time { return now })
	var at time.Time
	for range 60 {
		at, _ = p.reserve(call{write: true, note: true}, time.Time{})
	}
	assert.Equal(t, time.Minute+4*writeEvery, at.Sub(now), "one after the other, and 55 notes a minute")
}
