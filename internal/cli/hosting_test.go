package cli_test

import (
	"encoding/pem"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
	lab "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// TestWhichForge: what a run asks for a token shows which forge it is on.
func TestWhichForge(t *testing.T) {
	const hub, gitlab = "no credentials for GitHub", "no credentials for GitLab"
	tests := map[string]struct {
		args   string
		config string
		env    map[string]string
		want   string
	}{
		"by default":               {"--repository acme/app", "", nil, hub},
		"in a pipeline":            {"--repository acme/app", "", map[string]string{"GITLAB_CI": "true"}, gitlab},
		"flag in a pipeline":       {"--repository acme/app --forge github", "", map[string]string{"GITLAB_CI": "true"}, hub},
		"flag":                     {"--repository acme/team/app --forge gitlab", "", nil, gitlab},
		"group":                    {"--group acme", "", nil, gitlab},
		"GitLab's url":             {"--user ada --gitlab-url https://gitlab.corp/git", "", nil, gitlab},
		"GitHub's url":             {"--user ada --github-url https://github.corp", "", map[string]string{"GITLAB_CI": "true"}, hub},
		"configured":               {"--organization acme", "forge: gitlab", nil, gitlab},
		"configured url":           {"--organization acme", "gitlab: {url: 'https://gitlab.corp'}", nil, gitlab},
		"configured GitHub":        {"--organization acme", "github: {url: 'https://github.corp'}", map[string]string{"GITLAB_CI": "true"}, hub},
		"flag over configuration":  {"--organization acme --forge github", "gitlab: {url: 'https://gitlab.corp'}", nil, hub},
		"group over configuration": {"--group acme", "forge: github", nil, gitlab},
		"both configured":          {"--organization acme", "{github: {url: 'https://a.corp'}, gitlab: {url: 'https://b.corp'}}", nil, "it is not clear which forge is meant"},
		"both, and which":          {"--organization acme", "{forge: gitlab, github: {url: 'https://a.corp'}, gitlab: {url: 'https://b.corp'}}", nil, gitlab},
		"flags of both":            {"--group acme --github-url https://github.corp", "", nil, "flags for GitHub and for GitLab cannot be given together"},
		"GitLab with an App":       {"--repository a/b --forge gitlab --app-id 1", "", nil, "flags for GitHub and for GitLab cannot be given together"},
		"group on GitHub":          {"--group acme --forge github", "", nil, "--forge says github"},
		"no such forge":            {"--repository a/b --forge gitea", "", nil, "--forge gitea: want github or gitlab"},
		"deep name on GitHub":      {"--repository a/b/c", "", nil, "want OWNER/NAME on GitHub"},
		"half a name":              {"--repository a/ --forge gitlab", "", nil, "want OWNER/NAME"},
		"job's token":              {"--group acme", "", map[string]string{"CI_JOB_TOKEN": "glcbt-" + canary}, "CI_JOB_TOKEN serves the container registry only"},
		"job's token, renamed":     {"--group acme", "", map[string]string{"CI_JOB_TOKEN": canary, "BASEKEEPER_TOKEN": canary}, "CI_JOB_TOKEN serves the container registry only"},
		"GitLab's token":           {"--repository acme/app", "", map[string]string{"BASEKEEPER_TOKEN": "glpat-" + canary}, "say --forge gitlab"},
		"token for GitHub":         {"--group acme", "", map[string]string{"GITHUB_TOKEN": canary}, gitlab},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := newProgram(t)
			for key, value := range tt.env {
				p.env[key] = value
			}
			args := append([]string{"check"}, strings.Fields(tt.args)...)
			if tt.config != "" {
				file := filepath.Join(t.TempDir(), "run.yaml")
				require.NoError(t, os.WriteFile(file, []byte(tt.config), 0o600))
				args = append(args, "--config", file)
			}
			code, out, errs := p.run(t.Context(), args...)
			assert.Equal(t, 2, code, errs)
			assert.Empty(t, out)
			assert.Contains(t, errs, tt.want)
			assert.NotContains(t, errs, canary)
		})
	}
}

