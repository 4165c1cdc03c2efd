package github_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/forgetest"
	"github.com/basekeeper/basekeeper/internal/forge/github"
	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

func (w *world) repository(t *testing.T, name string, files ...sandbox.File) {
	t.Helper()
	if files == nil {
		files = []sandbox.File{{Path: "Dockerfile", Content: []byte("FROM debian:12\n")}}
	}
	require.NoError(t, w.CreateRepository(name, sandbox.RepositoryOptions{}, files...))
}

func TestReadsAreRepeated(t *testing.T) {
	const secondary = `{"message":"You have exceeded a secondary rate limit."}`
	now := forgetest.NewClock().Now()
	at := func(d time.Duration) string { return fmt.Sprint(now.Add(d).Unix()) }
	tests := map[string]struct {
		fault   fault
		retried int
		slept   time.Duration // at least
		most    time.Duration
		wantErr string
	}{
		"502 once":         {fault: times(1, status(502, "<html>")), retried: 1, slept: 250 * time.Millisecond, most: time.Second},
		"503, 504, 500":    {fault: times(3, status(503, "")), retried: 3, most: 4 * time.Second},
		"502 for ever":     {fault: times(9, status(502, "")), retried: 4, most: 8 * time.Second, wantErr: "GitHub answers HTTP 502 after 5 attempts"},
		"reset":            {fault: times(2, reset), retried: 2, most: 2 * time.Second},
		"reset for ever":   {fault: times(9, reset), retried: 4, most: 8 * time.Second, wantErr: "connection reset by peer after 5 attempts"},
		"half a body":      {fault: times(1, reply{err: io.ErrUnexpectedEOF}), retried: 1, most: time.Second},
		"secondary, 30 s":  {fault: times(1, status(403, secondary, "Retry-After", "30")), retried: 1, slept: 30 * time.Second, most: 30 * time.Second},
		"secondary, mute":  {fault: times(2, status(403, secondary)), retried: 2, slept: 180 * time.Second, most: 180 * time.Second},
		"429":              {fault: times(1, status(429, "")), retried: 1, slept: 60 * time.Second, most: 60 * time.Second},
		"primary":          {fault: times(1, status(403, `{"message":"API rate limit exceeded"}`, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", at(20*time.Minute))), retried: 1, slept: 20*time.Minute + time.Second, most: 20*time.Minute + time.Second},
		"hostile reset":    {fault: times(1, status(403, "", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "99999999999")), wantErr: "rate limit: all requests of this hour are spent, it ends at 2027-03-01T12:00:01Z"},
		"hostile wait":     {fault: times(1, status(429, "", "Retry-After", "99999999999999999999")), wantErr: "rate limit"},
		"limited for ever": {fault: times(99, status(429, "", "Retry-After", "1")), retried: 6, slept: 6 * time.Second, most: 6 * time.Second, wantErr: "rate limit"},
		"404 is final":     {fault: times(1, status(404, `{"message":"Not Found"}`)), wantErr: "read tree: not found, or hidden from the App's installation token"},
		"403 is final":     {fault: times(1, status(403, `{"message":"No."}`)), wantErr: "read tree: permission denied: the App's installation token: No."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.repository(t, "acme/app")
			head, err := w.Branch("acme/app", "main")
			require.NoError(t, err)
			c, p := w.spoiled(t, tt.fault, nil)
			_, err = c.Tree(t.Context(), forge.Commitish{Repository: forge.Repository{Name: "acme/app"}, Commit: head})
			if tt.wantErr == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tt.wantErr)
			}
			assert.Equal(t, tt.retried, c.Requests().Retried)
			assert.Len(t, p.seen, c.Requests().Total())
			slept := w.clock.Slept()
			assert.GreaterOrEqual(t, slept, tt.slept)
			assert.LessOrEqual(t, slept, tt.most)
		})
	}
}

func TestDeadline(t *testing.T) {
	w := newWorld(t)
	w.repository(t, "acme/app")
	w.SetRemaining(token, "core", 0)
	w.SetRemaining(token, "graphql", 0)
	c := w.client(t, func(o *github.Options) { o.Deadline = w.clock.Now().Add(30 * time.Minute) })
	_, _, err := c.Repositories(t.Context(), forge.Scope{Organizations: []string{org}})
	require.ErrorIs(t, err, forge.ErrLimited)
	require.EqualError(t, err, "rate limit: all requests of this hour are spent, it ends at 2026-03-01T13:00:01Z, in 1h0m1s; what is left is for the next run")
	_, err = c.Tree(t.Context(), forge.Commitish{Repository: forge.Repository{Name: "acme/app"}, Commit: strings.Repeat("a", 40)})
	require.ErrorIs(t, err, forge.ErrLimited)

	// With the time for it, the run waits, and goes on.
	c = w.client(t, nil)
	found, _, err := c.Repositories(t.Context(), forge.Scope{Organizations: []string{org}})
	require.NoError(t, err)
	assert.Len(t, found, 1)
	slept := w.clock.Slept()
	assert.Equal(t, time.Hour+time.Second, slept)
}

