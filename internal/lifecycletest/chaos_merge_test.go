package lifecycletest

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
	hub "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// Wherever the run after a merge is killed, what was published before the merge
// has its version in the end, and only that.
func TestChaosKilledOnMerge(t *testing.T) {
	const token = "ghp_chaos0123456789"
	url, number := mergedBump(t, token)
	host := registrytest.StartV3(t)
	s := shopShelf(t, host)
	third := s.at("latest")
	_, err := s.store().UpdateLedger(t.Context(), s.ref(), func(l ledger.Ledger) (ledger.Ledger, error) {
		return l.See("latest", third, chaosNow), nil
	})
	require.NoError(t, err)
	s.image("latest", "built from the merge")
	dir := t.TempDir()
	killing{
		host: host, from: s.name, now: chaosNow.Add(2 * time.Hour),
		env: map[string]string{"GITHUB_TOKEN": token, "GITHUB_API_URL": url, "HOME": dir},
		args: func(repository string) []string {
			file := filepath.Join(dir, strings.NewReplacer("/", "-", ":", "-").Replace(repository)+".yaml")
			content := "images:\n  - image: " + repository + "\n    repository: acme/shop\n"
			require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
			return []string{"on-merge", fmt.Sprintf("acme/shop#%d", number), "--config", file, "--concurrency", "1"}
		},
	}.everywhere(t)
	assert.Equal(t, third, shelf{t, host, s.name + "-uncut/app"}.at("v3"))
}

// mergedBump is a GitHub whose acme/shop had the bump of its base merged an hour
// after chaosNow, and the bump's number.
func mergedBump(t *testing.T, token string) (url string, number int) {
	t.Helper()
	github := hub.New(hub.Options{Now: func() time.Time { return chaosNow.Add(time.Hour) }})
	server := httptest.NewServer(github.Handler())
	t.Cleanup(server.Close)
	github.AddOrganization("acme")
	github.AddToken(token, hub.Token{Login: "keeper", Kind: hub.UserToken})
	bases := registrytest.StartMemory(t)
	old := registrytest.Push(t, bases, "base/rhel", "9")
	require.NoError(t, github.CreateRepository("acme/shop", hub.RepositoryOptions{}, hub.File{
		Path: "Dockerfile", Content: fmt.Appendf(nil, "FROM %s/base/rhel:9@%s\n", bases.Addr, old.Digest),
	}))
	registrytest.Push(t, bases, "base/rhel", "9")
	chaosOK(t, chaosNow.Add(time.Hour), map[string]string{"GITHUB_TOKEN": token, "GITHUB_API_URL": server.URL, "HOME": t.TempDir()}, "bump", "--organization", "acme")
	pulls := github.PullRequests("acme/shop")
	require.Len(t, pulls, 1)
	require.NoError(t, github.Merge("acme/shop", pulls[0].Number, "ada"))
	return server.URL, pulls[0].Number
}
