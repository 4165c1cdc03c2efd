package spectest

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// spec is a forge's description, ready to be asked.
type spec struct {
	router  routers.Router
	schema  *ast.Schema
	refused func(body []byte) []string // what is wrong with GraphQL's answer of another status than 200
}

// github is loaded once for all tests of a package.
var github = sync.OnceValues(loadGitHub)

// slashed are the paths whose last parameter may hold slashes, which OpenAPI
// has no words for.
var slashed = map[string]string{
	"/repos/{owner}/{repo}/contents/{path}":         "/repos/{owner}/{repo}/contents/{path:.*}",
	"/repos/{owner}/{repo}/git/ref/{ref}":           "/repos/{owner}/{repo}/git/ref/{ref:.+}",
	"/repos/{owner}/{repo}/git/refs/{ref}":          "/repos/{owner}/{repo}/git/refs/{ref:.+}",
	"/repos/{owner}/{repo}/git/matching-refs/{ref}": "/repos/{owner}/{repo}/git/matching-refs/{ref:.*}",
	"/repos/{owner}/{repo}/git/trees/{tree_sha}":    "/repos/{owner}/{repo}/git/trees/{tree_sha:.+}",
	"/repos/{owner}/{repo}/compare/{basehead}":      "/repos/{owner}/{repo}/compare/{basehead:.+}",
}

func loadGitHub() (spec, error) {
	dir, err := specsDir()
	if err != nil {
		return spec{}, err
	}
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(dir, "github.openapi.json"))
	if err != nil {
		return spec{}, fmt.Errorf("load description: %w", err)
	}
	doc.Servers = openapi3.Servers{{URL: "/"}}
	mend(doc)
	for from, to := range slashed {
		item := doc.Paths.Value(from)
		if item == nil {
			return spec{}, fmt.Errorf("load description: no path %s", from)
		}
		doc.Paths.Delete(from)
		doc.Paths.Set(to, item)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return spec{}, fmt.Errorf("read paths: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "github.graphql"))
	if err != nil {
		return spec{}, fmt.Errorf("load schema: %w", err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "github.graphql", Input: string(text)})
	if err != nil {
		return spec{}, fmt.Errorf("load schema: %w", err)
	}
	return spec{router: router, schema: schema, refused: checkRefusal}, nil
}

// mend puts right what GitHub's description gets wrong: the account of a listed
// installation is said to be a user and an enterprise at once.
func mend(doc *openapi3.T) {
	list := doc.Paths.Value("/app/installations").Get.Responses.Status(http.StatusOK).Value.Content.Get("application/json").Schema.Value
	account := list.Items.Value.Properties["account"].Value
	account.AnyOf, account.AllOf = account.AllOf, nil
}

// specsDir is testdata/specs beside the go.mod above the working directory.
func specsDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		found := filepath.Join(dir, "testdata", "specs")
		if _, err := os.Stat(filepath.Join(found, "github.openapi.json")); err == nil {
			return found, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("find testdata/specs: not above the working directory")
		}
		dir = up
	}
}
