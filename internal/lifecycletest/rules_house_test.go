package lifecycletest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/cli/clitest"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/prune"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
	"github.com/basekeeper/basekeeper/internal/render"
	"github.com/basekeeper/basekeeper/internal/retention"
)

const day = 24 * time.Hour

// house is a registry that people run, and a program that reaches it through a
// proxy; tests fill it and look at it directly.
type house struct {
	host   registrytest.Host
	proxy  *proxy
	gitlab *registrytest.GitLab // before the registry; nil for none
	untags bool                 // it can delete one tag and leave the digest's others
}

// houses are the registries that the rules are tried on, by name.
var houses = map[string]func(t testing.TB) *house{
	clitest.V3: func(t testing.TB) *house {
		t.Helper()
		host := registrytest.StartV3(t)
		return &house{host: host, proxy: startProxy(t, host.Addr), untags: true}
	},
	clitest.V2: func(t testing.TB) *house {
		t.Helper()
		host := registrytest.StartV2(t)
		return &house{host: host, proxy: startProxy(t, host.Addr)}
	},
	"GitLab": newGitLab,
}

func newGitLab(t testing.TB) *house {
	t.Helper()
	host := registrytest.StartV3(t)
	gitlab := registrytest.StartGitLab(t, host)
	h := &house{host: host, proxy: startProxy(t, gitlab.Addr), gitlab: gitlab, untags: true}
	h.proxy.place = gitlab.Tag
	return h
}

// onReals tries cases on each registry that people run, each case in a
// repository of its own.
func onReals(t *testing.T, cases map[string]func(t *testing.T, s *stock)) {
	t.Helper()
	t.Parallel()
	for name, start := range houses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := start(t)
			n := 0
			for name, test := range cases {
				n++
				t.Run(name, func(t *testing.T) { test(t, newStock(t, h, fmt.Sprintf("acme%d/app", n))) })
			}
		})
	}
}

// stock is one repository, and a program whose clock stands still until it is
// told to wait.
type stock struct {
	*house
	*clitest.Program
	t      testing.TB
	name   string
	roots  string // the folder of all that uses the images
	stored map[image.Digest]stored
	images map[string]image.Descriptor // that made made
	shared image.Descriptor            // a layer that all of them have
}

type stored struct {
	mediaType string
	body      []byte
}

func newStock(t testing.TB, h *house, name string) *stock {
	t.Helper()
	h.proxy.forget()
	p := clitest.NewProgram(t)
	if h.gitlab != nil {
		h.configure(t, p)
	}
	s := &stock{house: h, Program: p, t: t, name: name, roots: t.TempDir(), stored: map[image.Digest]stored{}, images: map[string]image.Descriptor{}}
	s.file("none/Dockerfile", "FROM scratch\n") // a folder without any may be one that nothing was checked out to
	return s
}

// configure lets the program know GitLab, and log in as docker does.
func (h *house) configure(t testing.TB, p *clitest.Program) {
	t.Helper()
	p.Env["CI_SERVER_URL"] = "http://" + h.proxy.addr
	auth := base64.StdEncoding.EncodeToString([]byte(h.gitlab.User + ":" + h.gitlab.Token))
	clitest.WriteFile(t, p.Env["HOME"], ".docker/config.json", fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, h.proxy.addr, auth))
	clitest.WriteFile(t, p.Env["HOME"], "run.yaml", fmt.Sprintf("registries: {%q: {api: gitlab}}\n", h.proxy.addr))
}

// image is the repository by the name that the program is given.
func (s *stock) image() string { return s.proxy.addr + "/" + s.name }

// pass lets time go by.
func (s *stock) pass(d time.Duration) { s.Now = s.Now.Add(d) }

// do runs the program and wants a status.
func (s *stock) do(status int, args ...string) (stdout, stderr string) {
	s.t.Helper()
	if s.gitlab != nil {
		args = append(args, "--config", filepath.Join(s.Env["HOME"], "run.yaml"))
	}
	got := s.Run(s.t.Context(), args...)
	require.Equal(s.t, status, got.Status, "%v\n%s\n%s", args, got.Out, got.Errors)
	return got.Out, got.Errors
}