// TestOnMergeByCommit: the command line does what a pipeline does, and prunes
// if it is asked to.
func TestOnMergeByCommit(t *testing.T) {
	r := newGitLabRun(t, "push", "Dockerfile", "FROM scratch\n")
	r.env["GITLAB_CI"] = "true"
	file := filepath.Join(t.TempDir(), "run.yaml")
	config := strings.ReplaceAll("gitlab: {registry: x.example}\nimages: [{image: HOST/apps/app, repository: acme/team/app}]\nretention: {keep-for: 1h, keep-last: 0, minimum-age: 1h, max-deleted: 90}\nroots: {names: [acme/team/app]}\n", "HOST", r.registry.Host())
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	first := r.publish("apps/app", "latest", "app 1")
	onMerge := func(want int, args ...string) (out, errs string) {
		t.Helper()
		code, out, errs := r.run(t.Context(), append([]string{"on-merge", "--config", file}, args...)...)
		require.Equal(t, want, code, "%s\n%s", out, errs)
		return out, errs
	}
	_, errs := onMerge(0)
	assert.Contains(t, errs, "no merged bump brought "+r.env["CI_COMMIT_SHA"]+" to acme/team/app")

	r.now = r.now.Add(time.Minute)
	r.mergeBump("keeper", "basekeeper/debian-12")
	out, _ := onMerge(0, "--dry-run")
	assert.Contains(t, out, "to retire")
	assert.Empty(t, r.kept())
	merge := r.env["CI_COMMIT_SHA"]
	delete(r.env, "CI_PROJECT_PATH")
	_, errs = onMerge(2, "--commit", merge)
	assert.Contains(t, errs, "--commit needs the one --repository")
	out, _ = onMerge(0, "--commit", merge, "--repository", "acme/team/app")
	assert.Contains(t, out, "v1")
	assert.Equal(t, first, r.kept())
	code, shown, errs := r.run(t.Context(), "ledger", "show", r.registry.Host()+"/apps/app")
	require.Equal(t, 0, code, errs)
	assert.Contains(t, shown, "acme/team/app!1")
	onMerge(0, "acme/team/app!1")
	_, errs = onMerge(1, "acme/team/app!9")
	assert.Contains(t, errs, "acme/team/app!9: it is not among the repository's last merged merge requests")
	_, errs = onMerge(2, "--commit", merge, "acme/team/app!1")
	assert.Contains(t, errs, "cannot be given together")
	_, errs = onMerge(2, "--prune", "--format", "json")
	assert.Contains(t, errs, "run basekeeper prune afterwards")

	r.publish("apps/app", "latest", "app 2")
	r.now = r.now.Add(2 * time.Hour)
	out, _ = onMerge(0, "--commit", merge, "--repository", "acme/team/app", "--prune", "--dry-run")
	assert.Contains(t, out, "delete")
	assert.Equal(t, first, r.kept(), "only said")
	_, err := r.gitlab.Push("acme/team/app", "main", "ada", "Use it", lab.File{Path: "y/Dockerfile", Content: []byte("FROM " + r.registry.Host() + "/apps/app:v1\n")})
	require.NoError(t, err)
	out, _ = onMerge(0, "--commit", merge, "--repository", "acme/team/app", "--prune")
	assert.Contains(t, out, "in use")
	assert.Equal(t, first, r.kept(), "a file on GitLab names it")
	_, err = r.gitlab.Push("acme/team/app", "main", "ada", "Use it no more", lab.File{Path: "y/Dockerfile", Content: []byte("FROM scratch\n")})
	require.NoError(t, err)
	out, _ = onMerge(0, "--commit", merge, "--repository", "acme/team/app", "--prune")
	assert.Contains(t, out, "deleted")
	assert.Empty(t, r.kept())
}

