package cli_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// canary is a secret that must be seen nowhere but at its registry.
const canary = "canary-5f4dcc3b5aa765d61d8327deb882cf99"

// encoded is how it travels.
var encoded = base64.StdEncoding.EncodeToString([]byte("user:" + canary))

// secrets are the ways to give it; each returns lines of configuration.
var secrets = map[string]func(p *program, host, home string) string{
	"the environment named in the configuration": func(p *program, host, _ string) string {
		p.env["SECRET_USER"], p.env["SECRET_PASSWORD"] = "user", canary
		return fmt.Sprintf("registries:\n  %q:\n    user-env: SECRET_USER\n    password-env: SECRET_PASSWORD\n", host)
	},
	"DOCKER_AUTH_CONFIG": func(p *program, host, _ string) string {
		p.env["DOCKER_AUTH_CONFIG"] = fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, host, encoded)
		return ""
	},
	"a DOCKER_AUTH_CONFIG that is damaged": func(p *program, host, _ string) string {
		p.env["DOCKER_AUTH_CONFIG"] = fmt.Sprintf(`{"auths":{%q:{"auth":%q}}`, host, encoded)
		return ""
	},
	"a DOCKER_AUTH_CONFIG that is no base64": func(p *program, host, _ string) string {
		p.env["DOCKER_AUTH_CONFIG"] = fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, host, canary+":")
		return ""
	},
	"config.json": func(_ *program, host, home string) string {
		writeTo(home, ".docker/config.json", fmt.Sprintf(`{"auths":{%q:{"username":"user","password":%q}}}`, host, canary))
		return ""
	},
	"a config.json that is damaged": func(_ *program, host, home string) string {
		writeTo(home, ".docker/config.json", fmt.Sprintf(`{"auths":{%q:{"auth":%q`, host, encoded))
		return ""
	},
	"a helper that fails": func(p *program, host, home string) string {
		writeTo(home, ".docker/config.json", fmt.Sprintf(`{"credHelpers":{%q:"%s"}}`, host, "nosuch"))
		p.env["PATH"] = canary
		return ""
	},
	"CI_REGISTRY_PASSWORD": func(p *program, host, _ string) string {
		p.env["CI_REGISTRY"], p.env["CI_REGISTRY_USER"], p.env["CI_REGISTRY_PASSWORD"] = host, "user", canary
		return ""
	},
	"CI_JOB_TOKEN": func(p *program, host, _ string) string {
		p.env["CI_REGISTRY"], p.env["CI_JOB_TOKEN"] = host, canary
		return ""
	},
	"GITHUB_TOKEN": func(p *program, host, _ string) string { // ghcr.io's, through a mirror
		p.env["GITHUB_TOKEN"] = canary
		return fmt.Sprintf("registries:\n  ghcr.io:\n    mirror: %q\n    plain-http: true\n", host+"/ghcr")
	},
	"the configuration itself, by mistake": func(_ *program, host, _ string) string {
		return fmt.Sprintf("registries:\n  %q:\n    password: %s\n", host, canary)
	},
	"the mirror's address, by mistake": func(_ *program, host, _ string) string {
		return fmt.Sprintf("registries:\n  ghcr.io:\n    mirror: \"user:%s@%s\"\n", canary, host)
	},
}

func writeTo(dir, name, content string) {
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		panic(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		panic(err)
	}
}

// elsewhere is a host that a registry sends requests to and that must not see
// the secret.
type elsewhere struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

func startElsewhere(t *testing.T) *elsewhere {
	t.Helper()
	e := &elsewhere{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.seen = append(e.seen, fmt.Sprint(r.URL, r.Header))
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(e.Close)
	return e
}

func TestNoSecretIsEverShown(t *testing.T) {
	other := startElsewhere(t)
	for name, give := range secrets {
		for _, kind := range []string{"", "401", "403", "429", "500", "reset", "truncate", "wrong-digest", "foreign-realm", "redirect"} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				s, end, err := newStage(t.Context())
				require.NoError(t, err)
				defer end()
				s.redirect = other.URL
				old, err := s.publish(t.Context(), "debian:12", "one", "linux/amd64", "linux/arm64")
				require.NoError(t, err)
				_, err = s.publish(t.Context(), "debian:12", "two", "linux/amd64", "linux/arm64")
				require.NoError(t, err)
				if kind != "" {
					s.fail(kind, "/v2/")
				}
				p, dir := newProgram(t), t.TempDir()
				writeTo(dir, ".basekeeper.yaml", give(p, s.host, p.env["HOME"]))
				writeTo(dir, "Dockerfile", fmt.Sprintf("FROM %s/debian:12@%s\nFROM ghcr.io/debian:12@%[2]s\n", s.host, old))
				if name != "GITHUB_TOKEN" {
					writeTo(dir, "Dockerfile", fmt.Sprintf("FROM %s/debian:12@%s\n", s.host, old))
				}
				for _, args := range [][]string{
					{"check", "--verify", "--cache", filepath.Join(dir, "cache.json"), dir},
					{"check", "--format", "sarif", "--cache", "none", dir},
					{"plan", "--format", "json", "-o", filepath.Join(dir, "plan.json"), "--cache", "none", dir},
					{"bump", "--cache", "none", dir},
				} {
					_, stdout, stderr := p.run(t.Context(), args...)
					secretFree(t, stdout, stderr)
				}
				require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
					if err != nil || d.IsDir() || filepath.Base(path) == ".basekeeper.yaml" {
						return err
					}
					content, err := os.ReadFile(path)
					secretFree(t, string(content))
					return err
				}))
			})
		}
	}
	secretFree(t, other.seen...)
}

func secretFree(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		assert.NotContains(t, text, canary)
		assert.NotContains(t, text, encoded)
		assert.NotContains(t, strings.ToLower(text), "authorization")
	}
}

// The secrets above do get to their registry: without that the test would show
// nothing.
func TestSecretsAreUsed(t *testing.T) {
	for _, name := range []string{"the environment named in the configuration", "DOCKER_AUTH_CONFIG", "config.json", "CI_REGISTRY_PASSWORD", "CI_JOB_TOKEN"} {
		t.Run(name, func(t *testing.T) {
			s, end, err := newStage(t.Context())
			require.NoError(t, err)
			defer end()
			s.fail("401", "/v2/")
			p, dir := newProgram(t), t.TempDir()
			writeTo(dir, ".basekeeper.yaml", secrets[name](p, s.host, p.env["HOME"]))
			writeTo(dir, "Dockerfile", fmt.Sprintf("FROM %s/debian:12@sha256:%064d\n", s.host, 0))
			code, stdout, _ := p.run(t.Context(), "check", dir)
			assert.Equal(t, 4, code)
			assert.Contains(t, stdout, "the credentials from")
			assert.True(t, s.sawCredentials(canary))
		})
	}
}
