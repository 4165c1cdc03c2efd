package github_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/github"
	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// named returns repositories as a listing names them.
func named(names ...string) []forge.Repository {
	var all []forge.Repository
	for _, name := range names {
		all = append(all, forge.Repository{Name: name})
	}
	return all
}

// fleet makes n repositories of acme, with one open pull request each.
func (w *world) fleet(t *testing.T, n int) []forge.Repository {
	t.Helper()
	var names []string
	for i := range n {
		name := fmt.Sprintf("acme/app%04d", i)
		w.repository(t, name)
		w.feature(t, name, "feature")
		names = append(names, name)
	}
	return named(names...)
}

// feature opens a pull request from a branch and returns its number.
func (w *world) feature(t *testing.T, name, head string) int {
	t.Helper()
	_, err := w.Push(name, head, person, head, sandbox.File{Path: "x", Content: []byte(head)})
	require.NoError(t, err)
	number, err := w.OpenPull(name, person, head, "main", head, "")
	require.NoError(t, err)
	return number
}

// TestListsOfPullRequestsCost counts requests.
func TestListsOfPullRequestsCost(t *testing.T) {
	w := newWorld(t)
	all := w.fleet(t, 250)
	for i := range 120 {
		w.feature(t, "acme/app0007", fmt.Sprintf("more%d", i))
	}
	c := w.client(t, nil)
	count := func(f func() error) int {
		before := c.Requests().Total()
		require.NoError(t, f())
		return c.Requests().Total() - before
	}
	assert.Equal(t, 4, count(func() error {
		got, err := c.OpenPulls(t.Context(), all)
		require.Len(t, got[7], 121)
		require.Len(t, got[249], 1)
		return err
	}), "three for 250 repositories, and one for a second page")

	start := w.clock.Now()
	for i := range 130 {
		require.NoError(t, w.clock.Sleep(t.Context(), time.Minute))
		require.NoError(t, w.Merge("acme/app0011", w.feature(t, "acme/app0011", fmt.Sprintf("merged%d", i)), person))
	}
	assert.Equal(t, 3, count(func() error {
		got, err := c.MergedPulls(t.Context(), all, "", w.clock.Now())
		require.Len(t, got[11], 1)
		return err
	}), "what was merged before is not read")
	assert.Equal(t, 5, count(func() error {
		got, err := c.MergedPulls(t.Context(), all, "nothing/", start)
		require.Empty(t, got[11])
		return err
	}), "20, 100 and 10 more")
}

// TestPullsThatAreNotAllThere has GitHub leave something out.
func TestPullsThatAreNotAllThere(t *testing.T) {
	node := func(number int) string {
		return fmt.Sprintf(`{"id":"PR_%d","number":%d,"url":"u","baseRefName":"main","headRefName":"h","headRefOid":"%040d","isCrossRepository":false}`, number, number, 1)
	}
	page := func(next, cursor string, nodes ...string) string {
		return fmt.Sprintf(`{"pullRequests":{"pageInfo":{"hasNextPage":%s,"endCursor":%s},"nodes":[%s]}}`, next, cursor, strings.Join(nodes, ","))
	}
	tests := map[string]struct{ answer, errors, wantErr string }{
		"a hole":              {answer: page("false", "null", node(1), "null"), wantErr: "half an answer"},
		"no list":             {answer: `{"pullRequests":null}`, wantErr: "half an answer"},
		"no number":           {answer: page("false", "null", `{"id":"PR_1"}`), wantErr: "half an answer"},
		"a cursor that stays": {answer: page("true", `"same"`, node(1)), wantErr: "cannot be read on"},
		"no cursor":           {answer: page("true", "null", node(1)), wantErr: "cannot be read on"},
		"gone":                {answer: "null", wantErr: "not found"},
		"refused": {
			answer: `null`, errors: `,"errors":[{"type":"FORBIDDEN","path":["n1","pullRequests"],"message":"Resource not accessible by integration"}]`,
			wantErr: "permission denied: the App's installation token needs contents: read, metadata: read and pull_requests: read",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c, p := w.spoiled(t, func(r request) *reply {
				answer := status(200, fmt.Sprintf(`{"data":{"viewer":{"login":"basekeeper[bot]"},"n0":%s,"n1":%s}%s}`, page("false", "null", node(7)), tt.answer, tt.errors))
				if !strings.Contains(r.body, "n1:") { // the second page
					answer = status(200, fmt.Sprintf(`{"data":{"viewer":{"login":"basekeeper[bot]"},"n0":%s}}`, tt.answer))
				}
				return &answer
			}, nil)
			got, err := c.OpenPulls(t.Context(), named("acme/whole", "acme/part"))
			var incomplete *forge.IncompleteError
			require.ErrorAs(t, err, &incomplete)
			require.Len(t, incomplete.Skipped, 1)
			assert.Equal(t, "acme/part", incomplete.Skipped[0].Name)
			require.ErrorContains(t, err, tt.wantErr)
			require.Len(t, got[0], 1)
			assert.Equal(t, 7, got[0][0].Number)
			assert.Less(t, len(p.seen), 4)
		})
	}
}

func TestPullsOfNoRepository(t *testing.T) {
	w := newWorld(t)
	all := w.fleet(t, 1)
	c := w.client(t, nil)
	got, err := c.OpenPulls(t.Context(), append(named("acme/../etc", ""), all...))
	var incomplete *forge.IncompleteError
	require.ErrorAs(t, err, &incomplete)
	assert.Len(t, incomplete.Skipped, 2)
	assert.Len(t, got[2], 1)
	assert.Equal(t, 1, c.Requests().Total(), "it is not asked for")
}