func TestPublishOnGitLab(t *testing.T) {
	r := newGitLabRun(t, "push", "Dockerfile", "FROM scratch\n")
	r.env["GITLAB_CI"] = "true"
	r.publish("acme/base", "1", "base")
	require.NoError(t, r.gitlab.CreateProject("acme/keeper", lab.ProjectOptions{}, r.files([]string{"x", "x"})...))
	require.NoError(t, r.gitlab.AddTrigger("acme/keeper", canary, "ada"))
	ref := r.registry.Host() + "/acme/base:1"
	delete(r.env, "CI_JOB_TOKEN")
	code, _, errs := r.run(t.Context(), "publish", ref, "--to", "acme/keeper")
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, "BASEKEEPER_TRIGGER_TOKEN")

	r.env["BASEKEEPER_TRIGGER_TOKEN"] = canary
	code, out, errs := r.run(t.Context(), "publish", ref, "--to", "acme/keeper,acme/none")
	assert.Equal(t, 4, code)
	assert.Contains(t, out, "told acme/keeper of "+ref+"@sha256:")
	assert.Contains(t, errs, "tell acme/none: start pipeline: not found")
	assert.NotContains(t, out+errs, canary)
	all := r.gitlab.Pipelines("acme/keeper")
	require.Len(t, all, 1)
	assert.Equal(t, map[string]string{"BASEKEEPER_IMAGE": ref}, all[0].Variables)
}

// TestSharedProjectsAreRoots: a project of others that is shared with the group
// of the roots may use its images too.
func TestSharedProjectsAreRoots(t *testing.T) {
	r := newGitLabRun(t, "push", "Dockerfile", "FROM scratch\n")
	r.env["GITLAB_CI"] = "true"
	first := r.publish("apps/app", "latest", "app 1")
	image := r.registry.Host() + "/apps/app"
	run := func(args ...string) string {
		t.Helper()
		code, out, errs := r.run(t.Context(), args...)
		require.Equal(t, 0, code, "%s\n%s", out, errs)
		return out
	}
	run("retire", image)
	r.publish("apps/app", "latest", "app 2")
	r.now = r.now.Add(48 * time.Hour)
	prune := func() string {
		t.Helper()
		return run("prune", image, "--group", "acme", "--keep-for", "1h", "--keep-last", "0", "--max-deleted", "90", "--yes")
	}
	pin := lab.File{Path: "Dockerfile", Content: []byte("FROM " + image + ":v1\n")}
	require.NoError(t, r.gitlab.CreateProject("other/tool", lab.ProjectOptions{SharedWith: []string{"acme"}}, pin))
	assert.Contains(t, prune(), "in use: other/tool/Dockerfile:1 (main)")
	assert.Equal(t, first, r.kept())
	_, err := r.gitlab.Push("other/tool", "main", "ada", "Use it no more", lab.File{Path: "Dockerfile", Content: []byte("FROM scratch\n")})
	require.NoError(t, err)
	assert.Contains(t, prune(), "deleted")
	assert.Empty(t, r.kept())
}

// TestOAuthToken: a token of OAuth's is given like any other.
func TestOAuthToken(t *testing.T) {
	r := newGitLabRun(t, "schedule", "Dockerfile", "FROM scratch\n")
	r.gitlab.AddToken(canary, lab.Token{Login: "ada", Kind: lab.OAuthToken})
	delete(r.env, "BASEKEEPER_TOKEN")
	for _, name := range []string{"GITLAB_TOKEN", "BASEKEEPER_TOKEN"} {
		r.env[name] = canary
		code, out, errs := r.run(t.Context(), "check", "--group", "acme")
		assert.Equal(t, 0, code, "%s\n%s", out, errs)
		r.perform(0)
		delete(r.env, name)
	}
}

