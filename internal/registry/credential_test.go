package registry

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func environment(variables map[string]string) func(string) string {
	return func(name string) string { return variables[name] }
}

func auths(key, user, password string) string {
	return fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, key, base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
}

// found looks up credentials and returns them as user:password or the token,
// with their source.
func found(t *testing.T, k *keyring, registry string, hosts map[string]Host) (string, string) {
	t.Helper()
	at, err := locate(registry, hosts, false)
	require.NoError(t, err)
	c, err := k.lookup(t.Context(), at, "team/app")
	require.NoError(t, err)
	config, err := c.auth.Authorization()
	require.NoError(t, err)
	if config.IdentityToken != "" {
		return config.IdentityToken, c.source
	}
	return config.Username + ":" + config.Password, c.source
}

func TestCredentialsInOrder(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(home, ".docker"), 0o700))
	path := filepath.Join(home, ".docker", "config.json")
	require.NoError(t, os.WriteFile(path, []byte(auths("ghcr.io", "file", "f")), 0o600))
	variables := map[string]string{"GITHUB_TOKEN": "g", "HOME": home, "DOCKER_AUTH_CONFIG": auths("ghcr.io", "env", "e")}
	hosts := map[string]Host{"ghcr.io": {User: "configured", Password: "c"}}
	expect := func(want, wantSource string) {
		t.Helper()
		got, source := found(t, newKeyring(environment(variables)), "ghcr.io", hosts)
		assert.Equal(t, want, got)
		assert.Equal(t, wantSource, source)
	}
	expect("configured:c", "the configuration")
	hosts = nil
	expect("env:e", "DOCKER_AUTH_CONFIG")
	delete(variables, "DOCKER_AUTH_CONFIG")
	expect("file:f", path)
	variables["DOCKER_CONFIG"] = t.TempDir() // without a file; HOME's is then not Docker's
	expect("x-access-token:g", "GITHUB_TOKEN")
	delete(variables, "GITHUB_TOKEN")
	expect(":", "")
}

func TestDockerAuthConfig(t *testing.T) {
	for name, tt := range map[string]struct{ key, registry string }{
		"hub":            {"https://index.docker.io/v1/", "docker.io"},
		"hub by name":    {"docker.io", "docker.io"},
		"host":           {"r.corp:5000", "r.corp:5000"},
		"host as URL":    {"https://r.corp/v2/", "r.corp"},
		"part of a host": {"quay.io/team", "quay.io"},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKeyring(environment(map[string]string{"DOCKER_AUTH_CONFIG": auths(tt.key, "u", "p")}))
			got, _ := found(t, k, tt.registry, nil)
			assert.Equal(t, "u:p", got)
			got, _ = found(t, k, "other.corp", nil)
			assert.Equal(t, ":", got)
		})
	}
	k := newKeyring(environment(map[string]string{"DOCKER_AUTH_CONFIG": auths("quay.io/other", "u", "p")}))
	got, _ := found(t, k, "quay.io", nil)
	assert.Equal(t, ":", got, "another part of the registry")
}

func TestBrokenDockerAuthConfig(t *testing.T) {
	for _, content := range []string{"canary", `{"auths":{"r.corp":{"auth":"canary!"}}}`, `{"auths":"canary"}`} {
		k := newKeyring(environment(map[string]string{"DOCKER_AUTH_CONFIG": content}))
		at, err := locate("r.corp", nil, false)
		require.NoError(t, err)
		_, err = k.lookup(t.Context(), at, "app")
		require.EqualError(t, err, "read credentials in DOCKER_AUTH_CONFIG: not a Docker configuration in JSON form")
	}
}

