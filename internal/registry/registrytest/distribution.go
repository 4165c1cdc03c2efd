package registrytest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

// Option changes how a registry is configured.
type Option func(t testing.TB, c *settings)

type settings struct {
	directory string
	auth      string // YAML
	noDelete  bool
	host      Host
}

// WithPassword makes the registry ask for Basic credentials.
func WithPassword(user, password string) Option {
	return func(t testing.TB, c *settings) {
		t.Helper()
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		require.NoError(t, err)
		path := filepath.Join(c.directory, "htpasswd")
		require.NoError(t, os.WriteFile(path, []byte(user+":"+string(hash)+"\n"), 0o600))
		c.auth = fmt.Sprintf("auth:\n  htpasswd:\n    realm: test\n    path: %s\n", path)
		c.host.User, c.host.Password = user, password
	}
}

// WithoutDelete makes the registry refuse to delete anything.
func WithoutDelete() Option {
	return func(_ testing.TB, c *settings) { c.noDelete = true }
}

// WithTokens makes the registry ask for tokens of service.
func WithTokens(service *TokenService) Option {
	return func(t testing.TB, c *settings) {
		t.Helper()
		path := filepath.Join(c.directory, "roots.pem")
		require.NoError(t, os.WriteFile(path, service.certificate, 0o600))
		c.auth = fmt.Sprintf("auth:\n  token:\n    realm: %s\n    service: %s\n    issuer: %s\n    rootcertbundle: %s\n",
			service.URL, serviceName, issuer, path)
		c.host.User, c.host.Password = service.User, service.Password
	}
}

// StartV3 starts distribution v3, with deleting enabled unless told otherwise. The program is the one
// that BASEKEEPER_REGISTRY_V3 names, or registry in PATH; without one the test
// is skipped, but on CI it fails.
func StartV3(t testing.TB, options ...Option) Host {
	t.Helper()
	return start(t, find(t, os.Getenv("BASEKEEPER_REGISTRY_V3"), "registry"), options)
}

// StartV2 starts Debian's docker-registry (distribution 2.8) from PATH, with
// deleting enabled unless told otherwise; without one the test is skipped, but on CI it fails.
func StartV2(t testing.TB, options ...Option) Host {
	t.Helper()
	return start(t, find(t, "docker-registry"), options)
}

func find(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	missing := strings.TrimSpace("no registry to test against: " + strings.Join(names, " "))
	if os.Getenv("CI") != "" {
		t.Fatal(missing + " (a skip on CI is a failure)")
	}
	t.Skip(missing)
	return ""
}

// configuration has no cache of blobs: it would hide what a garbage collection
// took.
const configuration = `version: 0.1
log:
  level: error
  accesslog:
    disabled: true
storage:
  filesystem:
    rootdirectory: %s
  delete:
    enabled: %t
http:
  addr: %s
%s`

func start(t testing.TB, program string, options []Option) Host {
	t.Helper()
	c := &settings{directory: t.TempDir()}
	c.host.Addr = freeAddress(t)
	for _, option := range options {
		option(t, c)
	}
	path := filepath.Join(c.directory, "config.yml")
	c.host.program, c.host.configuration = program, path
	content := fmt.Sprintf(configuration, filepath.Join(c.directory, "data"), !c.noDelete, c.host.Addr, c.auth)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))

	var output bytes.Buffer
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, "serve", path)
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.Env = append(os.Environ(), "OTEL_TRACES_EXPORTER=none")
	require.NoError(t, cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("%s:\n%s", program, output.String())
		}
	})
	await(t, c.host.Addr, ended)
	return c.host
}

func freeAddress(t testing.TB) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, listener.Close()) }()
	return listener.Addr().String()
}

func await(t testing.TB, addr string, ended <-chan struct{}) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/v2/", nil)
		require.NoError(t, err)
		if resp, err := http.DefaultClient.Do(req); err == nil {
			require.NoError(t, resp.Body.Close())
			return
		}
		select {
		case <-ended:
			t.Fatal("the registry ended before it answered")
		case <-time.After(20 * time.Millisecond):
		}
	}
	t.Fatal("the registry does not answer")
}