// release publishes an image and retires it at once; it returns the version's
// tag.
func (s *stock) release(d image.Descriptor) string {
	s.t.Helper()
	s.tag("latest", d)
	stdout, _ := s.do(0, "retire", s.image(), "--format", "json")
	var said struct{ Retired []render.Retired }
	require.NoError(s.t, json.Unmarshal([]byte(stdout), &said))
	require.Len(s.t, said.Retired, 1)
	require.Equal(s.t, d.Digest, s.at(said.Retired[0].Tag))
	return said.Retired[0].Tag
}

// policy is what the tests prune by where they do not say otherwise: nothing
// but age and use keeps.
func (s *stock) policy(args ...string) []string {
	return append([]string{"prune", s.image(), "--uses", s.roots, "--keep-for", "30d", "--keep-last", "0", "--max-deleted", "100"}, args...)
}

// prune deletes, wants a status and returns what is said of the repository.
func (s *stock) prune(status int, args ...string) sweep {
	s.t.Helper()
	stdout, stderr := s.do(status, s.policy(append([]string{"--yes", "--format", "json"}, args...)...)...)
	return s.said(stdout, stderr)
}

// plan says what would be deleted.
func (s *stock) plan(args ...string) prune.Plan {
	s.t.Helper()
	stdout, _ := s.do(0, s.policy(append([]string{"--format", "json"}, args...)...)...)
	p, err := prune.Decode([]byte(stdout))
	require.NoError(s.t, err)
	return p
}

func (s *stock) said(stdout, stderr string) sweep {
	s.t.Helper()
	var said struct{ Pruned []render.Pruned }
	require.NoError(s.t, json.Unmarshal([]byte(stdout), &said), "%s\n%s", stdout, stderr)
	require.NotEmpty(s.t, said.Pruned)
	return sweep{said.Pruned[0], stderr}
}

// sweep is what a run said of the repository.
type sweep struct {
	render.Pruned
	stderr string
}

// of returns the verdict on a tag.
func (p sweep) of(t testing.TB, tag string) retention.Verdict {
	t.Helper()
	for _, v := range p.Verdicts {
		if v.Tag == tag {
			return v
		}
	}
	require.Fail(t, "no verdict", "on %s", tag)
	return retention.Verdict{}
}

// gone returns the tags that the verdicts delete.
func (p sweep) gone() []string {
	gone := []string{}
	for _, v := range p.Verdicts {
		if !v.Keep {
			gone = append(gone, v.Tag)
		}
	}
	return gone
}

// read returns a file.
func (s *stock) read(file string) string {
	s.t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(s.t, err)
	return string(content)
}

// file writes a file of a repository that uses images; APP is this one.
func (s *stock) file(path, content string) {
	clitest.WriteFile(s.t, s.roots, path, strings.ReplaceAll(content, "APP", s.image()))
}

// stays lets the trash go, collects garbage and wants all of these tags whole,
// byte for byte: while there is trash, less is garbage.
func (s *stock) stays(before map[string]map[string]string) {
	s.t.Helper()
	s.proxy.forget()
	s.pass(8 * day)
	s.prune(0, "--keep-for", "999d", "--ignore-unknown")
	require.Empty(s.t, s.trash())
	registrytest.GarbageCollect(s.t, s.host)
	for tag, want := range before {
		require.Equal(s.t, want, s.whole(tag), tag)
	}
}

// pulled is what each of some tags is made of.
func (s *stock) pulled(tags ...string) map[string]map[string]string {
	s.t.Helper()
	all := map[string]map[string]string{}
	for _, tag := range tags {
		all[tag] = s.whole(tag)
	}
	return all
}

// lost wants that the registry has none of these manifests.
func (s *stock) lost(all ...image.Descriptor) {
	s.t.Helper()
	for _, d := range all {
		require.Equal(s.t, http.StatusNotFound, s.status("manifests/"+d.Digest.String()), d.Digest)
	}
}