func TestCredentialHelper(t *testing.T) {
	bin := t.TempDir()
	script := `#!/bin/sh
read server
echo "$server" >> ` + bin + `/asked
case "$server" in
good.corp) echo '{"Username":"u","Secret":"p"}' ;;
https://index.docker.io/v1/) echo '{"Username":"<token>","Secret":"identity"}' ;;
none.corp) echo 'credentials not found in native keychain'; exit 1 ;;
*) echo canary; echo canary >&2; exit 3 ;;
esac
`
	require.NoError(t, os.WriteFile(filepath.Join(bin, "docker-credential-fake"), []byte(script), 0o700))
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	content := `{"credHelpers":{"good.corp":"fake","docker.io":"fake","none.corp":"fake","bad.corp":"fake","gone.corp":"not-installed"}}`
	k := newKeyring(environment(map[string]string{"DOCKER_AUTH_CONFIG": content}))

	for registry, want := range map[string]string{"good.corp": "u:p", "docker.io": "identity", "none.corp": ":", "other.corp": ":"} {
		got, _ := found(t, k, registry, nil)
		assert.Equal(t, want, got, registry)
	}
	for registry, want := range map[string]string{
		"gone.corp": "find docker-credential-not-installed: not in PATH, but credHelpers in DOCKER_AUTH_CONFIG names it for gone.corp; install it, or remove that entry",
		"bad.corp":  "run docker-credential-fake, which credHelpers in DOCKER_AUTH_CONFIG names for bad.corp: exit status 3; try echo bad.corp | docker-credential-fake get",
	} {
		at, err := locate(registry, nil, false)
		require.NoError(t, err)
		_, err = k.lookup(t.Context(), at, "app")
		require.EqualError(t, err, want)
	}
	_, _ = found(t, k, "good.corp", nil)
	asked, err := os.ReadFile(filepath.Join(bin, "asked"))
	require.NoError(t, err)
	assert.Len(t, asked, len("good.corp\nhttps://index.docker.io/v1/\nnone.corp\nbad.corp\n"), "each server once")
}

func TestMissingHelperOfConfigFile(t *testing.T) {
	directory := t.TempDir()
	path := filepath.Join(directory, "config.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"credsStore":"not-installed"}`), 0o600))
	c, err := New(Options{Getenv: environment(map[string]string{"DOCKER_CONFIG": directory})})
	require.NoError(t, err)
	s, err := c.session("r.corp", false)
	require.NoError(t, err)
	_, err = s.repository("app", Pull).held(t.Context())
	require.EqualError(t, err, "find docker-credential-not-installed: not in PATH, but credsStore in "+path+
		" names it for r.corp; install it, or remove that entry")
}

func TestGitLabJob(t *testing.T) {
	variables := map[string]string{"CI_REGISTRY": "registry.corp:5050", "CI_JOB_TOKEN": "j", "CI_REGISTRY_USER": "u", "CI_REGISTRY_PASSWORD": "p"}
	k := newKeyring(environment(variables))
	got, _ := found(t, k, "registry.corp:5050", nil)
	assert.Equal(t, "u:p", got)
	delete(variables, "CI_REGISTRY_PASSWORD")
	got, source := found(t, k, "registry.corp:5050", nil)
	assert.Equal(t, "gitlab-ci-token:j", got)
	assert.Equal(t, "CI_JOB_TOKEN", source)
	got, _ = found(t, k, "registry.corp", nil)
	assert.Equal(t, ":", got, "another port is another registry")
}

// fakeCloud is a keychain that counts.
type fakeCloud struct{ asked []string }

func (f *fakeCloud) Resolve(r authn.Resource) (authn.Authenticator, error) {
	f.asked = append(f.asked, r.RegistryStr())
	return &authn.Basic{Username: "cloud", Password: "c"}, nil
}

func TestCloudsAreAskedForTheirOwnHostsOnly(t *testing.T) {
	own := map[string]string{
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com":     "Amazon ECR",
		"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn": "Amazon ECR",
		"public.ecr.aws":        "Amazon ECR",
		"gcr.io":                "Google Cloud",
		"eu.gcr.io":             "Google Cloud",
		"europe-docker.pkg.dev": "Google Cloud",
		"corp.azurecr.io":       "Azure",
	}
	foreign := []string{"docker.io", "ghcr.io", "localhost:5000", "notgcr.io", "azurecr.io.evil.test", "mcr.microsoft.com",
		"1.dkr.ecr.eu-west-1.amazonaws.com", "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.test"}
	k := newKeyring(environment(nil))
	fakes := map[string]*fakeCloud{}
	for _, cloud := range k.cloud {
		fake := &fakeCloud{}
		fakes[cloud.name] = fake
		cloud.keychain = func() authn.Keychain { return fake }
	}
	for host, name := range own {
		for range 2 {
			got, source := found(t, k, host, nil)
			assert.Equal(t, "cloud:c", got, host)
			assert.Equal(t, name, source)
		}
		assert.Contains(t, fakes[name].asked, host)
	}
	for _, host := range foreign {
		got, _ := found(t, k, host, nil)
		assert.Equal(t, ":", got, host)
	}
	asked := 0
	for _, fake := range fakes {
		asked += len(fake.asked)
	}
	assert.Equal(t, len(own), asked, "once per host")
}
