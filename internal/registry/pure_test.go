package registry

import (
	"context"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCheckRealm(t *testing.T) {
	tests := map[string]struct {
		host, realm string
		plain       bool
		also        []string
		want        string // part of the error, empty where allowed
	}{
		"own":                 {host: "ghcr.io", realm: "https://ghcr.io/token"},
		"own, other port":     {host: "r.corp:5000", realm: "https://r.corp/token"},
		"own, other case":     {host: "r.corp", realm: "https://R.corp/token"},
		"docker hub":          {host: "index.docker.io", realm: "https://auth.docker.io/token"},
		"gitlab.com":          {host: "registry.gitlab.com", realm: "https://gitlab.com/jwt/auth"},
		"google":              {host: "europe-docker.pkg.dev", realm: "https://europe-docker.pkg.dev/v2/token"},
		"configured":          {host: "r.corp", realm: "https://auth.corp:8443/", also: []string{"", "auth.corp"}},
		"configured port":     {host: "r.corp", realm: "https://auth.corp:8443/", also: []string{"auth.corp:8443"}},
		"another port":        {host: "r.corp", realm: "https://auth.corp:1/", also: []string{"auth.corp:8443"}, want: "set token-service"},
		"foreign":             {host: "r.corp", realm: "https://evil.test/", want: `r.corp names "evil.test" as its token service`},
		"foreign for hub":     {host: "index.docker.io", realm: "https://docker.io.evil.test/", want: "docker.io names"},
		"known, other's":      {host: "r.corp", realm: "https://auth.docker.io/token", want: "set token-service"},
		"suffix":              {host: "r.corp", realm: "https://notr.corp/", want: "set token-service"},
		"http":                {host: "r.corp", realm: "http://r.corp/", want: "not https"},
		"http, plain allowed": {host: "r.corp", realm: "http://r.corp/", plain: true},
		"file":                {host: "r.corp", realm: "file://r.corp/etc", plain: true, want: "not https"},
		"userinfo":            {host: "r.corp", realm: "https://canary:x@r.corp/", want: "holds credentials"},
		"nothing":             {host: "r.corp", realm: "", want: "no URL"},
		"empty allowance":     {host: "r.corp", realm: "https:///token", also: []string{""}, want: "no URL"},
		"control characters":  {host: "r.corp", realm: "https://r.corp\n/canary", want: "no URL"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := checkRealm(tt.host, tt.realm, tt.plain, tt.also...)
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
			assert.NotContains(t, err.Error(), "canary")
		})
	}
}

func TestIsPrivate(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "127.1", "2130706433", "0x7f000001", "[::1]:443", "10.0.0.1:80", "169.254.169.254",
		"fd00:ec2::254", "fe80::1%eth0", "localhost:5000", "a.localhost", "::ffff:10.0.0.1", "0.0.0.0"} {
		assert.True(t, isPrivate(host), host)
	}
	for _, host := range []string{"ghcr.io", "r.corp:5000", "8.8.8.8", "[2001:4860:4860::8888]:443", "3scale.io"} {
		assert.False(t, isPrivate(host), host)
	}
}

func TestLocate(t *testing.T) {
	hosts := map[string]Host{
		"docker.io":        {Mirror: "mirror.corp:8443/hub/"},
		"mirror.corp:8443": {User: "u", Password: "p", CA: []byte("ca")},
	}
	at, err := locate("docker.io", hosts, false)
	require.NoError(t, err)
	assert.Equal(t, "mirror.corp:8443", at.host())
	assert.Equal(t, "hub/", at.prefix)
	assert.Equal(t, "u", at.config.User)
	assert.Equal(t, []byte("ca"), at.config.CA)

	at, err = locate("docker.io", nil, false)
	require.NoError(t, err)
	assert.Equal(t, "index.docker.io", at.host())
	assert.Equal(t, "docker.io", familiarHost(at.host()))
}

func TestServerKey(t *testing.T) {
	for key, want := range map[string]string{
		"https://index.docker.io/v1/": "index.docker.io",
		"docker.io":                   "index.docker.io",
		"registry-1.docker.io":        "index.docker.io",
		"https://ghcr.io":             "ghcr.io",
		"http://r.corp:5000/v2/":      "r.corp:5000",
		"quay.io/team":                "quay.io/team",
	} {
		assert.Equal(t, want, serverKey(key), key)
	}
}

func TestAdvice(t *testing.T) {
	for registry, want := range map[string]string{
		"docker.io":             "run docker login docker.io",
		"ghcr.io":               "or GITHUB_TOKEN with packages: read",
		"public.ecr.aws":        "ecr:GetAuthorizationToken",
		"europe-docker.pkg.dev": "Google application default credentials",
		"corp.azurecr.io":       "AcrPull",
	} {
		c, err := New(Options{})
		require.NoError(t, err)
		for _, cloud := range c.keys.cloud {
			cloud.keychain = func() authn.Keychain { return authn.NewMultiKeychain() } // always anonymous
		}
		s, err := c.session(registry, false)
		require.NoError(t, err)
		assert.Contains(t, s.repository("app", Pull).advice(), want)
	}
}

func TestMemo(t *testing.T) {
	m := newMemo[int]()
	calls := 0
	compute := func(context.Context) (int, error) { calls++; return calls, nil }
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := m.get(ended, func(ctx context.Context) (int, error) { return 0, ctx.Err() })
	require.ErrorIs(t, err, context.Canceled)
	for range 2 {
		got, err := m.get(t.Context(), compute)
		require.NoError(t, err)
		assert.Equal(t, 1, got, "a cut computation is not remembered, a whole one is")
	}
	m.forget(t.Context(), func(n int) bool { return n == 7 })
	m.forget(t.Context(), func(n int) bool { return n == 1 })
	got, err := m.get(t.Context(), compute)
	require.NoError(t, err)
	assert.Equal(t, 2, got)
}