// TestLostWrites checks that what GitHub may have done is not done again.
func TestLostWrites(t *testing.T) {
	for name, carried := range map[string]bool{"before": false, "after": true} {
		for cause, spoil := range map[string]reply{"502": status(502, ""), "reset": reset, "half": status(200, `{"data":{"branch":`),
			"gave up": status(200, `{"data":{"pull":null},"errors":[{"path":["pull"],"message":"Something went wrong while executing your query."}]}`)} {
			t.Run(cause+" "+name, func(t *testing.T) {
				w := newWorld(t)
				w.repository(t, "acme/app")
				c, _ := w.spoiled(t, func(r request) *reply {
					if !strings.Contains(r.body, "createCommitOnBranch") {
						return nil
					}
					if carried {
						r.pass()
					}
					return &spoil
				}, nil)
				p := w.proposal(t, c, "acme/app", "FROM debian:13\n")
				_, err := c.Propose(t.Context(), p)
				require.ErrorContains(t, err, "it is not known whether the change was made, the next run will see")
				if cause == "reset" {
					require.ErrorIs(t, err, syscall.ECONNRESET)
				}
				assert.Equal(t, 1, c.Requests().Writes)
				assert.Zero(t, c.Requests().Retried)
				assert.Len(t, w.PullRequests("acme/app"), map[bool]int{true: 1}[carried])
			})
		}
	}
}

func TestRefusedWritesAreRepeated(t *testing.T) {
	w := newWorld(t)
	w.repository(t, "acme/app")
	w.RefuseContent(2, sandbox.Refusal{Status: 403, RetryAfter: 10 * time.Second})
	c := w.client(t, nil)
	_, err := c.Propose(t.Context(), w.proposal(t, c, "acme/app", "FROM debian:13\n"))
	require.NoError(t, err, "a limit means that nothing was done")
	assert.Equal(t, 2, c.Requests().Retried)
	slept := w.clock.Slept()
	assert.GreaterOrEqual(t, slept, 20*time.Second)
	assert.Len(t, w.PullRequests("acme/app"), 1)
}

// TestHalved has GitHub give up on whatever asks for too much.
func TestHalved(t *testing.T) {
	gaveUp := `{"data":null,"errors":[{"message":"Something went wrong while executing your query. This may be the result of a timeout, or it could be a GitHub bug."}]}`
	spoilers := map[string]reply{
		"502": status(502, "<html>"), "504": status(504, ""), "gave up": status(200, gaveUp), "half": status(200, `{"data":{"vie`),
		"nothing": status(200, `{"data":null}`), "holes": status(200, `{"data":{"viewer":{"login":"basekeeper[bot]"}}}`),
		"resources": status(200, `{"data":{"n0":null},"errors":[{"type":"RESOURCE_LIMITS_EXCEEDED","message":"too much"}]}`),
	}
	for name, spoil := range spoilers {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for i := range 60 {
				w.repository(t, fmt.Sprintf("acme/app%02d", i))
			}
			var names []string
			var wanted []forge.Wanted
			for i := range 60 {
				names = append(names, fmt.Sprintf("acme/app%02d", i))
				head, err := w.Branch(names[i], "main")
				require.NoError(t, err)
				wanted = append(wanted, forge.Wanted{Repository: forge.Repository{Name: names[i]}, Commit: head, Path: "Dockerfile"})
			}
			c, p := w.spoiled(t, func(r request) *reply {
				if strings.Count(r.body, "repository(") > 10 || strings.Contains(r.body, `"first":100`) || strings.Contains(r.body, `"first":50`) {
					return &spoil
				}
				return nil
			}, nil)
			for scope, s := range map[string]forge.Scope{"owner": {Organizations: []string{org}}, "names": {Names: names}} {
				found, skipped, err := c.Repositories(t.Context(), s)
				require.NoError(t, err, scope)
				assert.Empty(t, skipped, scope)
				assert.Len(t, found, 60, scope)
			}
			got, err := c.Files(t.Context(), wanted)
			require.NoError(t, err)
			for _, f := range got {
				require.NoError(t, f.Err)
				assert.Equal(t, "FROM debian:12\n", string(f.Content))
			}
			assert.Zero(t, c.Requests().Retried, "it asks for less instead")
			assert.Len(t, p.seen, 5+15+15, "pages of 100, 50, 25, 25 and 10; 60 names and 60 files in halves")
		})
	}
}

