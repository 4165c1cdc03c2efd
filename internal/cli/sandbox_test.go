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
	Registry string     // in references
	address  string     // of the forge's API, or of GitLab
	token    string     // for it
	forge    playground // where it is
	end      func() int // as Ctrl-C does; the exit status
}

// playground is what there is to know of a sandbox's forge.
type playground struct {
	name   string   // for --forge
	scope  []string // flags for what is acme's
	pulls  string   // at the beginning of a sentence
	merge  string   // path that merges tomcat's first
	second string   // path of the page of shop's first
}

var playgrounds = []playground{
	{"github", []string{"--organization", "acme"}, "Pull requests", "/repos/acme/tomcat/pulls/1/merge", "/acme/shop/pull/1"},
	{"gitlab", []string{"--group", "acme"}, "Merge requests", "/api/v4/projects/acme%2Ftomcat/merge_requests/1/merge", "/acme/apps/shop/-/merge_requests/1"},
}

func startSandbox(t *testing.T, on playground, args ...string) *played {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	ended := make(chan int, 1)
	var errs bytes.Buffer
	go func() {
		ended <- cli.Main(ctx, cli.Env{
			Args: append([]string{"sandbox", "--json", "--forge", on.name}, args...), Stdout: writer, Stderr: &errs,
			Getenv: func(string) string { return "" }, Now: time.Now,
		})
		_ = writer.Close()
	}()
	p := &played{program: newProgram(t), forge: on}
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
	p.read(line)
	return p
}

// read takes what a sandbox says: its values go by the names of variables.
func (p *played) read(line []byte) {
	p.t.Helper()
	said := map[string]string{}
	require.NoError(p.t, json.Unmarshal(line, &said))
	p.Registry = said["registry"]
	for name, value := range said {
		switch {
		case strings.HasSuffix(name, "_url"):
			p.address = value
			p.env[strings.ToUpper(name)] = value
		case strings.HasSuffix(name, "_token"):
			p.token = value
			p.env[strings.ToUpper(name)] = value
		}
	}
}

// bump runs bump on what is the sandbox's acme's.
func (p *played) bump() string {
	p.t.Helper()
	code, stdout, stderr := p.run(p.t.Context(), append([]string{"bump"}, p.forge.scope...)...)
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

// merge merges tomcat's first as curl would.
func (p *played) merge() {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPut, p.address+p.forge.merge, http.NoBody)
	require.NoError(p.t, err)
	req.Header.Set("Authorization", "Bearer "+p.token)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(p.t, err)
	require.NoError(p.t, resp.Body.Close())
	require.Equal(p.t, http.StatusOK, resp.StatusCode)
}

func TestSandboxIsPlayedWith(t *testing.T) {
	for _, on := range playgrounds {
		for title, args := range map[string][]string{
			"free ports":     nil,
			"addresses":      {"--registry-addr", "127.0.0.1:0", "--" + on.name + "-addr", "localhost:0"},
			"one address":    {"--registry-addr", "localhost:0"},
			"and an end set": {"--for", "1h"},
		} {
			t.Run(on.name+" "+title, func(t *testing.T) { play(t, startSandbox(t, on, args...)) })
		}
	}
}

// play does with a sandbox what it is for.
func play(t *testing.T, p *played) {
	t.Helper()
	said := func(what string) string { return p.forge.pulls + ": " + what }
	assert.Contains(t, p.bump(), said("3 opened."))
	assert.Contains(t, p.bump(), said("3 as it should be."))
	p.tag("base/rhel:next", "7.5")
	assert.Contains(t, p.bump(), said("3 moved on."))
	p.merge()
	p.tag("middleware/tomcat:next", "9")
	got := p.bump()
	assert.Contains(t, got, said("2 opened, 2 as it should be."))
	assert.Contains(t, got, p.address+p.forge.second)

	assert.Equal(t, 0, p.end())
	for _, address := range []string{strings.TrimPrefix(p.address, "http://"), p.Registry} {
		_, err := net.Dial("tcp", address)
		assert.Error(t, err, "nothing is left running")
	}
}

func TestSandboxIsEmpty(t *testing.T) {
	for _, on := range playgrounds {
		noun := strings.ToLower(strings.TrimSuffix(on.pulls, "s"))
		assert.Contains(t, startSandbox(t, on, "--empty").bump(), "No "+noun+" is needed.")
	}
}

func TestSandboxTakesFolders(t *testing.T) {
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

	addresses := map[string]bool{}
	for _, on := range playgrounds {
		p := startSandbox(t, on, "--from", dir)
		got := p.bump()
		assert.Contains(t, got, on.pulls+": 2 opened.")
		assert.Contains(t, got, "acme/app/Dockerfile:1 ")
		assert.Contains(t, got, "acme/my-service/images/web/Dockerfile:1 ")
		assert.NotContains(t, got, "large/")
		addresses[p.address] = true
	}
	assert.Len(t, addresses, len(playgrounds), "two sandboxes do not meet")
	content, err := os.ReadFile(filepath.Join(dir, "app", "Dockerfile"))
	require.NoError(t, err)
	assert.Equal(t, from, string(content), "the folder is only read")
}
