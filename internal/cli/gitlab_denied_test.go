package cli_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	lab "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// three are projects of which acme/app is the one in the middle.
func three(t *testing.T) *org {
	t.Helper()
	o, old, _ := app(t, forge.GitLab)
	for _, other := range []string{"acme/aaa", "acme/zzz"} {
		o.repository(other, kind{}, "Dockerfile", "FROM "+o.pin("base", "1", old)+"\n")
	}
	return o
}

// graphql has an answer of GitLab's changed, where it is to a document that
// contains asked.
func (o *org) graphql(asked string, change func(data map[string]any) (fault map[string]any)) {
	o.fault = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/graphql") {
			return false
		}
		body := o.body(r)
		if !strings.Contains(body, asked) {
			return false
		}
		whole := &recorded{header: http.Header{}}
		o.people.Handler().ServeHTTP(whole, r)
		var answer map[string]any
		_ = json.Unmarshal(whole.body, &answer)
		data, _ := answer["data"].(map[string]any)
		if fault := change(data); fault != nil {
			answer["errors"] = []any{fault}
		}
		content, _ := json.Marshal(answer)
		maps.Copy(w.Header(), whole.header)
		w.Header().Del("Content-Length")
		_, _ = w.Write(content)
		return true
	}
}

// dig returns what is under keys in an answer; nil for nothing.
func dig(value any, keys ...string) any {
	for _, key := range keys {
		object, _ := value.(map[string]any)
		value = object[key]
	}
	return value
}

// position is where acme/app is in the list of a page, and what it is.
func position(data map[string]any) (i int, nodes []any) {
	nodes, _ = dig(data, "list", "projects", "nodes").([]any)
	for i, n := range nodes {
		if dig(n, "fullPath") == "acme/app" {
			return i, nodes
		}
	}
	return -1, nodes
}

// GitLab shows many projects at once. One among them that it refuses is said to
// be so, and all others are done.
func TestOneProjectOfAnAnswerIsRefused(t *testing.T) {
	const no = "You don't have permission to access this"
	at := func(path ...any) map[string]any { return map[string]any{"message": no, "path": path} }
	tests := map[string]struct {
		asked  string
		change func(data map[string]any) map[string]any
		want   string
	}{
		"in the list, with an error": {"list:group", func(data map[string]any) map[string]any {
			i, nodes := position(data)
			nodes[i] = nil
			return at("list", "projects", "nodes", i)
		}, "acme  one of its projects is not shown: permission denied"},
		"in the list, without one": {"list:group", func(data map[string]any) map[string]any {
			i, nodes := position(data)
			nodes[i] = nil
			return nil
		}, "acme  one of its projects is not shown: GitLab gives half an answer"},
		"its repository in the list": {"list:group", func(data map[string]any) map[string]any {
			i, nodes := position(data)
			nodes[i].(map[string]any)["repository"] = nil //nolint:forcetypeassert // it was found by its field
			return at("list", "projects", "nodes", i, "repository")
		}, "acme/app  permission denied: "},
		"its tree": {"recursive:true", func(data map[string]any) map[string]any {
			data["n1"] = nil
			return at("n1", "repository", "tree")
		}, "acme/app  read tree: permission denied: "},
		"its tree, which is null": {"recursive:true", func(data map[string]any) map[string]any {
			data["n1"] = nil
			return nil
		}, "acme/app  read tree: not found, or hidden from the token"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := three(t)
			o.graphql(tt.asked, tt.change)
			got := o.bump(4)
			assert.Contains(t, got.out, tt.want)
			assert.Empty(t, o.open("acme/app"))
			o.only("acme/aaa")
			o.only("acme/zzz")
			o.fault = nil
			o.bump(0)
			o.only("acme/app")
			o.quiet()
		})
	}
}

// What is not said of one project's branches leaves that one for later, and none
// of the others.
func TestOneProjectsBranchesAreRefused(t *testing.T) {
	for name, asked := range map[string]string{"branches": "lastCommit{", "closed merge requests": "mergeRequests(sourceBranches:"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := three(t)
			o.graphql(asked, func(data map[string]any) map[string]any {
				if _, ok := data["list"]; ok {
					return nil
				}
				data["n1"] = nil
				return map[string]any{"message": "You don't have permission to access this", "path": []any{"n1"}}
			})
			got := o.run("bump", "--organization", "acme")
			assert.Contains(t, got.out, "the forge did not say what there is: permission denied: ")
			assert.Empty(t, o.open("acme/app"))
			o.only("acme/aaa")
			o.only("acme/zzz")
			o.fault = nil
			o.bump(0)
			o.only("acme/app")
			o.quiet()
		})
	}
}

// A bump's branch that became protected is not replaced, and its merge request
// stays as it was.
func TestABumpsBranchBecomesProtected(t *testing.T) {
	for name, change := range map[string]func(*lab.ProjectOptions){
		"all pushes": func(o *lab.ProjectOptions) { o.Protected = []string{"basekeeper/*"} },
		"forced":     func(o *lab.ProjectOptions) { o.ForceProtected = []string{"basekeeper/*"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := three(t)
			o.bump(0)
			before := o.only("acme/app")
			third := o.publish("base", "1", "three")
			require.NoError(t, o.gitlab.Configure("acme/app", change))
			got := o.bump(4)
			assert.Contains(t, got.out+got.errors, "acme/app: update merge request from "+before.Head)
			assert.Contains(t, got.out+got.errors, "leave to push and force-push where the branch is protected")
			assert.Equal(t, before, o.only("acme/app"))
			for _, other := range []string{"acme/aaa", "acme/zzz"} {
				assert.Contains(t, o.file(other, o.only(other).Head, "Dockerfile"), string(third))
			}
			require.NoError(t, o.gitlab.Configure("acme/app", func(p *lab.ProjectOptions) { p.Protected, p.ForceProtected = nil, nil }))
			o.bump(0)
			assert.Contains(t, o.file("acme/app", before.Head, "Dockerfile"), string(third))
			o.quiet()
		})
	}
}

// body returns a request's body, and leaves it to be read again.
func (o *org) body(r *http.Request) string {
	o.t.Helper()
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return ""
	}
	r.Body = io.NopCloser(bytes.NewReader(content))
	return string(content)
}