// TestOneIsTooMuch has GitHub fail on one repository whatever is done.
func TestOneIsTooMuch(t *testing.T) {
	w := newWorld(t)
	for i := range 30 {
		w.repository(t, fmt.Sprintf("acme/app%02d", i))
	}
	bad := "app13"
	c, p := w.spoiled(t, func(r request) *reply {
		passed := r.pass()
		if strings.Contains(passed.body, "acme/"+bad) && !strings.Contains(r.body, "nodes{id nameWithOwner}") {
			passed = status(502, "")
		}
		return &passed
	}, nil)
	for name, s := range map[string]forge.Scope{"owner": {Organizations: []string{org}}, "names": {Names: []string{"acme/app12", "acme/app13", "acme/app14"}}} {
		found, skipped, err := c.Repositories(t.Context(), s)
		require.NoError(t, err)
		assert.Len(t, found, map[string]int{"owner": 29, "names": 2}[name], name)
		require.Len(t, skipped, 1, name)
		assert.Equal(t, "acme/app13", skipped[0].Name)
		assert.EqualError(t, skipped[0].Err, "GitHub answers HTTP 502 after 5 attempts")
	}
	assert.Less(t, len(p.seen), 50)
}

// TestOutage has GitHub, or the way there, fail for everything.
func TestOutage(t *testing.T) {
	for name, spoil := range map[string]reply{"502": status(502, ""), "reset": reset} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c, p := w.spoiled(t, times(1<<30, spoil), nil)
			var names []string
			var refs []forge.Ref
			for i := range 300 {
				names = append(names, fmt.Sprintf("acme/app%d", i))
				refs = append(refs, forge.Ref{Repository: forge.Repository{Name: names[i]}, Branch: "main"})
			}
			_, skipped, err := c.Repositories(t.Context(), forge.Scope{Organizations: []string{org}, Names: names})
			require.NoError(t, err)
			assert.Len(t, skipped, 301, "none is forgotten")
			_, err = c.Heads(t.Context(), refs)
			require.Error(t, err)
			assert.Less(t, len(p.seen), 120)
		})
	}
}

func TestCancelled(t *testing.T) {
	w := newWorld(t)
	w.repository(t, "acme/app")
	c := w.client(t, nil)
	ctx, cancel := contextWithCancel(t)
	cancel()
	_, _, err := c.Repositories(ctx, forge.Scope{Organizations: []string{org}, Names: []string{"acme/app"}, Installation: true})
	require.ErrorIs(t, err, errCancelled)
	_, err = c.Files(ctx, []forge.Wanted{{Repository: forge.Repository{Name: "acme/app"}, Commit: strings.Repeat("a", 40), Path: "x"}})
	require.ErrorIs(t, err, errCancelled)
	_, err = c.Heads(ctx, []forge.Ref{{Repository: forge.Repository{Name: "acme/app"}, Branch: "main"}})
	require.ErrorIs(t, err, errCancelled)
}

// TestSlowAnswers has a server that never comes to an end.
func TestSlowAnswers(t *testing.T) {
	w := newWorld(t)
	w.repository(t, "acme/app")
	hang := func(r request) *reply {
		<-r.Context().Done()
		return &reply{err: r.Context().Err()}
	}
	c, p := w.spoiled(t, hang, func(o *github.Options) { o.Timeout, o.Retries = 10*time.Millisecond, 1 })
	_, err := c.Tree(t.Context(), forge.Commitish{Repository: forge.Repository{Name: "acme/app"}, Commit: strings.Repeat("a", 40)})
	require.EqualError(t, err, "read tree: no complete answer within 10ms after 2 attempts")
	assert.Len(t, p.seen, 2)

	p.seen = nil
	err = c.DeleteBranch(t.Context(), forge.Repository{ID: "x", Name: "acme/app"}, "b", strings.Repeat("a", 40))
	require.EqualError(t, err, "delete branch: no complete answer within 10ms; it is not known whether the change was made, the next run will see")
	assert.Len(t, p.seen, 1)
}

// endless is a transport whose bodies do not end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
func (endless) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(endless{})}, nil
}

func TestLargeAnswers(t *testing.T) {
	c := newWorld(t).client(t, func(o *github.Options) { o.Transport = endless{} })
	_, err := c.Tree(t.Context(), forge.Commitish{Repository: forge.Repository{Name: "acme/app"}, Commit: strings.Repeat("a", 40)})
	require.EqualError(t, err, "read tree: the answer is larger than 67108864 bytes")
}

var errRefused = errors.New("connection refused")

func TestUnreachable(t *testing.T) {
	w := newWorld(t)
	c, p := w.spoiled(t, times(9, reply{err: errRefused}), nil)
	_, err := c.Account(t.Context())
	require.EqualError(t, err, "read the account: connection refused")
	require.ErrorIs(t, err, errRefused)
	assert.Len(t, p.seen, 1, "that does not pass")
}
