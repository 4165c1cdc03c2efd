package gitlab_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/gitlab"
	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// TestFullPagesByREST lists as many projects as fill pages to the last one, and
// one more: each page is asked for once.
func TestFullPagesByREST(t *testing.T) {
	tests := map[string]struct {
		in    string
		scope forge.Scope
		list  string // its path
	}{
		"all that the token sees": {group, forge.Scope{Installation: true}, "/api/v4/projects?"},
		"a group":                 {group, forge.Scope{Organizations: []string{group}}, "/api/v4/groups/acme/projects?"},
		"a user":                  {person, forge.Scope{Users: []string{person}}, "/api/v4/users/alice/projects?"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.AddToken("glpat-few", sandbox.Token{Kind: sandbox.PersonalToken, Login: "keeper", Projects: []string{tt.in}})
			made := 0
			for _, count := range []int{100, 101, 200} {
				for ; made < count; made++ { // empty ones need no look at their heads
					w.project(t, fmt.Sprintf("%s/p%03d", tt.in, made), func(o *sandbox.ProjectOptions) { o.Empty = true })
				}
				c, p := w.spoiled(t, emptyByREST, func(o *gitlab.Options) { o.Token = "glpat-few" })
				found, skipped, err := c.Repositories(t.Context(), tt.scope)
				require.NoError(t, err)
				assert.Empty(t, skipped)
				assert.Len(t, found, count)
				lists := 0
				for _, asked := range p.seen {
					if strings.HasPrefix(asked, "GET "+tt.list) {
						lists++
					}
				}
				assert.Equal(t, (count+99)/100, lists, "of %d projects: %v", count, p.seen)
			}
		})
	}
}

// emptyByREST is a GitLab without GraphQL that knows of no branch.
func emptyByREST(r request) *reply {
	if strings.Contains(r.URL.Path, "/repository/branches/") {
		answer := status(http.StatusNotFound, `{"message":"404 Branch Not Found"}`)
		return &answer
	}
	return without(http.StatusNotFound)(r)
}
