package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/cli"
)

// played is a sandbox that runs.
type played struct {
	*program
	Registry string     `json:"registry"`
	GitHub   string     `json:"github_api_url"`
	Token    string     `json:"github_token"`
	end      func() int // as Ctrl-C does; the exit status
}

func startSandbox(t *testing.T, args ...string) *played {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	ended := make(chan int, 1)
	var errs bytes.Buffer
	go func() {
		ended <- cli.Main(ctx, cli.Env{
			Args: append([]string{"sandbox", "--json"}, args...), Stdout: writer, Stderr: &errs,
			Getenv: func(string) string { return "" }, Now: time.Now,
		})
		_ = writer.Close()
	}()
	p := &played{program: newProgram(t)}
	p.end = func() int {
		cancel()
		code := <-ended
		ended <- code // for the next who asks
		assert.Empty(t, errs.String())
		return code
	}
	t.Cleanup(func() { p.end() })
	line, err := bufio.NewReader(reader).ReadBytes('\n')
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(line, p))
	p.env["GITHUB_API_URL"], p.env["GITHUB_TOKEN"] = p.GitHub, p.Token
	return p
}

// bump runs bump on the sandbox's organisation.
func (p *played) bump() string {
	p.t.Helper()
	code, stdout, stderr := p.run(p.t.Context(), "bump", "--organization", "acme")
	require.Equal(p.t, 0, code, "%s\n%s", stdout, stderr)
	return stdout
}

// tag moves a tag as crane does.
func (p *played) tag(from, to string) {
	p.t.Helper()
	ref, err := name.ParseReference(p.Registry + "/" + from)
	require.NoError(p.t, err)
	found, err := remote.Get(ref)
	require.NoError(p.t, err)
	require.NoError(p.t, remote.Tag(ref.Context().Tag(to), found))
}

func (p *played) merge(pull string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPut, p.GitHub+"/repos/"+pull+"/merge", http.NoBody)
	require.NoError(p.t, err)
	req.Header.Set("Authorization", "Bearer "+p.Token)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(p.t, err)
	require.NoError(p.t, resp.Body.Close())
	require.Equal(p.t, http.StatusOK, resp.StatusCode)
}

func TestSandboxIsPlayedWith(t *testing.T) {
	for title, args := range map[string][]string{
		"free ports":     nil,
		"addresses":      {"--registry-addr", "127.0.0.1:0", "--github-addr", "localhost:0"},
		"one address":    {"--registry-addr", "localhost:0"},
		"and an end set": {"--for", "1h"},
	} {
		t.Run(title, func(t *testing.T) {
			p := startSandbox(t, args...)
			assert.Contains(t, p.bump(), "Pull requests: 3 opened.")
			assert.Contains(t, p.bump(), "Pull requests: 3 as it should be.")
			p.tag("base/rhel:next", "7.5")
			assert.Contains(t, p.bump(), "Pull requests: 3 moved on.")
			p.merge("acme/tomcat/pulls/1")
			p.tag("middleware/tomcat:next", "9")
			got := p.bump()
			assert.Contains(t, got, "Pull requests: 2 opened, 2 as it should be.")
			assert.Contains(t, got, p.GitHub+"/acme/shop/pull/1")

			assert.Equal(t, 0, p.end())
			for _, address := range []string{strings.TrimPrefix(p.GitHub, "http://"), p.Registry} {
				_, err := net.Dial("tcp", address)
				assert.Error(t, err, "nothing is left running")
			}
		})
	}
}

func TestSandboxIsEmpty(t *testing.T) {
	assert.Contains(t, startSandbox(t, "--empty").bump(), "No pull request is needed.")
}

func TestSandboxTakesFolders(t *testing.T) {
	registry := startSandbox(t, "--empty")
	s, end, err := newStage(t.Context())
	require.NoError(t, err)
	t.Cleanup(end)
	old, err := s.publish(t.Context(), "debian:12", "one", "linux/amd64")
	require.NoError(t, err)
	_, err = s.publish(t.Context(), "debian:12", "two", "linux/amd64")
	require.NoError(t, err)
	dir := t.TempDir()
	from := "FROM " + s.host + "/debian:12@" + string(old) + "\n"
	writeTo(dir, "app/Dockerfile", from)
	writeTo(dir, "app/.git/Dockerfile", from)
	writeTo(dir, "my service/images/web/Dockerfile", from)
	writeTo(dir, ".hidden/Dockerfile", from)
	writeTo(dir, "Dockerfile", from)
	large := bytes.Repeat([]byte("#"), 10<<20+1)
	writeTo(dir, "large/Dockerfile", string(large))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "nothing"), 0o755))
	require.NoError(t, os.Symlink("/etc", filepath.Join(dir, "app", "link")))

	p := startSandbox(t, "--from", dir)
	got := p.bump()
	assert.Contains(t, got, "Pull requests: 2 opened.")
	assert.Contains(t, got, "acme/app/Dockerfile:1 ")
	assert.Contains(t, got, "acme/my-service/images/web/Dockerfile:1 ")
	assert.NotContains(t, got, "large/")
	assert.NotEqual(t, registry.GitHub, p.GitHub, "two sandboxes do not meet")
	content, err := os.ReadFile(filepath.Join(dir, "app", "Dockerfile"))
	require.NoError(t, err)
	assert.Equal(t, from, string(content), "the folder is only read")
}
