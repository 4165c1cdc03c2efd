package gitlab_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
	"github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// query asks GraphQL and returns data and messages.
func (l *lab) query(document string, variables object) (data string, messages []string) {
	l.t.Helper()
	got := l.through(l.handler, "POST", "/api/graphql", object{"query": document, "variables": variables})
	var out struct {
		Data   json.RawMessage
		Errors []struct{ Message string }
	}
	require.NoError(l.t, json.Unmarshal([]byte(got.Body), &out), got.Body)
	for _, e := range out.Errors {
		messages = append(messages, e.Message)
	}
	return string(out.Data), messages
}

func TestGraphQL(t *testing.T) {
	l := newLab(t, gitlab.Options{})
	l.project("acme/images/base", gitlab.ProjectOptions{Topics: []string{"base"}, Language: "Dockerfile", Size: 2048})
	l.project("acme/app", gitlab.ProjectOptions{Visibility: gitlab.Private, Archived: true})
	l.project("acme/secret", gitlab.ProjectOptions{Visibility: gitlab.Private, Disabled: true, Deleting: true})
	require.NoError(t, l.CreateProject("acme/empty", gitlab.ProjectOptions{Empty: true}))
	head, err := l.Branch("acme/images/base", "main")
	require.NoError(t, err)
	_, err = l.Push("acme/images/base", "basekeeper/x", "ann", "Second\n", gitlab.File{Path: "d/e", Content: []byte("1")})
	require.NoError(t, err)
	iid, err := l.OpenMergeRequest("acme/images/base", "ann", "basekeeper/x", "main", "Draft: T", "D")
	require.NoError(t, err)
	require.NoError(t, l.Label("acme/images/base", iid, "z", "a"))

	tests := map[string]struct{ query, want string }{
		"account": {
			"{currentUser{username bot commitEmail publicEmail __typename}}",
			fmt.Sprintf(`{"currentUser":{"__typename":"CurrentUser","bot":false,"commitEmail":%q,"publicEmail":"","username":"keeper"}}`, l.Email("keeper")),
		},
		"somebody else's address": {`{user(username:"ann"){username commitEmail}}`, `{"user":{"commitEmail":null,"username":"ann"}}`},
		"a project": {
			`{project(fullPath:"Acme/images/BASE"){fullPath archived visibility topics isForked markedForDeletionOn languages{name share} statistics{repositorySize} repository{exists empty rootRef tree{lastCommit{sha}}}}}`,
			`{"project":{"archived":false,"fullPath":"acme/images/base","isForked":false,"languages":[{"name":"Dockerfile","share":100}],"markedForDeletionOn":null,"repository":{"empty":false,"exists":true,"rootRef":"main","tree":{"lastCommit":{"sha":"` + head + `"}}},"statistics":{"repositorySize":2048},"topics":["base"],"visibility":"public"}}`,
		},
		"none":     {`{project(fullPath:"acme/none"){id}}`, `{"project":null}`},
		"an empty": {`{project(fullPath:"acme/empty"){repository{exists empty rootRef tree{lastCommit{sha}}}}}`, `{"project":{"repository":{"empty":true,"exists":true,"rootRef":null,"tree":null}}}`},
		"disabled": {`{project(fullPath:"acme/secret"){markedForDeletion repository{rootRef}}}`, `{"project":{"markedForDeletion":true,"repository":null}}`},
		"a group": {
			`{group(fullPath:"acme"){projects(includeSubgroups:true,first:2){count nodes{fullPath} pageInfo{hasNextPage}}}}`,
			`{"group":{"projects":{"count":4,"nodes":[{"fullPath":"acme/empty"},{"fullPath":"acme/secret"}],"pageInfo":{"hasNextPage":true}}}}`,
		},
		"not below": {`{group(fullPath:"acme"){projects(includeArchived:false,notAimedForDeletion:true){nodes{fullPath}}}}`, `{"group":{"projects":{"nodes":[{"fullPath":"acme/empty"}]}}}`},
		"all": {
			`{projects(membership:true,archived:EXCLUDE,sort:"id_asc"){nodes{fullPath}}}`,
			`{"projects":{"nodes":[{"fullPath":"acme/images/base"},{"fullPath":"acme/secret"},{"fullPath":"acme/empty"}]}}`,
		},
		"a tree": {
			`{project(fullPath:"acme/images/base"){repository{tree(ref:"refs/heads/basekeeper/x",recursive:true){blobs(first:1,after:"eyJvZmZzZXQiOiIwIn0="){nodes{path mode type}} trees{nodes{path}}} branchNames(searchPattern:"basekeeper/*",offset:0,limit:10)}}}`,
			`{"project":{"repository":{"branchNames":["basekeeper/x"],"tree":{"blobs":{"nodes":[{"mode":"100644","path":"d/e","type":"blob"}]},"trees":{"nodes":[{"path":"d"}]}}}}}`,
		},
		"blobs": {
			`{project(fullPath:"acme/images/base"){repository{blobs(ref:"HEAD",paths:["gone","Dockerfile"]){nodes{path size rawTextBlob}}}}}`,
			`{"project":{"repository":{"blobs":{"nodes":[{"path":"Dockerfile","rawTextBlob":"FROM debian:12\n","size":"15"}]}}}}`,
		},
		"merge requests": {
			`{project(fullPath:"acme/images/base"){mergeRequests(state:opened,sourceBranches:["basekeeper/x"],sort:CREATED_DESC){nodes{iid title draft state sourceBranch conflicts author{username} labels(first:30){nodes{title}} commitCount commits{nodes{title}} autoMergeEnabled detailedMergeStatus mergedAt}}}}`,
			`{"project":{"mergeRequests":{"nodes":[{"author":{"username":"ann"},"autoMergeEnabled":false,"commitCount":1,"commits":{"nodes":[{"title":"Second"}]},"conflicts":false,"detailedMergeStatus":"DRAFT_STATUS","draft":true,"iid":"1","labels":{"nodes":[{"title":"a"},{"title":"z"}]},"mergedAt":null,"sourceBranch":"basekeeper/x","state":"opened","title":"Draft: T"}]}}}`,
		},
		"aliases and fragments": {
			`query($p:ID!){a:project(fullPath:$p){...F} b:project(fullPath:$p){... on Project{path}}} fragment F on Project{name @skip(if:true) path}`,
			`{"a":{"path":"base"},"b":{"path":"base"}}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l.t = t
			var variables object
			if strings.Contains(tt.query, "$p") {
				variables = object{"p": "acme/images/base"}
			}
			data, messages := l.query(tt.query, variables)
			require.Empty(t, messages)
			assert.JSONEq(t, tt.want, data)
		})
	}
}

// TestComplexity has GitLab's own figures: 15 and two for each path, with the
// three of queryComplexity.
func TestComplexity(t *testing.T) {
	l := newLab(t, gitlab.Options{})
	l.project("acme/base", gitlab.ProjectOptions{})
	const document = `query($paths:[String!]!){queryComplexity{score limit} project(fullPath:"acme/base"){repository{blobs(paths:$paths){nodes{size rawTextBlob}}}}}`
	for n, want := range map[int]string{1: "17", 100: "215"} {
		data, messages := l.query(document, object{"paths": strings.Split(strings.Repeat("f ", n)[:2*n-1], " ")})
		require.Empty(t, messages)
		assert.Contains(t, data, `"queryComplexity":{"limit":250,"score":`+want+`}`)
	}
	l.handler = l.Handler() // what comes is to be refused
	_, messages := l.query(document, object{"paths": strings.Split(strings.Repeat("f ", 118)[:235], " ")})
	assert.Equal(t, []string{"Query has complexity of 251, which exceeds max complexity of 250"}, messages)
	_, messages = l.query(`{project(fullPath:"acme/base"){repository{a:branchNames(searchPattern:"*",offset:0,limit:1) b:branchNames(searchPattern:"*",offset:0,limit:1)}}}`, nil)
	assert.Equal(t, []string{"Query has complexity of 342, which exceeds max complexity of 250"}, messages)
	l.token = ""
	_, messages = l.query(document, object{"paths": strings.Split(strings.Repeat("f ", 99)[:197], " ")})
	assert.Equal(t, []string{"Query has complexity of 213, which exceeds max complexity of 200"}, messages)
}

func TestGraphQLRefuses(t *testing.T) {
	l := newLab(t, gitlab.Options{Without: []string{"Commit.committerEmail"}})
	l.project("acme/base", gitlab.ProjectOptions{})
	_, err := l.Push("acme/base", "x", "ann", "Second", gitlab.File{Path: "e", Content: []byte("1")})
	require.NoError(t, err)
	_, err = l.OpenMergeRequest("acme/base", "ann", "x", "main", "T", "")
	require.NoError(t, err)
	l.AddToken("job", gitlab.Token{Login: "keeper", Kind: gitlab.JobToken, Projects: []string{"acme/base"}})
	l.AddToken("registry", gitlab.Token{Login: "keeper", Scopes: []string{"read_registry"}})
	l.handler = l.Handler()
	tests := map[string]struct {
		token, query string
		code         int
		want         string
	}{
		"unknown field":   {"secret", "{project(fullPath:\"acme/base\"){nonsense}}", 200, "Field 'nonsense' doesn't exist on type 'Project'"},
		"an older GitLab": {"secret", `{project(fullPath:"acme/base"){repository{tree{lastCommit{committerEmail}}}}}`, 200, "Field 'committerEmail' doesn't exist on type 'Commit'"},
		"no document":     {"secret", "{", 200, "Expected Name"},
		"too large":       {"secret", "{currentUser{" + strings.Repeat("username ", 1200) + "}}", 422, "Query too large"},
		"a bad token":     {"wrong", "{currentUser{id}}", 401, "Invalid token"},
		"no scope":        {"registry", "{currentUser{id}}", 401, "Invalid token"},
		"a bad cursor":    {"secret", `{projects(after:"x"){nodes{id}}}`, 200, "valid cursor"},
		"no time":         {"secret", `{project(fullPath:"acme/base"){mergeRequests(updatedAfter:"x"){nodes{id}}}}`, 200, "updatedAfter is invalid"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l.t, l.token = t, tt.token
			got := l.through(l.handler, "POST", "/api/graphql", object{"query": tt.query})
			assert.Equal(t, tt.code, got.Code)
			assert.Contains(t, got.Body, tt.want)
		})
	}
	l.token = "secret"
	assert.Equal(t, http.StatusNotFound, l.through(l.handler, "GET", "/api/graphql", nil).Code)
}

// TestFragmentsDoNotExplode: a few of them can name more fields than there are
// atoms.
func TestFragmentsDoNotExplode(t *testing.T) {
	l := newLab(t, gitlab.Options{})
	l.project("acme/base", gitlab.ProjectOptions{})
	l.handler = l.Handler()
	var b strings.Builder
	b.WriteString(`{project(fullPath:"acme/base"){...f0}}`)
	for i := range 18 {
		fmt.Fprintf(&b, " fragment f%d on Project{a:forkedFrom{...f%d} b:forkedFrom{...f%d} c:forkedFrom{...f%d} d:forkedFrom{...f%d}}", i, i+1, i+1, i+1, i+1)
	}
	b.WriteString(" fragment f18 on Project{id}")
	_, messages := l.query(b.String(), nil)
	require.Len(t, messages, 1)
	assert.Contains(t, messages[0], "which exceeds max complexity of 250")
}

// TestBlobsAreNotBytes shows what a client has to read by REST.
func TestBlobsAreNotBytes(t *testing.T) {
	l := newLab(t, gitlab.Options{BlobLimit: 1000})
	require.NoError(t, l.CreateProject("acme/base", gitlab.ProjectOptions{},
		gitlab.File{Path: "binary", Content: []byte("a\x00b")}, gitlab.File{Path: "latin", Content: []byte("caf\xe9\n")},
		gitlab.File{Path: "big", Content: []byte(strings.Repeat("x", 1100))}, gitlab.File{Path: "link", Mode: git.ModeSymlink, Content: []byte("latin")}))
	text := func(path string) (found *string) {
		data, messages := l.query(`query($p:[String!]!){project(fullPath:"acme/base"){repository{blobs(paths:$p){nodes{rawTextBlob}}}}}`, object{"p": []string{path}})
		require.Empty(t, messages)
		var out struct {
			Project struct {
				Repository struct {
					Blobs struct {
						Nodes []struct{ RawTextBlob *string }
					}
				}
			}
		}
		require.NoError(t, json.Unmarshal([]byte(data), &out))
		return out.Project.Repository.Blobs.Nodes[0].RawTextBlob
	}
	assert.Nil(t, text("binary"))
	assert.Equal(t, "café\n", *text("latin"))
	assert.Len(t, *text("big"), 1000)
	assert.Equal(t, "latin", *text("link"))
	_, messages := l.query(`{project(fullPath:"acme/base"){repository{a:blobs(paths:["big"]){nodes{rawTextBlob}} b:blobs(paths:["big"]){nodes{rawTextBlob}}}}}`, nil)
	require.Len(t, messages, 1, "more than twice the limit in one request")
	assert.Equal(t, "caf\xe9\n", l.ask("GET", "/projects/acme%2Fbase/repository/files/latin/raw?ref=main", nil).Body)
}

// TestSchemaIsAnswered asks for every field there is, so that none panics.
func TestSchemaIsAnswered(t *testing.T) {
	l := newLab(t, gitlab.Options{})
	l.project("acme/base", gitlab.ProjectOptions{})
	_, err := l.Push("acme/base", "x", "ann", "Second", gitlab.File{Path: "d/e", Content: []byte("1")}, gitlab.File{Path: "s", Mode: git.ModeSubmodule, Content: []byte(git.ZeroID)})
	require.NoError(t, err)
	iid, err := l.OpenMergeRequest("acme/base", "ann", "x", "main", "T", "D")
	require.NoError(t, err)
	require.NoError(t, l.Label("acme/base", iid, "l"))
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: gitlab.Schema()})
	roots := map[string]string{
		"Project": `{project(fullPath:"acme/base"){%s}}`, "Group": `{group(fullPath:"acme"){%s}}`, "Namespace": `{namespace(fullPath:"acme"){%s}}`,
		"Repository": `{project(fullPath:"acme/base"){repository{%s}}}`, "Tree": `{project(fullPath:"acme/base"){repository{tree(ref:"x",recursive:true){%s}}}}`,
		"MergeRequest": `{project(fullPath:"acme/base"){mergeRequest(iid:"1"){%s}}}`, "CurrentUser": `{currentUser{%s}}`, "UserCore": `{user(username:"ann"){%s}}`,
		"Commit":         `{project(fullPath:"acme/base"){repository{tree{lastCommit{%s}}}}}`,
		"RepositoryBlob": `{project(fullPath:"acme/base"){repository{blobs(paths:["Dockerfile"]){edges{cursor node{%s}}}}}}`,
		"Query":          "{%s}",
	}
	arguments := map[string]string{
		"user": `(username:"ann")`, "project": `(fullPath:"acme/base")`, "group": `(fullPath:"acme")`, "namespace": `(fullPath:"acme")`,
		"mergeRequest": `(iid:"1")`, "branchNames": `(searchPattern:"*",offset:0,limit:9)`, "blobs": `(paths:["Dockerfile"])`,
	}
	var leaves func(def *ast.Definition, depth int) string
	leaves = func(def *ast.Definition, depth int) string {
		var b strings.Builder
		for _, f := range def.Fields {
			of := schema.Types[f.Type.Name()]
			if strings.HasPrefix(f.Name, "__") || of.Kind == ast.Object && depth == 0 {
				continue
			}
			b.WriteString(f.Name)
			if len(f.Arguments) > 0 && f.Arguments[0].Type.NonNull {
				b.WriteString(arguments[f.Name])
			}
			if of.Kind == ast.Object || of.Kind == ast.Interface {
				b.WriteString("{__typename " + leaves(of, depth-1) + "}")
			}
			b.WriteString("\n")
		}
		return b.String()
	}
	for kind, document := range roots {
		for _, f := range schema.Types[kind].Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			one := &ast.Definition{Fields: ast.FieldList{f}}
			_, messages := l.query(fmt.Sprintf(document, leaves(one, 2)), nil)
			for _, m := range messages {
				assert.Contains(t, m, "complexity", "%s.%s", kind, f.Name)
			}
		}
	}
}
