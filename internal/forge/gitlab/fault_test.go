package gitlab_test

import (
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
	"github.com/basekeeper/basekeeper/internal/forge/gitlab"
	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

func TestReadsAreRepeated(t *testing.T) {
	now := forgetest.NewClock().Now()
	at := func(d time.Duration) string { return fmt.Sprint(now.Add(d).Unix()) }
	tests := map[string]struct {
		fault   spoil
		retried int
		slept   time.Duration // at least
		most    time.Duration
		wantErr string
	}{
		"502 once":           {fault: times(1, status(502, "<html>")), retried: 1, slept: 250 * time.Millisecond, most: time.Second},
		"503":                {fault: times(3, status(503, "")), retried: 3, most: 4 * time.Second},
		"502 for ever":       {fault: times(9, status(502, "")), retried: 4, most: 8 * time.Second, wantErr: "GitLab answers HTTP 502 after 5 attempts"},
		"reset":              {fault: times(2, reset), retried: 2, most: 2 * time.Second},
		"reset for ever":     {fault: times(9, reset), retried: 4, most: 8 * time.Second, wantErr: "connection reset by peer after 5 attempts"},
		"half a body":        {fault: times(1, reply{err: io.ErrUnexpectedEOF}), retried: 1, most: time.Second},
		"429, 30 s":          {fault: times(1, status(429, "Retry later\n", "Retry-After", "30")), retried: 1, slept: 30 * time.Second, most: 30 * time.Second},
		"429, mute":          {fault: times(2, status(429, "Retry later\n")), retried: 2, slept: 3 * time.Minute, most: 3 * time.Minute},
		"429 with its reset": {fault: times(1, status(429, "", "RateLimit-Remaining", "0", "RateLimit-Reset", at(40*time.Second))), retried: 1, slept: 41 * time.Second, most: 41 * time.Second},
		"429 of JSON":        {fault: times(1, status(429, `{"message":{"error":"This endpoint has been requested too many times. Try again later."}}`)), retried: 1, slept: time.Minute, most: time.Minute},
		"hostile reset":      {fault: times(1, status(429, "", "RateLimit-Remaining", "0", "RateLimit-Reset", "99999999999")), wantErr: "rate limit: GitLab asks to wait, it ends at 2027-03-01T12:00:01Z"},
		"hostile wait":       {fault: times(1, status(429, "", "Retry-After", "99999999999999999999")), wantErr: "rate limit"},
		"limited for ever":   {fault: times(99, status(429, "", "Retry-After", "1")), retried: 6, slept: 6 * time.Second, most: 6 * time.Second, wantErr: "rate limit"},
		"404 is final":       {fault: times(1, status(404, `{"message":"404 Project Not Found"}`)), wantErr: "list changed files: not found, or hidden from the token"},
		"403 is final":       {fault: times(1, status(403, `{"message":"No."}`)), wantErr: "list changed files: permission denied: the token: No.; it needs the scope api"},
		"401 is final":       {fault: times(1, status(401, `{"message":"401 Unauthorized"}`)), wantErr: "GitLab does not accept the token"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.project(t, "acme/app", nil)
			c, p := w.spoiled(t, tt.fault, nil)
			_, err := w.Push("acme/app", "feature", person, "By hand", sandbox.File{Path: "x", Content: []byte("x")})
			require.NoError(t, err)
			iid, err := w.OpenMergeRequest("acme/app", person, "feature", "main", "By hand", "")
			require.NoError(t, err)
			_, err = c.ChangedFiles(t.Context(), forge.Repository{Name: "acme/app"}, iid)
			if tt.wantErr == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tt.wantErr)
				assert.NotContains(t, err.Error(), token)
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
	w.project(t, "acme/app", nil)
	w.SetRemaining(token, 0)
	c := w.client(t, func(o *gitlab.Options) { o.Deadline = w.clock.Now().Add(30 * time.Second) })
	_, _, err := c.Repositories(t.Context(), forge.Scope{Organizations: []string{group}})
	require.ErrorIs(t, err, forge.ErrLimited)
	require.EqualError(t, err, "rate limit: GitLab asks to wait, it ends at 2026-03-01T12:01:00Z, in 1m0s; what is left is for the next run")

	// With the time for it, the run waits, and goes on.
	c = w.client(t, nil)
	found, _, err := c.Repositories(t.Context(), forge.Scope{Organizations: []string{group}})
	require.NoError(t, err)
	assert.Len(t, found, 1)
	slept := w.clock.Slept()
	assert.Equal(t, time.Minute+time.Second, slept)
}

// TestSpent obeys what is left before GitLab has to refuse.
func TestSpent(t *testing.T) {
	w := newWorld(t)
	w.project(t, "acme/app", nil)
	w.SetRemaining(token, 1)
	c, p := w.spoiled(t, func(request) *reply { return nil }, nil)
	r := find(t, c, "acme/app")
	_, err := c.Heads(t.Context(), []forge.Ref{{Repository: r, Branch: "main"}})
	require.NoError(t, err)
	assert.Len(t, p.seen, 3)
	assert.Zero(t, c.Requests().Retried)
	slept := w.clock.Slept()
	assert.GreaterOrEqual(t, slept, time.Minute)
}

// TestLostWrites checks that what GitLab may have done is not done again.
func TestLostWrites(t *testing.T) {
	for name, carried := range map[string]bool{"before": false, "after": true} {
		for cause, with := range map[string]reply{"502": status(502, ""), "reset": reset} {
			for _, step := range []string{"/repository/commits", "/merge_requests"} {
				t.Run(cause+" "+name+step, func(t *testing.T) {
					w := newWorld(t)
					w.project(t, "acme/app", nil)
					c, _ := w.spoiled(t, func(r request) *reply {
						if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, step) {
							return nil
						}
						if carried {
							r.pass()
						}
						return &with
					}, nil)
					_, err := c.Propose(t.Context(), proposal(t, c, "acme/app", "FROM debian:13\n"))
					require.ErrorContains(t, err, "it is not known whether the change was made, the next run will see")
					if cause == "reset" {
						require.ErrorIs(t, err, syscall.ECONNRESET)
					}
					assert.Zero(t, c.Requests().Retried)
					left, err := w.Branches("acme/app", prefix)
					require.NoError(t, err)
					assert.Len(t, left, map[bool]int{true: 1}[carried || step == "/merge_requests"], "nothing is taken back that may be there")

					// The next run comes to the same end.
					again := w.client(t, nil)
					if p := proposal(t, again, "acme/app", "FROM debian:13\n"); p.Pull == nil {
						_, err = again.Propose(t.Context(), p)
						require.NoError(t, err)
					}
					require.Len(t, w.MergeRequests("acme/app"), 1)
				})
			}
		}
	}
}

func TestRefusedWritesAreRepeated(t *testing.T) {
	w := newWorld(t)
	w.project(t, "acme/app", nil)
	w.RefuseWrites(2, sandbox.Refusal{Status: 429, RetryAfter: 10 * time.Second})
	c := w.client(t, nil)
	_, err := c.Propose(t.Context(), proposal(t, c, "acme/app", "FROM debian:13\n"))
	require.NoError(t, err, "a limit means that nothing was done")
	assert.Equal(t, 2, c.Requests().Retried)
	slept := w.clock.Slept()
	assert.GreaterOrEqual(t, slept, 20*time.Second)
	assert.Len(t, w.MergeRequests("acme/app"), 1)
}

// TestHalved has GitLab give up on whatever asks for too much.
func TestHalved(t *testing.T) {
	spoilers := map[string]reply{
		"502": status(502, "<html>"), "504": status(504, ""), "half": status(200, `{"data":{"curr`), "nothing": status(200, `{"data":null}`),
		"gave up":    status(200, `{"errors":[{"message":"Timeout on list.projects"}]}`),
		"too much":   status(200, `{"errors":[{"message":"Query has complexity of 300, which exceeds max complexity of 200"}]}`),
		"not saying": status(200, `{"errors":[{"message":"The complexity exceeds what is allowed"}]}`),
		"holes":      status(200, `{"data":{"currentUser":{"username":"basekeeper"}}}`),
	}
	for name, with := range spoilers {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			var names []string
			var wanted []forge.Wanted
			for i := range 24 {
				names = append(names, fmt.Sprintf("acme/app%02d", i))
				w.project(t, names[i], nil)
				head, err := w.Branch(names[i], "main")
				require.NoError(t, err)
				wanted = append(wanted, forge.Wanted{Repository: forge.Repository{Name: names[i]}, Commit: head, Path: "Dockerfile"})
			}
			c, _ := w.spoiled(t, func(r request) *reply {
				if strings.Count(r.body, "project(") > 4 || strings.Contains(r.body, "first:100,after") || strings.Contains(r.body, "first:50,after") {
					return &with
				}
				return nil
			}, nil)
			for scope, s := range map[string]forge.Scope{"group": {Organizations: []string{group}}, "names": {Names: names}} {
				found, skipped, err := c.Repositories(t.Context(), s)
				require.NoError(t, err, scope)
				assert.Empty(t, skipped, scope)
				assert.Len(t, found, 24, scope)
			}
			got, err := c.Files(t.Context(), wanted)
			require.NoError(t, err)
			for _, f := range got {
				require.NoError(t, f.Err)
				assert.Equal(t, dockerfile, string(f.Content))
			}
			assert.Zero(t, c.Requests().Retried, "it asks for less instead")
		})
	}
}

