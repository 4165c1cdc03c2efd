package spectest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/basekeeper/basekeeper/internal/sandbox/spectest"
)

// recorder is a test that remembers what it was failed with.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Errorf(format string, a ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, a...))
}

const ref = `{"ref":"refs/heads/x","node_id":"R","url":"https://x","object":{"type":"commit","sha":"%s","url":"https://x"}}`

var (
	oid     = strings.Repeat("a", 40)
	goodRef = fmt.Sprintf(ref, oid)
)

// TestWrap shows that what GitHub would refuse, or never answer, fails a test,
// and that what it would not does not.
func TestWrap(t *testing.T) {
	type exchange struct {
		method, target, body string
		status               int
		answer               string
	}
	graphql := func(query, variables, answer string) exchange {
		return exchange{http.MethodPost, "/graphql", fmt.Sprintf(`{"query":%q,"variables":%s}`, query, variables), 200, answer}
	}
	tests := map[string]struct {
		exchange
		want string // part of the one failure; empty for none
	}{
		"a reference is read":      {exchange{"GET", "/repos/o/r/git/ref/heads/a/b", "", 200, goodRef}, ""},
		"an Enterprise Server":     {exchange{"GET", "/api/v3/repos/o/r/git/ref/heads/a", "", 200, goodRef}, ""},
		"a reference is made":      {exchange{"POST", "/repos/o/r/git/refs", `{"ref":"refs/heads/x","sha":"` + oid + `"}`, 201, goodRef}, ""},
		"unknown path":             {exchange{"GET", "/repos/o/r/secrets-of-mine", "", 200, "{}"}, "does not know it"},
		"unknown method":           {exchange{"PATCH", "/repos/o/r/git/refs", "{}", 200, "{}"}, "does not know it"},
		"unknown parameter":        {exchange{"GET", "/repos/o/r/pulls?labels=x", "", 200, "[]"}, `unknown parameter "labels"`},
		"wrong parameter":          {exchange{"GET", "/repos/o/r/pulls?state=merged", "", 200, "[]"}, "state"},
		"missing field":            {exchange{"POST", "/repos/o/r/git/refs", `{"ref":"refs/heads/x"}`, 201, goodRef}, `"sha" is missing`},
		"unknown field":            {exchange{"POST", "/repos/o/r/git/refs", `{"ref":"refs/heads/x","sha":"` + oid + `","key":1,"forced":true}`, 201, goodRef}, "unknown field .forced"},
		"unknown field in a list":  {exchange{"POST", "/repos/o/r/git/trees", `{"tree":[{"path":"a","kind":"blob"}]}`, 403, `{"message":"no"}`}, "unknown field .tree[0].kind"},
		"an open field":            {exchange{"POST", "/repos/o/r/dispatches", `{"event_type":"x","client_payload":{"any":{"thing":1}}}`, 204, ""}, ""},
		"wrong type":               {exchange{"POST", "/repos/o/r/git/refs", `{"ref":1,"sha":"` + oid + `"}`, 201, goodRef}, "ref"},
		"a body where none is":     {exchange{"DELETE", "/repos/o/r/git/refs/heads/x", "", 204, "{}"}, "a body where there is none"},
		"answer lacks a field":     {exchange{"GET", "/repos/o/r/git/ref/heads/a", "", 200, `{"ref":"refs/heads/x"}`}, "node_id"},
		"answer of a wrong type":   {exchange{"GET", "/repos/o/r/git/ref/heads/a", "", 200, strings.Replace(goodRef, `"R"`, "7", 1)}, "node_id"},
		"answer with a new field":  {exchange{"GET", "/repos/o/r/git/ref/heads/a", "", 200, strings.Replace(goodRef, `{"ref"`, `{"extra":1,"ref"`, 1)}, "unknown field .extra"},
		"answer of unknown status": {exchange{"GET", "/repos/o/r/git/ref/heads/a", "", 202, goodRef}, "status is not supported"},
		"refusal":                  {exchange{"GET", "/repos/o/r/git/ref/heads/a", "", 404, `{"message":"Not Found"}`}, ""},
		"refusal without words":    {exchange{"GET", "/repos/o/r/git/ref/heads/a", "", 429, "slow down"}, "an error without a message"},

		"query":                     {graphql(`{viewer{login}}`, `{}`, `{"data":{"viewer":{"login":"ann"}}}`), ""},
		"Enterprise query":          {exchange{"POST", "/api/graphql", `{"query":"{viewer{login}}"}`, 200, `{"data":{"viewer":{"login":"ann"}}}`}, ""},
		"query of an unknown field": {graphql(`{viewer{logon}}`, `{}`, `{}`), "logon"},
		"query that is none":        {graphql(`{viewer{`, `{}`, `{}`), "query"},
		"unknown argument":          {graphql(`{repository(owner:"o",title:"r"){id}}`, `{}`, `{}`), "title"},
		"variable missing":          {graphql(`query($o:String!){user(login:$o){id}}`, `{}`, `{}`), "must be defined"},
		"variable of a wrong type":  {graphql(`query($o:String!){user(login:$o){id}}`, `{"o":7}`, `{}`), "variables"},
		"variable not declared":     {graphql(`{viewer{id}}`, `{"x":1}`, `{"data":{"viewer":{"id":"U"}}}`), `unknown variable "x"`},
		"input's unknown field":     {graphql(`mutation($i:CreateRefInput!){createRef(input:$i){ref{id}}}`, `{"i":{"repositoryId":"R","name":"n","oid":"`+oid+`","force":true}}`, `{}`), "force"},
		"answer lacks what is asked": {graphql(`{viewer{login id}}`, `{}`, `{"data":{"viewer":{"login":"ann"}}}`),
			"data.viewer.id: missing"},
		"answer with more":           {graphql(`{viewer{login}}`, `{}`, `{"data":{"viewer":{"login":"ann","id":"U"}}}`), "nobody asked"},
		"null where none may be":     {graphql(`{viewer{login}}`, `{}`, `{"data":{"viewer":{"login":null}}}`), "null where"},
		"a scalar of a wrong type":   {graphql(`{viewer{databaseId}}`, `{}`, `{"data":{"viewer":{"databaseId":"7"}}}`), "is no Int"},
		"an unknown word":            {graphql(`{repository(owner:"o",name:"r"){visibility}}`, `{}`, `{"data":{"repository":{"visibility":"SECRET"}}}`), "is no RepositoryVisibility"},
		"an object id that is none":  {graphql(`{repository(owner:"o",name:"r"){object(oid:"`+oid+`"){oid}}}`, `{}`, `{"data":{"repository":{"object":{"oid":"main"}}}}`), "is no GitObjectID"},
		"a fragment that applies":    {graphql(`{node(id:"x"){__typename ... on Ref{name}}}`, `{}`, `{"data":{"node":{"__typename":"Ref"}}}`), "data.node.name: missing"},
		"a fragment that does not":   {graphql(`{node(id:"x"){__typename ... on Ref{name}}}`, `{}`, `{"data":{"node":{"__typename":"User"}}}`), ""},
		"a fragment that may":        {graphql(`{node(id:"x"){... on Ref{name}}}`, `{}`, `{"data":{"node":{}}}`), ""},
		"a type that it cannot be":   {graphql(`{viewer{login} node(id:"x"){__typename}}`, `{}`, `{"data":{"viewer":{"login":"a"},"node":{"__typename":"PageInfo"}}}`), "PageInfo"},
		"a failed mutation":          {graphql(`mutation{deleteRef(input:{refId:"x"}){clientMutationId}}`, `{}`, `{"data":{"deleteRef":null},"errors":[{"message":"no"}]}`), ""},
		"an error without a message": {graphql(`{viewer{login}}`, `{}`, `{"errors":[{"type":"X"}]}`), "an error without a message"},
		"nothing":                    {graphql(`{viewer{login}}`, `{}`, `{}`), "neither data nor errors"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			watch := &recorder{TB: t}
			h := spectest.Wrap(watch, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json; charset=utf-8")
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.answer)
			}))
			r := httptest.NewRequest(tt.method, "http://sandbox"+tt.target, strings.NewReader(tt.body))
			if tt.body != "" {
				r.Header.Set("Content-Type", "application/json")
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			assert.Equal(t, tt.status, w.Code, "the answer goes on to the client")
			if tt.want == "" {
				assert.Empty(t, watch.failures)
				return
			}
			failures := strings.Join(watch.failures, "\n")
			assert.Contains(t, failures, tt.want)
			assert.Contains(t, failures, tt.method+" "+tt.target, "the failure names the request")
		})
	}
}
