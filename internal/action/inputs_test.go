package action_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/action"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/job"
)

// newKey returns a private key as GitHub writes them.
func newKey(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

func read(t *testing.T, inputs, others map[string]string) (in job.Inputs, log string, err error) {
	t.Helper()
	var out bytes.Buffer
	in, err = action.New(environment(inputs, others), &out).Inputs()
	return in, out.String(), err
}

func TestInputsByDefault(t *testing.T) {
	in, log, err := read(t, nil, nil)
	require.NoError(t, err)
	assert.Empty(t, log)
	assert.Equal(t, job.Inputs{
		Command: job.Auto, FailOn: job.FailOnError, TimeLimit: time.Hour, BumpAuthors: []string{"github-actions[bot]"},
		Directory: ".", CacheFile: ".basekeeper/cache.json",
		ServerURL: "https://github.com", APIURL: "https://api.github.com",
	}, in)
}

func TestInputs(t *testing.T) {
	key := newKey(t)
	in, log, err := read(t, map[string]string{
		"command": "bump", "repositories": "acme/one, acme/two.js\nacme/three\n", "organization": "acme,beta",
		"image": "ghcr.io/acme/base:1@sha256:" + strings.Repeat("1", 64), "dry-run": "true", "verify": "True", "time-limit": "45m",
		"fail-on": "stale", "token": "ghs_token", "app-id": "123", "private-key": strings.ReplaceAll(strings.TrimSpace(key), "\n", `\n`),
		"bump-authors": "acme-bumps[bot]",
		"registries":   "ghcr.io bot one two\n\n# the next is Docker Hub\n  index.docker.io\tme  pass word  \nlocalhost:5000 u password\n",
		"config":       "/github/workspace/ci/keeper.yaml", "working-directory": "services/", "sarif-file": "out.sarif", "cache-file": "c/../cache.json",
		"base-url": "https://github.example.com/",
	}, map[string]string{"GITHUB_SERVER_URL": "https://github.com", "GITHUB_API_URL": "https://api.github.com"})
	require.NoError(t, err)
	assert.Equal(t, job.Inputs{
		Command: job.Bump, Repositories: []string{"acme/one", "acme/two.js", "acme/three"}, Organizations: []string{"acme", "beta"},
		Image:  image.Reference{Registry: "ghcr.io", Repository: "acme/base", Tag: "1"},
		DryRun: true, Verify: true, TimeLimit: 45 * time.Minute, FailOn: job.FailOnStale,
		Token: "ghs_token", AppID: 123, PrivateKey: strings.TrimSpace(key), BumpAuthors: []string{"acme-bumps[bot]"},
		Registries: []job.Login{
			{Host: "ghcr.io", User: "bot", Password: "one two"},
			{Host: "docker.io", User: "me", Password: "pass word"},
			{Host: "localhost:5000", User: "u", Password: "password"},
		},
		Directory: "services", Config: "ci/keeper.yaml", SARIFFile: "out.sarif", CacheFile: "cache.json",
		ServerURL: "https://github.example.com", APIURL: "https://github.example.com/api/v3",
	}, in)

	masked := strings.Split(strings.TrimSpace(log), "\n")
	for _, secret := range []string{"ghs_token", "one two", "pass word", "password"} {
		assert.Contains(t, masked, "::add-mask::"+secret)
	}
	body := strings.Split(strings.TrimSpace(key), "\n")
	for _, line := range body[1 : len(body)-1] {
		assert.Contains(t, masked, "::add-mask::"+line)
	}
	assert.NotContains(t, log, "BEGIN", "the frame of keys is no secret")
}

func TestInputErrors(t *testing.T) {
	const secret = "s3cret-value"
	tests := map[string]struct {
		inputs map[string]string
		want   string
	}{
		"command":            {map[string]string{"command": "destroy"}, `input command: "destroy" is none of auto, check, bump, on-merge`},
		"fail-on":            {map[string]string{"fail-on": "sometimes"}, `input fail-on: "sometimes" is none of error, none, gone, stale`},
		"dry-run":            {map[string]string{"dry-run": "yes"}, `input dry-run: "yes" is neither true nor false`},
		"repositories":       {map[string]string{"repositories": "acme/one;rm"}, `input repositories: "acme/one;rm": want owner/name, separated by commas or lines`},
		"dots":               {map[string]string{"repositories": "acme/.."}, "input repositories: "},
		"organization":       {map[string]string{"organization": "acme/one"}, "input organization: "},
		"image":              {map[string]string{"image": "Debian"}, `input image: parse image reference "Debian"`},
		"long image":         {map[string]string{"image": strings.Repeat("a", 2000)}, "shorter than 1024"},
		"bump-authors":       {map[string]string{"bump-authors": "a[b]"}, "input bump-authors: "},
		"app without key":    {map[string]string{"app-id": "1"}, "input private-key: an app-id needs"},
		"key without app":    {map[string]string{"private-key": secret}, "input app-id: a private-key needs the App's id"},
		"app's number":       {map[string]string{"app-id": secret, "private-key": secret}, "input app-id: want the App's number"},
		"no key":             {map[string]string{"app-id": "1", "private-key": secret}, "input private-key: want the whole file"},
		"two fields":         {map[string]string{"registries": "ghcr.io user p\nghcr.io " + secret}, "input registries: line 2: want a host, a user and a password"},
		"no host":            {map[string]string{"registries": "ghcr user " + secret}, "input registries: line 1: want a registry's host first"},
		"host twice":         {map[string]string{"registries": "docker.io u " + secret + "\nindex.docker.io u " + secret}, "line 2: its host is there already"},
		"path above":         {map[string]string{"config": "a/../../etc/passwd"}, `input config: "a/../../etc/passwd" is not in the workspace`},
		"absolute path":      {map[string]string{"sarif-file": "/home/runner/work/_temp/x"}, "is not in the workspace, which is all that"},
		"the workspace's up": {map[string]string{"working-directory": ".."}, "input working-directory: "},
		"neighbour":          {map[string]string{"cache-file": "/github/workspace2/x"}, "input cache-file: "},
		"base-url":           {map[string]string{"base-url": "github.example.com"}, "input base-url: "},
		"time-limit":         {map[string]string{"time-limit": "soon"}, `input time-limit: "soon" is no time such as 45m`},
		"no time":            {map[string]string{"time-limit": "-1h"}, "input time-limit: "},
		"two places":         {map[string]string{"in-place": "true", "organization": "acme"}, "input in-place: the files of the workspace are changed, or"},
		"plain HTTP":         {map[string]string{"base-url": "http://github.example.com"}, "input base-url: "},
		"login in URL":       {map[string]string{"base-url": "https://user:pass@github.example.com"}, "input base-url: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in, log, err := read(t, tt.inputs, nil)
			require.ErrorContains(t, err, tt.want)
			assert.NotContains(t, err.Error(), secret)
			assert.Equal(t, job.Inputs{}, in)
			for value := range strings.SplitSeq(strings.Join([]string{tt.inputs["registries"], tt.inputs["private-key"]}, "\n"), "\n") {
				if strings.Contains(value, secret) {
					assert.Contains(t, log, "::add-mask::"+secret+"\n", "what is wrong is masked all the same")
				}
			}
		})
	}
	_, _, err := read(t, map[string]string{"command": "x", "fail-on": "y"}, nil)
	assert.Len(t, strings.Split(err.Error(), "\n"), 2, "every mistake is said at once")
}