// TestEndlessPulls has a list that never comes to its end.
func TestEndlessPulls(t *testing.T) {
	w := newWorld(t)
	number := 0
	c, p := w.spoiled(t, func(request) *reply {
		number++
		answer := status(200, fmt.Sprintf(`{"data":{"viewer":{"login":"basekeeper[bot]"},"n0":{"pullRequests":{"pageInfo":{"hasNextPage":true,"endCursor":"%d"},"nodes":[{"number":%d}]}}}}`, number, number))
		return &answer
	}, nil)
	_, err := c.OpenPulls(t.Context(), named("acme/app"))
	require.EqualError(t, err, "list open pull requests: acme/app: there are more than 100 pages of a hundred pull requests")
	assert.Len(t, p.seen, 100)
}

// TestHalvedPulls has GitHub give up on whatever asks for too much.
func TestHalvedPulls(t *testing.T) {
	w := newWorld(t)
	all := w.fleet(t, 60)
	gaveUp := status(504, "")
	c, p := w.spoiled(t, func(r request) *reply {
		if strings.Count(r.body, "repository(") > 10 || strings.Contains(r.body, `"app0013"`) {
			return &gaveUp
		}
		return nil
	}, nil)
	got, err := c.OpenPulls(t.Context(), all)
	var incomplete *forge.IncompleteError
	require.ErrorAs(t, err, &incomplete)
	require.Len(t, incomplete.Skipped, 1)
	assert.Equal(t, "acme/app0013", incomplete.Skipped[0].Name)
	require.ErrorContains(t, err, "GitHub answers HTTP 504 after 5 attempts")
	for i, pulls := range got {
		assert.Len(t, pulls, map[bool]int{true: 0, false: 1}[i == 13], "%d", i)
	}
	assert.Less(t, len(p.seen), 30)
}

func TestLimitedPulls(t *testing.T) {
	w := newWorld(t)
	all := w.fleet(t, 3)
	w.SetRemaining(token, "core", 0)
	w.SetRemaining(token, "graphql", 0)
	c := w.client(t, func(o *github.Options) { o.Deadline = w.clock.Now().Add(time.Minute) })
	_, err := c.OpenPulls(t.Context(), all)
	require.ErrorIs(t, err, forge.ErrLimited)
	_, err = c.MergedPulls(t.Context(), all, "", time.Time{})
	require.ErrorIs(t, err, forge.ErrLimited)
	_, err = c.ChangedFiles(t.Context(), all[0], 1)
	require.ErrorIs(t, err, forge.ErrLimited)

	ctx, cancel := contextWithCancel(t)
	cancel()
	_, err = c.OpenPulls(ctx, all)
	require.ErrorIs(t, err, errCancelled)
	_, err = c.ChangedFiles(ctx, all[0], 1)
	require.ErrorIs(t, err, errCancelled)
}

// TestTooManyChangedFiles has as many as GitHub lists, and one less.
func TestTooManyChangedFiles(t *testing.T) {
	for n, wantErr := range map[int]string{2999: "", 3000: "list changed files: GitHub lists no more than 3000, so these may not be all", 3001: "list changed files: GitHub lists no more than 3000, so these may not be all"} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			w := newWorld(t)
			w.repository(t, "acme/app")
			var files []sandbox.File
			for i := range n {
				files = append(files, sandbox.File{Path: fmt.Sprintf("f%04d", i), Content: []byte("x")})
			}
			_, err := w.Push("acme/app", "feature", person, "x", files...)
			require.NoError(t, err)
			number, err := w.OpenPull("acme/app", person, "feature", "main", "x", "")
			require.NoError(t, err)
			c := w.client(t, nil)
			got, err := c.ChangedFiles(t.Context(), named("acme/app")[0], number)
			assert.LessOrEqual(t, c.Requests().Total(), 30)
			if wantErr != "" {
				require.EqualError(t, err, wantErr)
				return
			}
			require.NoError(t, err)
			assert.Len(t, got, n)
		})
	}
}

// TestHostileFiles has answers that GitHub does not give.
func TestHostileFiles(t *testing.T) {
	for name, tt := range map[string]struct {
		body, link string
	}{
		"no name":        {`[{"status":"added"}]`, ""},
		"the same again": {`[{"filename":"a"}]`, `<https://api.github.com/repos/acme/app/pulls/1/files?page=1>; rel="next"`},
		"nothing more":   {`[]`, `<https://api.github.com/repos/acme/app/pulls/1/files?page=2>; rel="next"`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c, p := w.spoiled(t, func(request) *reply {
				answer := status(200, tt.body, "Link", tt.link, "Content-Type", "application/json")
				return &answer
			}, nil)
			_, err := c.ChangedFiles(t.Context(), named("acme/app")[0], 1)
			require.ErrorContains(t, err, "half an answer")
			assert.Less(t, len(p.seen), 3)
		})
	}
}

// TestMergedBefore has a pull request that somebody speaks about after it was
// merged.
func TestMergedBefore(t *testing.T) {
	w := newWorld(t)
	w.repository(t, "acme/app")
	number := w.feature(t, "acme/app", branch)
	require.NoError(t, w.Merge("acme/app", number, person))
	at := w.clock.Now()
	require.NoError(t, w.clock.Sleep(t.Context(), time.Hour))
	require.NoError(t, w.Comment("acme/app", number, person, "Thanks."))
	c := w.client(t, nil)
	for since, want := range map[time.Time]int{at: 1, at.Add(time.Second): 0, w.clock.Now(): 0} {
		got, err := c.MergedPulls(t.Context(), named("acme/app"), prefix, since)
		require.NoError(t, err)
		assert.Len(t, got[0], want, "%s", since)
	}
}