// TestOwnAuthority: a GitLab whose certificate is its own authority's, below a
// path.
func TestOwnAuthority(t *testing.T) {
	gitlab := lab.New(lab.Options{Root: "/git"})
	server, ca := ownAuthority(t, gitlab.Handler())
	gitlab.AddGroup("acme")
	gitlab.AddToken(secret, lab.Token{Login: "keeper", Kind: lab.PersonalToken})
	require.NoError(t, gitlab.CreateProject("acme/app", lab.ProjectOptions{}, lab.File{Path: "Dockerfile", Content: []byte("FROM scratch\n")}))
	p := newProgram(t)
	p.env["BASEKEEPER_TOKEN"] = secret
	check := []string{"check", "--group", "acme", "--gitlab-url", server.URL + "/git"}
	code, out, errs := p.run(t.Context(), check...)
	assert.Equal(t, 4, code, errs)
	assert.Contains(t, out, "certificate")

	p.env["CI_SERVER_TLS_CA_FILE"] = ca
	code, out, errs = p.run(t.Context(), check...)
	assert.Equal(t, 0, code, "%s\n%s", out, errs)
	p.env["CI_SERVER_TLS_CA_FILE"] = ca + ".none"
	code, _, errs = p.run(t.Context(), check...)
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, "CI_SERVER_TLS_CA_FILE")
}

// ownAuthority serves with a certificate that no system trusts, and returns the
// file that has its authority.
func ownAuthority(t *testing.T, handler http.Handler) (server *httptest.Server, ca string) {
	t.Helper()
	server = httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshakes that fail
	server.StartTLS()
	t.Cleanup(server.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	return server, ca
}

// TestOwnAuthoritysRegistry: in the pipelines of such a GitLab its registry is
// asked, its token service, and its API that deletes, without any setting.
func TestOwnAuthoritysRegistry(t *testing.T) {
	behind := registrytest.StartV3(t)
	gitlab := registrytest.StartGitLab(t, behind)
	server, ca := ownAuthority(t, behindTLS(t, gitlab.URL))
	host := strings.TrimPrefix(server.URL, "https://")
	first := registrytest.Push(t, behind, "acme/app", "latest")
	p := newProgram(t)
	maps.Copy(p.env, map[string]string{
		"GITLAB_CI": "true", "CI_SERVER_URL": server.URL, "CI_REGISTRY": host, "CI_REGISTRY_USER": gitlab.User, "CI_REGISTRY_PASSWORD": gitlab.Token,
	})
	dir := t.TempDir()
	pin := func() { writeTo(dir, "Dockerfile", "FROM "+host+"/acme/app:latest@"+string(first.Digest)+"\n") }
	pin()
	run := func(want int, args ...string) string {
		t.Helper()
		code, out, errs := p.run(t.Context(), args...)
		require.Equal(t, want, code, "%s\n%s", out, errs)
		return out + errs
	}
	assert.Contains(t, run(4, "check", dir), "set ca-file in the configuration")

	p.env["CI_SERVER_TLS_CA_FILE"] = ca
	run(0, "check", dir)
	run(0, "retire", host+"/acme/app")
	registrytest.Push(t, behind, "acme/app", "latest")
	p.now = p.now.Add(48 * time.Hour)
	writeTo(dir, "Dockerfile", "FROM scratch\n")
	prune := []string{"prune", host + "/acme/app", "--uses", dir, "--keep-for", "1h", "--keep-last", "0", "--max-deleted", "90", "--yes"}
	assert.Contains(t, run(0, prune...), "deleted")

	pin()
	own := filepath.Join(dir, "own.yaml")
	writeTo(dir, "own.yaml", "registries: {'"+host+"': {ca-file: "+own+"}}\n")
	assert.Contains(t, run(2, "check", dir, "--config", own), "no certificate", "the configuration's is taken before the pipeline's")
	p.env["CI_SERVER_TLS_CA_FILE"] = ca + ".none"
	assert.Contains(t, run(2, "check", dir), "registry "+host+": CI_SERVER_TLS_CA_FILE: ")
}

// behindTLS passes everything on to a server without TLS, whose answers then
// say https.
func behindTLS(t *testing.T, to string) http.Handler {
	t.Helper()
	target, err := url.Parse(to)
	require.NoError(t, err)
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		},
		ModifyResponse: func(r *http.Response) error {
			for _, name := range []string{"Location", "Www-Authenticate"} {
				if value := r.Header.Get(name); value != "" {
					r.Header.Set(name, strings.Replace(value, "http://", "https://", 1))
				}
			}
			return nil
		},
	}
}