func TestInPlace(t *testing.T) {
	in, _, err := read(t, map[string]string{"in-place": "TRUE"}, nil)
	require.NoError(t, err)
	assert.True(t, in.InPlace)
}

func TestWhereGitHubIs(t *testing.T) {
	tests := map[string]struct{ input, server, api, wantServer, wantAPI string }{
		"nothing said":     {"", "", "", "https://github.com", "https://api.github.com"},
		"the runner's":     {"", "https://ghes.example.com", "https://ghes.example.com/api/v3", "https://ghes.example.com", "https://ghes.example.com/api/v3"},
		"another GitHub":   {"https://ghes.example.com", "https://github.com", "https://api.github.com", "https://ghes.example.com", "https://ghes.example.com/api/v3"},
		"data residency":   {"https://acme.ghe.com", "", "", "https://acme.ghe.com", "https://api.acme.ghe.com"},
		"on this machine":  {"http://127.0.0.1:8080", "", "", "http://127.0.0.1:8080", "http://127.0.0.1:8080/api/v3"},
		"IPv6":             {"http://[::1]:8080", "", "", "http://[::1]:8080", "http://[::1]:8080/api/v3"},
		"a broken API URL": {"", "https://ghes.example.com", "http://ghes.example.com/api/v3", "https://ghes.example.com", "https://ghes.example.com/api/v3"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in, _, err := read(t, map[string]string{"base-url": tt.input}, map[string]string{"GITHUB_SERVER_URL": tt.server, "GITHUB_API_URL": tt.api})
			require.NoError(t, err)
			assert.Equal(t, tt.wantServer, in.ServerURL)
			assert.Equal(t, tt.wantAPI, in.APIURL)
		})
	}
}
