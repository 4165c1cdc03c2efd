package github_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/github"
)

// run does what a flow does with one repository: look, read, and make the pull
// request right.
func run(t *testing.T, c *github.Client, content string) error {
	found, skipped, err := c.Repositories(t.Context(), forge.Scope{Organizations: []string{org}, BranchPrefix: prefix})
	if err != nil {
		return err
	}
	require.Empty(t, skipped)
	require.Len(t, found, 1)
	r := found[0]
	p := forge.Proposal{
		Repository: r, Base: "main", BaseID: r.Head, Branch: branch, Message: "Bump", Title: "Bump", Body: "Body.", Labels: []string{"deps"},
		Files: []forge.NewFile{{Path: "Dockerfile", Mode: "100644", Content: []byte(content)}},
	}
	wanted := []forge.Wanted{{Repository: r, Commit: r.Head, Path: "Dockerfile"}}
	if len(r.Branches) > 0 {
		p.BranchID, p.Pull = r.Branches[0].Head.ID, r.Branches[0].Pull
		wanted = append(wanted, forge.Wanted{Repository: r, Commit: p.BranchID, Path: "Dockerfile"})
	}
	if _, err := c.Tree(t.Context(), forge.Commitish{Repository: r, Commit: r.Head}); err != nil {
		return err
	}
	files, err := c.Files(t.Context(), wanted)
	if err != nil {
		return err
	}
	for _, f := range files {
		require.NoError(t, f.Err)
	}
	if last := files[len(files)-1]; p.Pull != nil && string(last.Content) == content {
		return nil
	}
	_, err = c.Propose(t.Context(), p)
	return err
}

// TestFaultsAnywhere spoils each request of a run once, in each way, before or
// after GitHub has carried it out. What can be repeated is; what cannot is an
// error, and the next run comes to the same end, with one pull request.
func TestFaultsAnywhere(t *testing.T) {
	spoils := map[string]reply{
		"502": status(502, "<html>"), "reset": reset, "half": status(200, `{"data":{`),
		"secondary": status(403, `{"message":"You have exceeded a secondary rate limit."}`), "429": status(429, "", "Retry-After", "5"),
		"gave up": status(200, `{"data":null,"errors":[{"message":"Something went wrong while executing your query."}]}`),
	}
	for name, spoil := range spoils {
		for _, carried := range []bool{false, true} {
			if limit := name == "secondary" || name == "429"; limit && carried {
				continue // they mean that nothing was done
			}
			for _, open := range []bool{false, true} {
				for at := int64(0); ; at++ {
					w := newWorld(t)
					w.handler = w.Handler() // thousands of requests, which other tests hold against GitHub's descriptions
					w.repository(t, "acme/app")
					if open {
						require.NoError(t, run(t, w.client(t, nil), "FROM debian:12.5\n"))
					}
					var n atomic.Int64
					json := true
					c, _ := w.spoiled(t, func(r request) *reply {
						if n.Add(1)-1 != at {
							return nil
						}
						json = strings.HasSuffix(r.URL.Path, "/graphql")
						if carried {
							r.pass()
						}
						return &spoil
					}, nil)
					what := fmt.Sprintf("%s at %d, carried out: %t, open before: %t", name, at, carried, open)
					err := run(t, c, "FROM debian:13\n")
					if c.Requests().Writes == 0 && json {
						require.NoError(t, err, what)
					}
					require.NoError(t, run(t, w.client(t, nil), "FROM debian:13\n"), what)
					pulls := w.PullRequests("acme/app")
					require.Len(t, pulls, 1, what)
					assert.Equal(t, "OPEN", pulls[0].State, what)
					assert.Len(t, pulls[0].Commits, 1, what)
					content, err := w.File("acme/app", branch, "Dockerfile")
					require.NoError(t, err)
					assert.Equal(t, "FROM debian:13\n", string(content), what)

					last := w.client(t, nil)
					require.NoError(t, run(t, last, "FROM debian:13\n"), what)
					require.Zero(t, last.Requests().Writes, what)
					if n.Load() <= at {
						break
					}
				}
			}
		}
	}
}
