package cli_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/cli/clitest"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// lifecycle bumps an index and a single image on a registry, and looks at every
// status on the way.
func lifecycle(t *testing.T, p *program, host registrytest.Host, configuration string) {
	t.Helper()
	index := registrytest.PushIndex(t, host, "team/base", "12", "linux/amd64", "linux/arm64")
	single := registrytest.Push(t, host, "team/tool", "latest")
	dockerfile := func(base, tool image.Digest) string {
		return fmt.Sprintf("FROM %[1]s/team/base:12@%[2]s\r\nCOPY --from=%[1]s/team/tool:latest@%[3]s /a /b", host.Addr, base, tool)
	}
	dir := t.TempDir()
	writeTo(dir, ".basekeeper.yaml", configuration)
	writeTo(dir, "Dockerfile", dockerfile(index.Digest, single.Digest))

	code, stdout, stderr := p.run(t.Context(), "check", "--exit-code", dir)
	require.Equal(t, 0, code, stdout+stderr)
	assert.Contains(t, stdout, "2 references up to date.")
	assert.Contains(t, stderr, host.Addr+": 2 HEAD, 0 GET")

	newIndex := registrytest.PushIndex(t, host, "team/base", "12", "linux/amd64", "linux/arm64")
	newSingle := registrytest.Push(t, host, "team/tool", "latest")
	code, stdout, stderr = p.run(t.Context(), "check", "--exit-code", dir)
	require.Equal(t, 3, code, stdout+stderr)

	file := filepath.Join(dir, "plan.json")
	code, stdout, stderr = p.run(t.Context(), "plan", "--verify", "-o", file, "--format", "json", dir)
	require.Equal(t, 0, code, stdout+stderr)
	var made plan.Plan
	require.NoError(t, json.Unmarshal([]byte(stdout), &made))
	assert.Len(t, made.Bumps, 2)
	code, stdout, stderr = p.run(t.Context(), "apply", file)
	require.Equal(t, 0, code, stdout+stderr)
	content, err := os.ReadFile(filepath.Join(dir, "Dockerfile"))
	require.NoError(t, err)
	assert.Equal(t, dockerfile(newIndex.Digest, newSingle.Digest), string(content))

	code, stdout, stderr = p.run(t.Context(), "bump", dir)
	require.Equal(t, 0, code, stdout+stderr)
	assert.Contains(t, stdout, "Nothing to change.")
	assert.Contains(t, stderr, host.Addr+": 2 HEAD, 0 GET")

	writeTo(dir, "gone/Dockerfile", fmt.Sprintf("FROM %s/team/base:nosuch@%s\n", host.Addr, index.Digest))
	code, stdout, _ = p.run(t.Context(), "bump", dir)
	assert.Equal(t, 4, code)
	assert.Contains(t, stdout, "the tag or repository was removed or renamed")
}

func TestRealAnonymous(t *testing.T) {
	for name, start := range clitest.Registries() {
		t.Run(name, func(t *testing.T) { lifecycle(t, newProgram(t), start(t), "") })
	}
}

func TestRealPassword(t *testing.T) {
	for name, start := range clitest.Registries() {
		t.Run(name, func(t *testing.T) {
			host := start(t, registrytest.WithPassword("user", canary))
			p := newProgram(t)
			p.env["DOCKER_AUTH_CONFIG"] = fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, host.Addr, encoded)
			lifecycle(t, p, host, "")

			p.env["DOCKER_AUTH_CONFIG"] = fmt.Sprintf(`{"auths":{%q:{"username":"user","password":"wrong"}}}`, host.Addr)
			denied(t, p, host, "", "the credentials from DOCKER_AUTH_CONFIG are not accepted")
			p.env["DOCKER_AUTH_CONFIG"] = ""
			denied(t, p, host, "", "no credentials for "+host.Addr+" were found")
		})
	}
}

func TestRealTokens(t *testing.T) {
	for name, start := range clitest.Registries() {
		t.Run(name, func(t *testing.T) {
			service := registrytest.StartTokenService(t, "user", canary)
			host := start(t, registrytest.WithTokens(service))
			p := newProgram(t)
			p.env["TEST_USER"], p.env["TEST_PASSWORD"] = "user", canary
			const configuration = "registries:\n  %q:\n    user-env: TEST_USER\n    password-env: TEST_PASSWORD\n    token-service: %s\n"
			lifecycle(t, p, host, fmt.Sprintf(configuration, host.Addr, "localhost"))
			denied(t, p, host, fmt.Sprintf(configuration, host.Addr, "tokens.example.com"), "is not known to belong to it")
			p.env["TEST_PASSWORD"] = "wrong"
			denied(t, p, host, fmt.Sprintf(configuration, host.Addr, "localhost"), "the credentials from the configuration are not accepted")
		})
	}
}

func denied(t *testing.T, p *program, host registrytest.Host, configuration, want string) {
	t.Helper()
	dir := t.TempDir()
	writeTo(dir, ".basekeeper.yaml", configuration)
	writeTo(dir, "Dockerfile", fmt.Sprintf("FROM %s/team/base:12@sha256:%064d\n", host.Addr, 0))
	code, stdout, stderr := p.run(t.Context(), "check", "--exit-code", dir)
	assert.Equal(t, 4, code, stderr)
	assert.Contains(t, stdout, want)
	secretFree(t, stdout, stderr)
}
