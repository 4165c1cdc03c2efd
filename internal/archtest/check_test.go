package archtest

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// module is the path that imports of our own begin with.
const module = "github.com/basekeeper/basekeeper"

// file is a Go file and what it imports.
type file struct {
	path    string // from the module's root, slash-separated
	test    bool
	imports []string
}

func (f file) pkg() string { return path.Dir(f.path) }

// readTree returns the Go files under internal and cmd, in order. Nested
// modules, testdata and what the go command ignores are left out.
func readTree(tree fs.FS) ([]file, error) {
	var files []file
	for _, top := range []string{"cmd", "internal"} {
		if _, err := fs.Stat(tree, top); err != nil {
			continue
		}
		err := fs.WalkDir(tree, top, func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() {
				return skipDir(tree, p)
			}
			if !strings.HasSuffix(p, ".go") {
				return nil
			}
			f, err := readFile(tree, p)
			files = append(files, f)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", top, err)
		}
	}
	return files, nil
}

func skipDir(tree fs.FS, p string) error {
	name := path.Base(p)
	_, err := fs.Stat(tree, path.Join(p, "go.mod"))
	if err == nil || name == "testdata" || name == "vendor" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return fs.SkipDir
	}
	return nil
}

func readFile(tree fs.FS, p string) (file, error) {
	src, err := fs.ReadFile(tree, p)
	if err != nil {
		return file{}, err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), p, src, parser.ImportsOnly)
	if err != nil {
		return file{}, err
	}
	f := file{path: p, test: strings.HasSuffix(p, "_test.go")}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return file{}, err
		}
		f.imports = append(f.imports, imported)
	}
	return f, nil
}

// violations returns what is wrong with files by the table, each with its file
// and import.
func violations(files []file, table map[string]room) []string {
	var found []string
	unlisted := map[string]bool{}
	for _, f := range files {
		from, listed := table[f.pkg()]
		if !listed {
			if !unlisted[f.pkg()] {
				unlisted[f.pkg()] = true
				found = append(found, fmt.Sprintf("%s: package %s is not in the table of floors_test.go; give it a floor", f.path, f.pkg()))
			}
			continue
		}
		if f.test { // a test may see everything
			continue
		}
		for _, imported := range f.imports {
			if why := judge(f.pkg(), from, imported, table); why != "" {
				found = append(found, fmt.Sprintf("%s: imports %q: %s", f.path, imported, why))
			}
		}
	}
	return found
}

// judge says what is wrong with one import, empty for nothing.
func judge(pkg string, from room, imported string, table map[string]room) string {
	name, ours := strings.CutPrefix(imported, module+"/")
	if !ours {
		return judgeForeign(pkg, from, imported)
	}
	to, listed := table[name]
	switch {
	case !listed:
		return name + " is not in the table of floors_test.go"
	case to.kind == helper && from.kind != helper:
		return name + " is for _test files only"
	case from.kind == helper:
		return ""
	case to.floor == from.floor:
		return fmt.Sprintf("sideways: both are on floor %d", from.floor)
	case to.floor > from.floor:
		return fmt.Sprintf("upward: from floor %d to floor %d", from.floor, to.floor)
	case from.kind == entry && (to.kind == flow || to.kind == rim):
		return "only cli and demo see flows and rims; a main package sees cli"
	}
	return ""
}

// judgeForeign is about imports of others' packages.
func judgeForeign(pkg string, from room, imported string) string {
	switch {
	case from.kind != helper && isAny(imported, testOnly):
		return "it is for _test files only"
	case from.kind == pure && isAny(imported, effects):
		return fmt.Sprintf("%s is pure (floor %d): no network, file system, clock or environment", pkg, from.floor)
	case from.kind == flow && isAny(imported, clients):
		return "a flow sees no client; declare the interface that it needs"
	}
	return ""
}

// Packages that only some may import; each stands for those under it too.
var (
	testOnly = []string{"testing", "github.com/stretchr/testify", "pgregory.net/rapid", "github.com/rogpeppe/go-internal/testscript"}
	clients  = []string{
		"net/http", "os/exec",
		"github.com/google/go-containerregistry/pkg/v1/remote", "github.com/google/go-containerregistry/pkg/v1/daemon",
		"github.com/google/go-containerregistry/pkg/v1/layout", "github.com/google/go-containerregistry/pkg/authn",
		"github.com/google/go-containerregistry/pkg/crane", "github.com/google/go-containerregistry/pkg/gcrane",
		"github.com/google/go-containerregistry/pkg/registry",
		"github.com/go-git/go-git", "github.com/go-git/go-billy", "github.com/google/go-github",
		"gitlab.com/gitlab-org/api/client-go", "github.com/shurcooL/githubv4",
		"github.com/docker/cli", "github.com/docker/docker",
	}
	effects = append([]string{
		"net", "os", "io/fs", "io/ioutil", "path/filepath", "syscall", "log", "plugin", "unsafe",
		"runtime/debug", "runtime/pprof", "runtime/trace", "expvar", "crypto/rand", "math/rand", "database/sql",
		"golang.org/x/sys", "golang.org/x/net", "golang.org/x/term", "golang.org/x/oauth2", "google.golang.org/grpc",
		"github.com/spf13/cobra", "github.com/spf13/viper", "github.com/spf13/afero",
		"github.com/sirupsen/logrus", "github.com/fsnotify/fsnotify", "github.com/aws", "github.com/Azure",
	}, clients...)
)

// isAny reports whether imported is one of, or under, the listed packages;
// net/url and net/netip, which only parse, are not "net".
func isAny(imported string, listed []string) bool {
	if imported == "net/url" || imported == "net/netip" {
		return false
	}
	return slices.ContainsFunc(listed, func(p string) bool {
		return imported == p || strings.HasPrefix(imported, p+"/")
	})
}