// TestOneIsTooMuch has GitLab fail on one project whatever is done.
func TestOneIsTooMuch(t *testing.T) {
	w := newWorld(t)
	for i := range 30 {
		w.project(t, fmt.Sprintf("acme/app%02d", i), nil)
	}
	c, _ := w.spoiled(t, func(r request) *reply {
		passed := r.pass()
		if strings.Contains(passed.body, "acme/app13") && !strings.Contains(r.body, "{id fullPath}") {
			passed = status(502, "")
		}
		return &passed
	}, nil)
	found, skipped, err := c.Repositories(t.Context(), forge.Scope{Organizations: []string{group}})
	require.NoError(t, err)
	assert.Len(t, found, 29)
	require.Len(t, skipped, 1)
	assert.Equal(t, "acme/app13", skipped[0].Name)
	require.ErrorContains(t, skipped[0].Err, "HTTP 502")
}

// TestOutage ends soon where GitLab fails altogether.
func TestOutage(t *testing.T) {
	w := newWorld(t)
	var refs []forge.Ref
	for i := range 24 {
		refs = append(refs, forge.Ref{Repository: forge.Repository{Name: fmt.Sprintf("acme/app%02d", i)}, Branch: "main"})
	}
	c, p := w.spoiled(t, func(request) *reply { r := status(502, ""); return &r }, nil)
	_, err := c.Heads(t.Context(), refs)
	require.ErrorContains(t, err, "GitLab cannot be relied on at the moment")
	assert.Less(t, len(p.seen), 30)
}

// TestOneIsDenied has GitLab refuse one project of many.
func TestOneIsDenied(t *testing.T) {
	w := newWorld(t)
	var names []string
	for i := range 12 {
		names = append(names, fmt.Sprintf("acme/app%02d", i))
		w.project(t, names[i], nil)
	}
	secret := find(t, w.client(t, nil), "acme/app05")
	c, _ := w.spoiled(t, func(r request) *reply {
		if strings.Contains(r.URL.Path, "/projects/"+secret.ID+"/repository/branches") {
			answer := status(403, `{"message":"403 Forbidden"}`)
			return &answer
		}
		return nil
	}, nil)
	found, skipped, err := c.Repositories(t.Context(), forge.Scope{Names: names, BranchPrefix: prefix})
	require.NoError(t, err)
	assert.Len(t, found, 11)
	require.Len(t, skipped, 1)
	assert.Equal(t, "acme/app05", skipped[0].Name)
	require.ErrorIs(t, skipped[0].Err, forge.ErrDenied)
	assert.ErrorContains(t, skipped[0].Err, "it needs the scope api and the role Developer")
}
