package gitlabtest

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/enginetest"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/sandbox"
	lab "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
	"github.com/basekeeper/basekeeper/internal/sandbox/spectest"
)

// token is the component's; it must be seen nowhere.
const token = "glpat-canary0123456789"

// helperImage copies caches and artifacts for gitlab-ci-local.
const helperImage = "basekeeper.test/helper:1"

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }

var helper sync.Once

// world is a registry, a GitLab, and what runs pipelines.
type world struct {
	t        *testing.T
	dir      string // for what all its tests need
	engine   *enginetest.Engine
	program  string // gitlab-ci-local
	registry *sandbox.Registry
	gitlab   *lab.Server
	url      string            // of GitLab
	clones   map[string]string // folders by project
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), engine: enginetest.NeedImage(t), clones: map[string]string{}}
	helper.Do(func() {
		enginetest.OrSkip(t, w.engine.Import(helperImage, enginetest.Base{Programs: []string{"bash", "rsync"}}, "ENV PATH=/usr/bin:/bin"))
	})
	var err error
	w.program, err = enginetest.Tool("BASEKEEPER_GITLAB_CI_LOCAL", "gitlab-ci-local")
	enginetest.OrSkip(t, err)
	w.registry, err = sandbox.StartRegistry(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.registry.Close() })
	w.gitlab = lab.New(lab.Options{Now: time.Now})
	server := httptest.NewServer(spectest.WrapGitLab(t, w.gitlab.Handler()))
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// sub runs a test in the same world.
func (w *world) sub(name string, f func(*world)) {
	w.t.Run(name, func(t *testing.T) {
		inside := *w
		inside.t = t
		f(&inside)
	})
}

func (w *world) publish(repository, tag, layer string) image.Digest {
	w.t.Helper()
	d, err := w.registry.Publish(w.t.Context(), sandbox.Image{Repository: repository, Tag: tag, Layer: layer, Created: time.Unix(1_700_000_000, 0)})
	require.NoError(w.t, err)
	return d
}

func (w *world) pin(repository, tag string, d image.Digest) string {
	return fmt.Sprintf("%s/%s:%s@%s", w.registry.Host(), repository, tag, d)
}

// at returns what a tag points at; empty where it is not there.
func (w *world) at(repository, tag string) image.Digest {
	w.t.Helper()
	d, err := w.registry.Digest(w.t.Context(), repository, tag)
	require.NoError(w.t, err)
	return d
}

// project makes a project with the component and a pipeline that includes it.
func (w *world) project(path, pipeline string, files map[string]string) {
	w.t.Helper()
	all := []lab.File{
		{Path: ".gitlab-ci.yml", Content: []byte(pipeline)},
		{Path: componentFile, Content: []byte(component(w.t))},
	}
	for name, content := range files {
		all = append(all, lab.File{Path: name, Content: []byte(content)})
	}
	require.NoError(w.t, w.gitlab.CreateProject(path, lab.ProjectOptions{}, all...))
}

// opened returns the merge requests of a project that are open.
func (w *world) opened(path string) (open []lab.MergeRequest) {
	for _, m := range w.gitlab.MergeRequests(path) {
		if m.State == "opened" {
			open = append(open, m)
		}
	}
	return open
}

// checkout brings a clone of the project to a branch as it is on GitLab now.
func (w *world) checkout(path, branch string) (dir string) {
	w.t.Helper()
	bare := filepath.Join(w.t.TempDir(), "bare")
	require.NoError(w.t, w.gitlab.WriteBare(path, bare))
	dir = w.clones[path]
	if dir == "" {
		dir = filepath.Join(w.dir, strconv.Itoa(len(w.clones)))
		w.clones[path] = dir
		w.git("", "init", "--quiet", dir)
		w.git(dir, "remote", "add", "origin", w.url+"/"+path+".git") // tells gitlab-ci-local what is where
		w.git(dir, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
	}
	w.git(dir, "fetch", "--quiet", "--force", bare, "+refs/heads/*:refs/remotes/origin/*")
	w.git(dir, "checkout", "--quiet", "--force", "-B", branch, "refs/remotes/origin/"+branch)
	return dir
}

func (w *world) git(dir string, args ...string) {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), "git", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(w.t, err, "git %s\n%s", strings.Join(args, " "), out)
}

// change commits files to a branch as a person would.
func (w *world) change(path, branch string, files map[string]string) (commit string) {
	w.t.Helper()
	var all []lab.File
	for name, content := range files {
		all = append(all, lab.File{Path: name, Content: []byte(content)})
	}
	commit, err := w.gitlab.Push(path, branch, "alice", "change", all...)
	require.NoError(w.t, err)
	return commit
}

// merged merges a merge request as a person would.
func (w *world) merged(path string, iid int) {
	w.t.Helper()
	require.NoError(w.t, w.gitlab.MergeMergeRequest(path, iid, "alice"))
	for _, m := range w.gitlab.MergeRequests(path) {
		if m.IID == iid {
			assert.Equal(w.t, "merged", m.State)
		}
	}
}
