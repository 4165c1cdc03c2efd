package github_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/forgetest"
	"github.com/basekeeper/basekeeper/internal/forge/github"
	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// replay answers what was asked before from memory, so that a benchmark
// measures the client and not the sandbox.
type replay struct {
	inner http.RoundTripper
	mu    sync.Mutex
	known map[string]reply
}

func (r *replay) RoundTrip(req *http.Request) (*http.Response, error) {
	key := req.Method + req.URL.String()
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		key += string(body)
		req.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	answer, ok := r.known[key]
	if !ok {
		resp, err := r.inner.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		answer = reply{status: resp.StatusCode, body: string(content), header: resp.Header}
		r.known[key] = answer
	}
	return &http.Response{StatusCode: answer.status, Header: answer.header.Clone(), Body: io.NopCloser(strings.NewReader(answer.body)), Request: req}, nil
}

// benchWorld has a thousand repositories of one Dockerfile each, and a client
// that nothing holds back.
func benchWorld(b *testing.B) (*github.Client, []forge.Repository) {
	b.Helper()
	clock := forgetest.NewClock()
	server := sandbox.New(sandbox.Options{Now: clock.Now})
	server.AddOrganization(org)
	server.AddToken(token, sandbox.Token{Login: "basekeeper[bot]", Kind: sandbox.InstallationToken})
	for i := range 1000 {
		require.NoError(b, server.CreateRepository(fmt.Sprintf("acme/app%04d", i), sandbox.RepositoryOptions{},
			sandbox.File{Path: "Dockerfile", Content: fmt.Appendf(nil, "FROM debian:12\nRUN echo %d\n", i)}))
	}
	transport := &replay{inner: forgetest.Direct{Handler: server.Handler()}, known: map[string]reply{}}
	c, err := github.New(github.Options{Token: token, Now: clock.Now, Sleep: clock.Sleep, Transport: transport})
	require.NoError(b, err)
	found, _, err := c.Repositories(b.Context(), forge.Scope{Organizations: []string{org}, BranchPrefix: prefix})
	require.NoError(b, err)
	require.Len(b, found, 1000)
	return c, found
}

// measure runs do and reports how many requests it takes each time.
func measure(b *testing.B, c *github.Client, do func() error) {
	b.Helper()
	require.NoError(b, do())
	before := c.Requests().Total()
	b.ReportAllocs()
	for b.Loop() {
		if err := do(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(c.Requests().Total()-before)/float64(b.N), "requests/op")
}

func BenchmarkThousandRepositories(b *testing.B) {
	c, _ := benchWorld(b)
	measure(b, c, func() error {
		_, _, err := c.Repositories(b.Context(), forge.Scope{Organizations: []string{org}, BranchPrefix: prefix})
		return err
	})
}

func BenchmarkThousandFiles(b *testing.B) {
	c, found := benchWorld(b)
	var wanted []forge.Wanted
	for _, r := range found {
		wanted = append(wanted, forge.Wanted{Repository: r, Commit: r.Head, Path: "Dockerfile"})
	}
	measure(b, c, func() error {
		_, err := c.Files(b.Context(), wanted)
		return err
	})
}

func BenchmarkThousandTrees(b *testing.B) {
	c, found := benchWorld(b)
	measure(b, c, func() error {
		for _, r := range found {
			if _, err := c.Tree(b.Context(), forge.Commitish{Repository: r, Commit: r.Head}); err != nil {
				return err
			}
		}
		return nil
	})
}
